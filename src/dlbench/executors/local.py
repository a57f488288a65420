"""The local executor: work units in worker processes on this machine; a worker's death costs only its own trial."""

import json
import os
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, ClassVar

from dlbench.executors.endings import describe_exit
from dlbench.executors.memory import out_of_memory_kills
from dlbench.executors.output_log import ENDLESS_BYTES, OutputLog
from dlbench.executors.processes import PRELOADED, Worker
from dlbench.executors.scratch import scratch_subfolder
from dlbench.executors.worker import serve_units
from dlbench.plans.config import default_data_dir
from dlbench.trials.events import Emit, Event, TrialFinished, event_from_json
from dlbench.trials.trial_record import Status, TrialRecord
from dlbench.trials.work_unit import WorkUnit

#: How often running units are checked.
_CHECK_SECONDS = 0.1
#: How long to wait for the second of two signs that a worker has ended: the end of its pipe, and its exit code.
_GRACE_SECONDS = 5.0
#: How long a worker may take to end after SIGTERM at its time limit.
_TERMINATE_SECONDS = 3.0
#: How long units may take to save a checkpoint after they are asked to stop.
_STOP_SECONDS = 60.0
#: How often a unit is begun whose worker dies before its first message, which is no component's doing.
_TRIES = 3

Message = tuple[Worker, dict[str, Any]]


@dataclass(eq=False)
class _RunningUnit:
    """A unit that a worker has been given.

    unit: what runs.
    tries: how often it was begun, this time included.
    worker: where it runs.
    log: what it prints.
    kills_before: out-of-memory kills before it began.
    recorded: the trials with a record.
    begun: when its first message came.
    terminated: when it was sent SIGTERM.
    closed: when its pipe ended.
    exited: when its process was first seen to have ended.
    ending: the status and the message of its trials without a record, where already known.
    """

    unit: WorkUnit
    tries: int
    worker: Worker
    log: OutputLog
    kills_before: int
    recorded: set[str] = field(default_factory=set)
    begun: float | None = None
    terminated: float | None = None
    closed: float | None = None
    exited: float | None = None
    ending: tuple[Status, str] | None = None

    def is_done(self) -> bool:
        """Return whether its worker has ended and nothing more will arrive from it."""
        if self.exited is None and self.worker.exit_code is not None:
            self.exited = time.monotonic()
        return self.exited is not None and (self.closed is not None or _passed(self.exited))


def _passed(start: float | None, seconds: float = _GRACE_SECONDS) -> bool:
    return start is not None and time.monotonic() - start > seconds


class LocalExecutor:
    """Worker processes on this machine.

    jobs: how many at once; None for one per core. data_dir: where workers find data sets by digest. timeout: seconds
    for each trial. engine: "module:function" of what a worker calls to run a unit, as dlbench.run_unit is called;
    preloaded: the modules that it needs.
    """

    engine: ClassVar[str] = "dlbench.engine.work_unit:run_unit"
    preloaded: ClassVar[tuple[str, ...]] = PRELOADED

    def __init__(self, jobs: int | None = None, data_dir: str | None = None, timeout: float | None = None) -> None:
        self.jobs = jobs or available_cores()
        self.data_dir = Path(data_dir) if data_dir else default_data_dir()
        self.timeout = timeout

    def slots(self) -> int:
        """Return how many units run at once."""
        return self.jobs

    def run(self, units: Iterable[WorkUnit], emit: Emit, stop: threading.Event) -> None:
        """Run all units, emit their events and return when all have ended.

        A trial whose worker died is emitted as failed, with what the worker had printed. Once `stop` is set no unit
        begins, and the running ones save a checkpoint and end.
        """
        with scratch_subfolder() as scratch:
            _Run(self, units, emit, scratch).run(stop)


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Run:
    """One call of run(): the running units, the idle workers, and the one queue of everything that arrives."""

    def __init__(self, executor: LocalExecutor, units: Iterable[WorkUnit], emit: Emit, scratch: Path) -> None:
        self.executor = executor
        self.units = iter(units)
        self.emit = emit
        self.scratch = scratch
        self.queue: SimpleQueue[Message] = SimpleQueue()
        self.idle: list[Worker] = []
        self.running: dict[Worker, _RunningUnit] = {}
        self.again: deque[tuple[WorkUnit, int]] = deque()
        self.count = 0
        self.checked = 0.0
        self.stopping: float | None = None

    def run(self, stop: threading.Event) -> None:
        """Begin the units in their order, and handle what arrives until all have ended."""
        try:
            self._until_done(stop)
        except KeyboardInterrupt:
            if not stop.is_set():  # a script's first Ctrl-C; the command sets `stop` instead, and raises at the second
                stop.set()
                self._until_done(stop)
            raise
        finally:
            for worker in (*self.idle, *self.running):
                worker.kill()
            for worker in (*self.idle, *self.running):
                worker.end()

    def _until_done(self, stop: threading.Event) -> None:
        while True:
            if stop.is_set() and self.stopping is None:
                self._ask_to_stop()
            if self.stopping is None and len(self.running) < self.executor.jobs and (following := self._next()):
                self._begin(*following)
                continue
            if not self.running or _passed(self.stopping, _STOP_SECONDS):
                return
            self._wait()

    def _next(self) -> tuple[WorkUnit, int] | None:
        """Return what begins next, and its try. Units are asked for no sooner: others may take some meanwhile."""
        if self.again:
            return self.again.popleft()
        unit = next(self.units, None)
        return None if unit is None else (unit, 1)

    def _begin(self, unit: WorkUnit, tries: int) -> None:
        self.count += 1
        worker, log = self._worker(), OutputLog(self.scratch / f"{self.count}.log")
        self.running[worker] = _RunningUnit(unit, tries, worker, log, out_of_memory_kills())
        _send(worker, {"unit": unit.to_json(), "log": str(log.path)})

    def _worker(self) -> Worker:
        """Return an idle worker, or a new one."""
        while self.idle:
            worker = self.idle.pop()
            if worker.exit_code is None:
                return worker
            worker.end()
        executor = self.executor
        worker = Worker(serve_units, executor.engine, str(executor.data_dir), preloaded=executor.preloaded)
        threading.Thread(target=_read, args=(worker, self.queue), daemon=True).start()
        return worker

    def _wait(self) -> None:
        """Handle the next message, if one arrives soon, and check the running units every so often."""
        with suppress(Empty):
            self._handle(*self.queue.get(timeout=_CHECK_SECONDS))
        if _passed(self.checked, _CHECK_SECONDS):
            self.checked = time.monotonic()
            for state in list(self.running.values()):
                self._check(state)

    def _handle(self, worker: Worker, message: dict[str, Any]) -> None:
        state = self.running.get(worker)
        if state is None:
            return
        match message["kind"]:
            case "begun":
                state.begun = time.monotonic()
            case "over":
                state.ending = state.ending or ("failed", message["error"] or "the worker ended without a record")
                self.idle.append(worker)
                self._finish(state)
            case "closed":
                state.closed = time.monotonic()
            case _:
                self._forward(event_from_json(message), state)

    def _forward(self, event: Event, state: _RunningUnit) -> None:
        if isinstance(event, TrialFinished):
            state.recorded.add(event.record.trial_id)
            event = TrialFinished(record=replace(event.record, log=state.log.text() + event.record.log))
        self.emit(event)

    def _check(self, state: _RunningUnit) -> None:
        """Keep a unit's log small; end a unit that prints without end, takes too long or has lost its pipe."""
        state.log.trim()
        if state.log.endless and not state.ending:
            state.ending = ("failed", f"killed after printing more than {ENDLESS_BYTES // 2**20} MiB")
            state.worker.kill()
        limit = self.executor.timeout
        if limit and not state.ending and _passed(state.begun, limit * len(state.unit.trials)):
            state.ending = ("timeout", f"not finished after {limit:g} s")
            state.terminated = time.monotonic()
            state.worker.terminate()
        if _passed(state.terminated, _TERMINATE_SECONDS) or _passed(state.closed):
            state.worker.kill()
        if state.is_done():
            state.worker.end()
            self._finish(state)

    def _finish(self, state: _RunningUnit) -> None:
        """Remove a finished unit; its trials without a record have failed, or are tried again."""
        del self.running[state.worker]
        if self.stopping:
            return
        if state.begun is None and state.tries < _TRIES:
            self.again.append((state.unit, state.tries + 1))
        else:
            self._fail(state)

    def _fail(self, state: _RunningUnit) -> None:
        """Emit the failure of the trials that have no record."""
        memory_ran_out = out_of_memory_kills() > state.kills_before
        status, message = state.ending or describe_exit(state.worker.exit_code or 0, memory_ran_out=memory_ran_out)
        for trial in state.unit.trials:
            if trial.trial_id not in state.recorded:
                record = TrialRecord(trial=trial, status=status, message=message, log=state.log.text())
                self.emit(TrialFinished(record=record))

    def _ask_to_stop(self) -> None:
        """Begin nothing more, and let the running units save a checkpoint."""
        self.stopping = time.monotonic()
        for worker in self.running:
            _send(worker, "stop")


def _send(worker: Worker, content: Any) -> None:
    with suppress(OSError):  # a worker that has died is noticed by its exit code
        worker.connection.send_bytes(json.dumps(content).encode())


def _read(worker: Worker, queue: "SimpleQueue[Message]") -> None:
    """Put a worker's messages into the queue, and their end. They are JSON: nothing of a worker is unpickled."""
    with suppress(EOFError, OSError, ValueError, TypeError):
        while True:
            queue.put((worker, json.loads(worker.connection.recv_bytes())))
    queue.put((worker, {"kind": "closed"}))
