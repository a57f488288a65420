"""A worker process for small tasks, whose functions and answers are pickled."""

from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from dlbench.errors import DlbenchError

if TYPE_CHECKING:
    from dlbench.executors.processes import Worker

Answer = TypeVar("Answer")


class WorkerTraceback(Exception):  # noqa: N818  # the text of a traceback, as the cause of an error
    """Where in the worker an error was raised."""


class TaskWorker:
    """A worker process that the first call starts. stop: set to give up waiting for an answer."""

    def __init__(self, stop: Event) -> None:
        self.stop = stop
        self._worker: Worker | None = None

    def call(
        self, function: Callable[..., Answer], *arguments: Any, report: Callable[[int, int], None] | None = None
    ) -> Answer:
        """Return what a function of an importable module returns in the worker, or raise what it raises.

        report: called here with what the function passes to its own keyword `report`: how much is done, and of how
        much. Raises KeyboardInterrupt once `stop` is set.
        """
        try:
            answer, error, trace = self._ask(function, arguments, report)
        except (EOFError, OSError) as lost:
            if not (self._worker and self._worker.lost_server):
                raise self._lost() from lost
            self.end()  # a task may be done again, in a worker of another server
            try:
                answer, error, trace = self._ask(function, arguments, report)
            except (EOFError, OSError) as again:
                raise self._lost() from again
        if error:
            raise error from WorkerTraceback(f"\n{trace}")
        result: Answer = answer
        return result

    def _ask(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        report: Callable[[int, int], None] | None,
    ) -> tuple[Any, Exception | None, str]:
        """Return what serve_tasks answers; raises EOFError or OSError if the worker dies meanwhile."""
        from dlbench.executors.processes import Worker
        from dlbench.executors.worker import Done, serve_tasks

        self._worker = self._worker or Worker(serve_tasks)
        self._worker.connection.send((function, arguments, report is not None))
        while isinstance(answered := self._receive(self._worker), Done):
            if report:
                report(answered.done, answered.total)
        answer: tuple[Any, Exception | None, str] = answered
        return answer

    def _receive(self, worker: "Worker") -> Any:
        while not worker.connection.poll(0.05):
            if self.stop.is_set():
                raise KeyboardInterrupt
        return worker.connection.recv()

    def _lost(self) -> DlbenchError:
        """Return the error of a worker that has died, and forget it."""
        from dlbench.executors.endings import describe_exit

        code = self.end()
        return DlbenchError(f"A task could not be finished: {describe_exit(code or 0)[1]}.")

    def end(self) -> int | None:
        """Kill the worker, if one was started, and return its exit code."""
        worker, self._worker = self._worker, None
        if worker is None:
            return None
        worker.end()
        return worker.exit_code
