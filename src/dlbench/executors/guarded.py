"""A work unit with the guards of the local executor, wherever this runs: for executors with machines of their own."""

import socket
import threading
from dataclasses import replace
from pathlib import Path

from dlbench.executors.local import LocalExecutor
from dlbench.executors.processes import StartError
from dlbench.trials.events import Emit, Event, TrialFinished, UnitLost
from dlbench.trials.work_unit import WorkUnit


def run_guarded(
    unit: WorkUnit,
    data_dir: Path,
    emit: Emit,
    stop: threading.Event | None = None,
    *,
    timeout: float | None = None,
) -> None:
    """Train every trial of a unit in a worker process of this one, and emit its events in this thread.

    What a trial prints is kept in its record. One that crashes, runs out of memory, prints without end, or takes longer
    than the timeout, in seconds, ends as such and costs the unit's other trials nothing. UnitLost is emitted where no
    process can be started. stop: once it is set, the trial that runs saves a checkpoint, and no other begins.
    """
    ended: set[str] = set()

    def forward(event: Event) -> None:
        if isinstance(event, TrialFinished):
            ended.add(event.record.trial_id)
        emit(event)

    alone = (replace(unit, trials=(trial,)) for trial in unit.trials)
    try:
        LocalExecutor(1, str(data_dir), timeout).run(alone, forward, stop or threading.Event())
    except StartError as error:
        left = tuple(trial.trial_id for trial in unit.trials if trial.trial_id not in ended)
        node = socket.gethostname()
        reason = f"{node} has no room for it ({error.message.rstrip('.')})"
        emit(UnitLost(trial_ids=left, reason=reason, node=node, attempt=unit.attempt))
