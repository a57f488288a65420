"""The local executor: work units in worker processes on this machine, a trial's death costing that trial alone."""

import os
import signal
import tempfile
import threading
from collections.abc import Iterable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty
from typing import Any

from pebble import ProcessExpired, ProcessPool

from dlbench.config import default_data_dir
from dlbench.executors.mailbox import Mailbox
from dlbench.executors.processes import make_pool
from dlbench.executors.worker import work
from dlbench.trial import Emit, Event, Status, TrialFinished, TrialRecord, WorkUnit, event_from_json

_LOG_BYTES = 64 * 1024
_GRACE_SECONDS = 2.0


@dataclass
class _Progress:
    """How far one unit is: which of its trials have a record, and whether its worker and its messages are through."""

    unit: WorkUnit
    log: Path
    recorded: set[str] = field(default_factory=set)
    started: bool = False
    drained: bool = False
    settled: bool = False
    error: BaseException | None = None


class LocalExecutor:
    """Worker processes on this machine.

    jobs: how many at once; None for one a core. data_dir: where workers find data sets by digest.
    """

    def __init__(self, jobs: int | None = None, data_dir: str | None = None) -> None:
        self.jobs = jobs or available_cores()
        self.data_dir = Path(data_dir) if data_dir else default_data_dir()

    def slots(self) -> int:
        """Return how many units run at once."""
        return self.jobs

    def run(self, units: Iterable[WorkUnit], emit: Emit, stop: threading.Event) -> None:
        """Run all units and emit their events; return when all are through, or soon after `stop` is set.

        A trial whose worker died is emitted as failed, with what the worker had printed.
        """
        pool = make_pool(self.jobs)
        try:
            with tempfile.TemporaryDirectory(prefix="dlbench-") as scratch, Mailbox() as mailbox:
                _Run(pool, mailbox, emit, self.data_dir, Path(scratch)).run(tuple(units), stop)
        finally:
            pool.stop()
            pool.join()


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Run:
    """One call of run(): the units under way and the one queue that everything about them arrives in."""

    def __init__(self, pool: ProcessPool, mailbox: Mailbox, emit: Emit, data_dir: Path, scratch: Path) -> None:
        self.pool = pool
        self.mailbox = mailbox
        self.emit = emit
        self.data_dir = data_dir
        self.scratch = scratch
        self.progress: dict[int, _Progress] = {}

    def run(self, units: tuple[WorkUnit, ...], stop: threading.Event) -> None:
        """Submit every unit, then handle what arrives until all are through."""
        futures = [self._submit(number, unit) for number, unit in enumerate(units)]
        while self.progress and not stop.is_set():
            with suppress(Empty):
                self._handle(*self.mailbox.queue.get(timeout=0.1))
            for number in [number for number, state in self.progress.items() if _through(state)]:
                self._finish(self.progress.pop(number))
        for future in futures:
            future.cancel()

    def _submit(self, number: int, unit: WorkUnit) -> "Future[None]":
        log = self.scratch / f"{number}.log"
        self.progress[number] = _Progress(unit, log)
        arguments = (unit.to_json(), number, str(self.data_dir), self.mailbox.address, self.mailbox.key, str(log))
        future: Future[None] = self.pool.schedule(work, args=arguments)
        future.add_done_callback(lambda done: self.mailbox.queue.put((number, {"kind": "settled", "future": done})))
        return future

    def _handle(self, number: int, message: dict[str, Any]) -> None:
        state = self.progress.get(number)
        if state is None:
            return
        match message["kind"]:
            case "unit":
                state.started = True
            case "drained":
                state.drained = True
            case "settled":
                state.settled, state.error = True, _error(message["future"])
                if not state.started:  # died before its first word, or that word is still on its way
                    timer = threading.Timer(_GRACE_SECONDS, self.mailbox.queue.put, [(number, {"kind": "drained"})])
                    timer.daemon = True
                    timer.start()
            case _:
                self._pass_on(event_from_json(message), state)

    def _pass_on(self, event: Event, state: _Progress) -> None:
        if isinstance(event, TrialFinished):
            state.recorded.add(event.record.trial_id)
            event = TrialFinished(record=replace(event.record, log=_tail(state.log) + event.record.log))
        self.emit(event)

    def _finish(self, state: _Progress) -> None:
        status, message = _cause(state.error)
        for trial in state.unit.trials:
            if trial.trial_id not in state.recorded:
                record = TrialRecord(trial=trial, status=status, message=message, log=_tail(state.log))
                self.emit(TrialFinished(record=record))


def _through(state: _Progress) -> bool:
    return state.settled and state.drained


def _error(future: "Future[None]") -> BaseException | None:
    try:
        return future.exception()
    except CancelledError as error:
        return error


def _cause(error: BaseException | None) -> tuple[Status, str]:
    """Say in words how a worker ended without a record."""
    if isinstance(error, ProcessExpired):
        code = error.exitcode or 0
        if code < 0:
            name = signal.Signals(-code).name
            killed = " (out of memory, perhaps)" if -code == signal.SIGKILL else ""
            return "failed", f"the worker process was ended by {name}{killed}"
        return "failed", f"the worker process ended by itself with exit code {code}"
    if error is None:
        return "failed", "the worker ended without a record"
    return "failed", " ".join(f"{type(error).__name__}: {error}".split())[:500]


def _tail(log: Path) -> str:
    """Return the last part of what a worker printed."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LOG_BYTES))
        return file.read().decode(errors="replace")
