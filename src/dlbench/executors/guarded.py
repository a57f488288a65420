"""A work unit with the guards of the local executor, wherever this runs: for executors with machines of their own."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from dlbench.executors.local import LocalExecutor
from dlbench.executors.processes import StartError
from dlbench.executors.worker_pool import WorkerPool
from dlbench.trials.events import Emit, Event, TrialFinished, UnitLost
from dlbench.trials.work_unit import WorkUnit


@dataclass
class Kept:
    """The pool whose worker waits for this process's next unit: a fresh one costs more than many a short trial.

    fits: the process that has it, and what its worker was started with. None while a unit runs.
    """

    pool: WorkerPool | None = None
    fits: tuple[int, str, Path] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def lent(self, executor: LocalExecutor) -> Iterator[None]:
        """Let an executor have it for a run, or another that is kept afterwards."""
        fits = (os.getpid(), executor.engine, executor.data_dir)
        with self.lock:
            found, known, self.pool = self.pool, self.fits, None
        if found and known != fits:
            if known and known[0] == os.getpid():  # no copy of a process that was forked since
                found.end_all()
            found = None
        executor.pool = found or executor.new_pool()
        try:
            yield
        finally:
            with self.lock:
                spare, self.pool, self.fits = self.pool, executor.pool, fits
            if spare:  # of a unit that ran at the same time
                spare.end_all()


KEPT = Kept()


def run_guarded(
    unit: WorkUnit,
    data_dir: Path,
    emit: Emit,
    stop: threading.Event | None = None,
    *,
    timeout: float | None = None,
) -> None:
    """Train every trial of a unit in a worker process of this one, and emit its events in this thread.

    A worker whose trial has ended well is kept for the next one, of the next unit too, and ends with this process. What
    a trial prints is kept in its record. One that crashes, runs out of memory, prints without end, or takes longer than
    the timeout, in seconds, ends as such and costs the unit's other trials nothing. UnitLost is emitted where no
    process can be started. stop: once it is set, the trial that runs saves a checkpoint, and no other begins.
    """
    ended: set[str] = set()

    def forward(event: Event) -> None:
        if isinstance(event, TrialFinished):
            ended.add(event.record.trial_id)
        emit(event)

    alone = (replace(unit, trials=(trial,)) for trial in unit.trials)
    try:
        executor = LocalExecutor(1, str(data_dir), timeout)
        with KEPT.lent(executor):
            executor.run(alone, forward, stop or threading.Event())
    except StartError as error:
        left = tuple(trial.trial_id for trial in unit.trials if trial.trial_id not in ended)
        node = socket.gethostname()
        reason = f"{node} has no room for it ({error.message.rstrip('.')})"
        emit(UnitLost(trial_ids=left, reason=reason, node=node, attempt=unit.attempt))
