"""What an executor promises: `slots()`, and `run(units, emit, stop)` that trains units wherever it likes."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.components.records import Dataset, Executor
from dlbench.executors.scratch import scratch_subfolder
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.plugins.protocols import ExecutorFactory, ExecutorProtocol
from dlbench.runs.provenance import collect_provenance, provenance_id
from dlbench.testing.promises import Subject, Unproven, promise
from dlbench.trials.events import ArtifactSaved, EpochFinished, Event, TrialFinished, UnitLost, event_trial_ids
from dlbench.trials.node import Node
from dlbench.trials.work_unit import WorkUnit

if TYPE_CHECKING:
    from dlbench.trials.trial import Trial

#: How long a unit of one second may take: a cluster's queue is slow, and one that hangs must end.
PATIENCE = 300.0
#: The attempt that the units are given out as: events have to say so.
ATTEMPT = 2
#: A model that asks for more memory than a process can address.
BOUNDLESS = "mlp:hidden=1000000000000"
#: Epochs of a trial that is stopped: more than an executor can run before it hears of that.
MANY_EPOCHS = 20_000


def make(subject: Subject[Executor], data_dir: Path) -> ExecutorProtocol:
    """Build it as a session does: its jobs and its data folder, where the executor leaves them open."""
    ours = {"jobs": 1, "data_dir": str(data_dir)}
    given = {key: value for key, value in ours.items() if subject.parameters.get(key, value) is None}
    factory: ExecutorFactory = subject.factory
    return factory(**{**subject.parameters, **given})


def units(subject: Subject[Executor], data_dir: Path, epochs: int = 2, model: str = "linear") -> list[WorkUnit]:
    """Return two units of one small trial each."""
    from dlbench.engine.dataset_cache import prepare

    values = {
        "model": (model,),
        "epochs": (str(epochs),),
        "train_size": ("64",),
        "device": ("cpu",),
        "precision": ("float32",),
    }
    plan = build(Request(values=values, seeds=2), subject.registry)
    data = prepare(subject.registry.get(Dataset, "digits"), {}, data_dir, download=False)
    known = {"dataset_digest": data.digest, "input_shape": data.input_shape, "num_classes": data.num_classes}
    trials: list[Trial] = [replace(trial, **known) for trial in plan.trials]  # type: ignore[arg-type]  # as named
    provenance = collect_provenance({}, {"gpu": ""})
    planned = WorkUnit(
        trials=(),
        provenance=provenance,
        provenance_id=provenance_id(provenance),
        checkpoint_folder=str(data_dir / "kept"),
        attempt=ATTEMPT,
    )
    return [replace(planned, trials=(trial,)) for trial in trials]


def unfit(unit: WorkUnit) -> WorkUnit:
    """Return a unit of another trial that no machine can train: it was planned with a torch that is nowhere."""
    versions = {**unit.provenance["versions"], "torch": "0.0"}
    trials = tuple(replace(trial, seed=trial.seed + 100) for trial in unit.trials)
    return replace(unit, trials=trials, provenance={**unit.provenance, "versions": versions})


@dataclass(eq=False)
class Observed:
    """One call of run(), as a session sees it.

    work: the units, which are given out as they are asked for.
    at_epoch: set when an epoch has finished.
    events: what was emitted.
    others: how many events came from another thread than the one that called run().
    most_out: the largest number of units that were given out and had not ended.
    hung: whether it did not return.
    """

    work: list[WorkUnit]
    at_epoch: threading.Event | None = None
    events: list[Event] = field(default_factory=list)
    others: int = 0
    most_out: int = 0
    hung: bool = False

    def __post_init__(self) -> None:
        self.thread = 0
        self.out: set[str] = set()

    def give(self) -> Iterator[WorkUnit]:
        """Give out the units one at a time."""
        for unit in self.work:
            self.out |= {trial.trial_id for trial in unit.trials}
            self.most_out = max(self.most_out, len(self.out))
            yield unit

    def take(self, event: Event) -> None:
        """Take an event."""
        self.events.append(event)
        if self.at_epoch and isinstance(event, EpochFinished):
            self.at_epoch.set()
        self.others += threading.get_ident() != self.thread
        if isinstance(event, TrialFinished | UnitLost):
            self.out -= {*event_trial_ids(event)}


def run(
    executor: ExecutorProtocol, work: list[WorkUnit], *, stopped: bool = False, stop_at_epoch: bool = False
) -> Observed:
    """Run some units, and raise what the executor raises.

    stopped: whether it is told to stop before it begins. stop_at_epoch: whether it is when an epoch has finished.
    """
    stop, raised = threading.Event(), []
    observed = Observed(work, stop if stop_at_epoch else None)
    if stopped:
        stop.set()

    def target() -> None:
        observed.thread = threading.get_ident()
        try:
            executor.run(observed.give(), observed.take, stop)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if raised:
        raise raised[0]
    observed.hung = thread.is_alive()
    return observed


@lru_cache(maxsize=4)
def observe(subject: Subject[Executor]) -> Observed:
    """Run a unit that fails, two small ones, and one that is unfit, once for all promises."""
    with scratch_subfolder() as folder:
        work, failing = units(subject, folder), units(subject, folder, model=BOUNDLESS)
        return run(make(subject, folder), [*failing[:1], *work, unfit(work[0])])


@promise("has a whole number of slots from 1 on", decisive=True)
def has_slots(subject: Subject[Executor]) -> Iterator[str]:
    """Ask for them."""
    with scratch_subfolder() as folder:
        slots = make(subject, folder).slots()
    if type(slots) is not int or slots < 1:
        yield f"slots() returned {slots!r}"


@promise("trains every unit and emits its epochs and records", decisive=True)
def runs_units(subject: Subject[Executor]) -> Iterator[str]:
    """Run two units of two epochs."""
    observed = observe(subject)
    if observed.hung:
        yield f"run() of four small units did not return within {PATIENCE:.0f} seconds"
        return
    for unit in observed.work[1:3]:
        (trial,) = unit.trials
        events = [event for event in observed.events if trial.trial_id in event_trial_ids(event)]
        records = [event.record for event in events if isinstance(event, TrialFinished)]
        epochs = [event.epoch for event in events if isinstance(event, EpochFinished)]
        if len(records) != 1:
            yield f"of the trial with seed {trial.seed} it emitted {len(records)} records"
        elif records[0].status != "done":
            yield f"the trial with seed {trial.seed} ended as {records[0].status}: {records[0].message}"
        elif epochs != [1, 2]:
            yield f"of the 2 epochs of seed {trial.seed} it emitted {epochs}"


@promise("ends every unit in its records or in UnitLost")
def ends_units(subject: Subject[Executor]) -> Iterator[str]:
    """Look for a trial that has neither: one that its node refuses, say."""
    if silent := observe(subject).out:
        yield f"{len(silent)} of 4 trials had neither; where it ran, dlbench had emitted UnitLost"


@promise("says how a trial failed, and goes on")
def reports_failures(subject: Subject[Executor]) -> Iterator[str]:
    """Look at the trial that there is no memory for."""
    observed = observe(subject)
    (trial,) = observed.work[0].trials
    for event in observed.events:
        if isinstance(event, UnitLost) and trial.trial_id in event.trial_ids:
            yield f"a trial without memory was lost ({event.reason}), and would be tried again"
        if isinstance(event, TrialFinished) and event.record.trial_id == trial.trial_id:
            status, message = event.record.status, event.record.message
            if status not in ("failed", "oom") or not message:
                yield f"a trial without memory ended as {status}: {message!r}"


@promise("leaves to a record what it says of the process that made it")
def attributes_records(subject: Subject[Executor]) -> Iterator[str]:
    """Look at the provenance of the records."""
    for event in observe(subject).events:
        if isinstance(event, TrialFinished) and not event.record.provenance_id:
            yield f"the record of seed {event.record.trial.seed} has lost its provenance_id"


@promise("says of each event which attempt at the unit it belongs to")
def names_attempts(subject: Subject[Executor]) -> Iterator[str]:
    """Look at the events of units that are given out for the second time."""
    wrong = {event.attempt for event in observe(subject).events} - {ATTEMPT}
    if wrong:
        yield f"of units whose attempt is {ATTEMPT} it emitted events of attempt {', '.join(map(str, sorted(wrong)))}"


@promise("emits events in the thread that called run()")
def emits_in_its_thread(subject: Subject[Executor]) -> Iterator[str]:
    """Look at the threads."""
    observed = observe(subject)
    if observed.others:
        yield f"{observed.others} of {len(observed.events)} events came from another thread"


@promise("asks for a unit when it has room for it")
def asks_late(subject: Subject[Executor]) -> Iterator[str]:
    """Look at how many units it had at once."""
    with scratch_subfolder() as folder:
        executor = make(subject, folder)
    room = executor.slots() + int(getattr(executor, "prefetch", 0))
    if (most := observe(subject).most_out) > room:
        yield f"it had {most} units at once, with room for {room} (slots() and its attribute `prefetch`, if it has one)"


@promise("returns soon when it is told to stop")
def stops(subject: Subject[Executor]) -> Iterator[str]:
    """Run two units with `stop` set from the start."""
    with scratch_subfolder() as folder:
        work = units(subject, folder)
        if run(make(subject, folder), work, stopped=True).hung:
            yield f"with `stop` set, run() did not return within {PATIENCE:.0f} seconds"


@promise("lets the unit that runs keep a checkpoint when it is told to stop")
def keeps_checkpoints(subject: Subject[Executor]) -> Iterator[str]:
    """Set `stop` when the first epoch of a long trial has finished."""
    with scratch_subfolder() as folder:
        work, executor = units(subject, folder, MANY_EPOCHS)[:1], make(subject, folder)
        if not getattr(executor, "shares_files", True):
            work = [replace(unit, checkpoint_folder="", carried=("checkpoint",)) for unit in work]
        observed = run(executor, work, stop_at_epoch=True)
        kept = any(isinstance(event, ArtifactSaved) for event in observed.events) or any(folder.glob("kept/*.pt"))
    if observed.hung:
        yield f"it did not return within {PATIENCE:.0f} seconds"
    elif any(isinstance(event, TrialFinished) for event in observed.events):
        yield f"the trial ran to its end, {MANY_EPOCHS:,} epochs"
    elif not kept:
        yield "there was neither a checkpoint nor an ArtifactSaved that brought one"


@promise("describes its nodes, if it asks them")
def describes_nodes(subject: Subject[Executor]) -> Iterator[str]:
    """Ask for them."""
    with scratch_subfolder() as folder:
        executor = make(subject, folder)
        if not hasattr(executor, "probe"):
            raise Unproven
        nodes = list(executor.probe(("standard/linear",), threading.Event()))
    if not nodes or not all(isinstance(node, Node) for node in nodes):
        yield f"probe() returned {nodes!r}"


PROMISES = (
    has_slots,
    runs_units,
    ends_units,
    reports_failures,
    attributes_records,
    names_attempts,
    emits_in_its_thread,
    asks_late,
    stops,
    keeps_checkpoints,
    describes_nodes,
)
