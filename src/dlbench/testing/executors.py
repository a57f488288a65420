"""What an executor promises: `slots()`, and `run(units, emit, stop)` that trains units wherever it likes."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.components.records import Dataset, Executor
from dlbench.executors.scratch import scratch_subfolder
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.plugins.protocols import ExecutorFactory, ExecutorProtocol
from dlbench.testing.promises import Subject, promise
from dlbench.trials.events import EpochFinished, Event, TrialFinished
from dlbench.trials.work_unit import WorkUnit

if TYPE_CHECKING:
    from dlbench.trials.trial import Trial

#: How long a unit of one second may take: a cluster's queue is slow, and one that hangs must end.
PATIENCE = 300.0


def make(subject: Subject[Executor], data_dir: Path) -> ExecutorProtocol:
    """Build it as a session does: its jobs and its data folder, where the executor leaves them open."""
    ours = {"jobs": 1, "data_dir": str(data_dir)}
    given = {key: value for key, value in ours.items() if subject.parameters.get(key, value) is None}
    factory: ExecutorFactory = subject.factory
    return factory(**{**subject.parameters, **given})


def units(subject: Subject[Executor], data_dir: Path) -> list[WorkUnit]:
    """Return two units of one small trial each."""
    from dlbench.engine.dataset_cache import prepare

    values = {
        "model": ("linear",),
        "epochs": ("2",),
        "train_size": ("64",),
        "device": ("cpu",),
        "precision": ("float32",),
    }
    plan = build(Request(values=values, seeds=2), subject.registry)
    data = prepare(subject.registry.get(Dataset, "digits"), {}, data_dir, download=False)
    known = {"dataset_digest": data.digest, "input_shape": data.input_shape, "num_classes": data.num_classes}
    trials: list[Trial] = [replace(trial, **known) for trial in plan.trials]  # type: ignore[arg-type]  # as named
    return [WorkUnit(trials=(trial,)) for trial in trials]


def run(executor: ExecutorProtocol, work: list[WorkUnit], *, stopped: bool = False) -> list[Event] | None:
    """Run some units and return their events, or None where it hangs."""
    events: list[Event] = []
    stop, raised = threading.Event(), []
    if stopped:
        stop.set()

    def target() -> None:
        try:
            executor.run(work, events.append, stop)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if raised:
        raise raised[0]
    return None if thread.is_alive() else events


@promise("has a whole number of slots from 1 on", decisive=True)
def has_slots(subject: Subject[Executor]) -> Iterator[str]:
    """Ask for them."""
    with scratch_subfolder() as folder:
        slots = make(subject, folder).slots()
    if type(slots) is not int or slots < 1:
        yield f"slots() returned {slots!r}"


@promise("trains every unit and emits its epochs and records")
def runs_units(subject: Subject[Executor]) -> Iterator[str]:
    """Run two units of two epochs."""
    with scratch_subfolder() as folder:
        work = units(subject, folder)
        events = run(make(subject, folder), work)
    if events is None:
        yield f"run() of two small units did not return within {PATIENCE:.0f} seconds"
        return
    for unit in work:
        (trial,) = unit.trials
        records = [each.record for each in events if isinstance(each, TrialFinished) and each.record.trial == trial]
        epochs = [each.epoch for each in events if isinstance(each, EpochFinished) and each.trial_id == trial.trial_id]
        if len(records) != 1:
            yield f"of the trial with seed {trial.seed} it emitted {len(records)} records"
        elif records[0].status != "done":
            yield f"the trial with seed {trial.seed} ended as {records[0].status}: {records[0].message}"
        elif epochs != [1, 2]:
            yield f"of the 2 epochs of seed {trial.seed} it emitted {epochs}"


@promise("returns soon when it is told to stop")
def stops(subject: Subject[Executor]) -> Iterator[str]:
    """Run two units with `stop` set from the start."""
    with scratch_subfolder() as folder:
        work = units(subject, folder)
        if run(make(subject, folder), work, stopped=True) is None:
            yield f"with `stop` set, run() did not return within {PATIENCE:.0f} seconds"


PROMISES = (has_slots, runs_units, stops)
