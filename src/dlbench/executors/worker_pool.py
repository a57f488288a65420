"""The workers that wait for a unit."""

import threading
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from queue import SimpleQueue
from weakref import WeakKeyDictionary

from dlbench.executors.messages import Received, read_messages
from dlbench.executors.processes import Worker, no_room

Message = tuple[Worker, Received]


class WorkerPool:
    """Idle workers, by the variables that they were started with: what sees a GPU sees that one for good.

    start: makes a worker with such variables.
    queue: gets what all workers send.
    numbers: a number for each unit.
    """

    def __init__(self, start: Callable[[Mapping[str, str]], Worker]) -> None:
        self._start = start
        self.queue: SimpleQueue[Message] = SimpleQueue()
        self.numbers = count(1)
        self._variables: WeakKeyDictionary[Worker, Mapping[str, str]] = WeakKeyDictionary()
        self._idle: list[Worker] = []

    def take(self, variables: Mapping[str, str]) -> Worker:
        """Return an idle worker that fits, or a new one, for which one that does not fit is ended."""
        for worker in [each for each in reversed(self._idle) if self._variables[each] == variables]:
            self._idle.remove(worker)
            if worker.exit_code is None:
                return worker
            worker.end()
        if self._idle:
            self._idle.pop(0).end()
        worker = self._start(variables)
        try:
            threading.Thread(target=_read, args=(worker, self.queue), daemon=True).start()
        except RuntimeError as error:
            worker.end()
            raise no_room("thread") from error
        self._variables[worker] = variables
        return worker

    def keep(self, worker: Worker) -> None:
        """Keep a worker for another unit."""
        self._idle.append(worker)

    def dismiss(self, worker: Worker) -> None:
        """End a worker, if it is idle."""
        if worker in self._idle:
            self._idle.remove(worker)
            worker.end()

    def end_all(self, running: Iterable[Worker] = ()) -> None:
        """End the idle workers and those that run."""
        workers = (*self._idle, *running)
        self._idle.clear()
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.end()


def _read(worker: Worker, queue: SimpleQueue[Message]) -> None:
    """Put a worker's messages into the queue, and their end."""
    for received in read_messages(worker.connection):
        queue.put((worker, received))
