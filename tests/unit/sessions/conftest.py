"""Sessions in this process: an executor that needs no worker, and a resolver that needs no data set."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dlbench.dataset_index import PreparedInfo
from dlbench.machine import Machine
from dlbench.plans.config import Config
from dlbench.plans.plan import Request
from dlbench.sessions import run as session_run
from dlbench.sessions.options import Options
from dlbench.sessions.resolve import TrialResolver
from dlbench.trials.events import EpochFinished, TrialFinished, TrialStarted
from dlbench.trials.trial_record import TrialRecord

DIGITS = PreparedInfo(
    digest="abc",
    input_shape=(1, 8, 8),
    num_classes=3,
    train_size=100,
    test_size=18,
    validation_size=0,
    class_names=("zero", "one", "two"),
)


class Resolver(TrialResolver):
    """A resolver with fixed facts about data set and machine."""

    def prepared(self, dataset):
        return DIGITS

    def machine(self, probe=False):
        return Machine()


@dataclass
class Executor:
    """Runs units at once, in this process.

    accuracy: of a trial. validation: likewise. status: by trial_id, else done. fails, diverges: whether a trial does.
    seconds: of its training. before: called with the number of units that have run.
    stop_after: set `stop` after so many units.
    """

    accuracy: Any = lambda trial: (0.6 if trial.activation.name.endswith("tanh") else 0.5) + trial.seed % 7 / 1000
    validation: Any = lambda trial: 0.5
    status: dict[str, str] = field(default_factory=dict)
    fails: Any = lambda trial: False
    diverges: Any = lambda trial: False
    seconds: float = 0.1
    before: Any = lambda count: None
    stop_after: int | None = None
    units: list[Any] = field(default_factory=list)

    def slots(self):
        return 1

    def run(self, units: Iterable[Any], emit: Any, stop: threading.Event) -> None:
        for unit in units:
            self.before(len(self.units))
            self.units.append(unit)
            (trial,) = unit.trials
            emit(TrialStarted(trial_id=trial.trial_id))
            row = {"train_loss": 1.0, "validation_accuracy": 0.5, "seconds": 0.1}
            emit(EpochFinished(trial_id=trial.trial_id, epoch=1, metrics=row))
            emit(TrialFinished(record=self._record(unit, trial, row)))
            if len(self.units) == self.stop_after:
                stop.set()
            if stop.is_set():
                return

    def _record(self, unit, trial, row):
        if self.fails(trial):
            return TrialRecord(trial=trial, status="failed", message="ValueError: no")
        tested = trial.role == "evaluation"
        return TrialRecord(
            trial=trial,
            status="diverged" if self.diverges(trial) else self.status.get(trial.trial_id, "done"),
            metrics={"validation_accuracy": self.validation(trial), "epochs_run": 1}
            | ({"test_accuracy": self.accuracy(trial)} if tested else {}),
            cost={"train_seconds": self.seconds},
            epochs=(row,),
            confusion=((5, 0, 1), (0, 6, 0), (0, 0, 6)) if tested else (),
            class_names=DIGITS.class_names if tested else (),
            steps=(1.0, 0.5) if unit.keep_steps else (),
            watched=dict.fromkeys(unit.diagnostics.diagnostics, (1,)),
        )

    @property
    def ran(self) -> list[tuple[str, int]]:
        """Return the trials that ran, as (activation, seed)."""
        return [(unit.trials[0].activation.name.rpartition("/")[2], unit.trials[0].seed) for unit in self.units]


class Display:
    """Records what a session shows."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.finished: list[str] = []
        self.counts: tuple[int, int] | None = None
        self.closed = False

    def note(self, text):
        self.notes.append(text)

    def started(self, trials, before=0):
        self.counts = (len(trials), before)

    def trial_started(self, event, label):
        pass

    def epoch_finished(self, event, label):
        pass

    def trial_finished(self, event, label):
        self.finished.append(label)

    def close(self):
        self.closed = True


@dataclass(frozen=True)
class Done:
    """A session that has ended: what it left, ran and showed."""

    outcome: Any
    executor: Executor
    display: Display

    @property
    def ran(self):
        return self.executor.ran


@pytest.fixture
def session(tmp_path: Path, monkeypatch, registry):
    """Run a session, by default of two activations on two seeds; return what it left, ran and showed.

    build: instead of what builds its executor.
    """
    monkeypatch.setattr(session_run, "TrialResolver", Resolver)

    def run(
        *,
        executor=None,
        build=None,
        activations=("relu", "tanh"),
        seeds=2,
        request=None,
        stop=None,
        device="cpu",
        **options,
    ):
        executor, display = executor or Executor(), Display()
        monkeypatch.setattr(session_run, "build_executor", build or (lambda *_: executor))
        asked = Request(values={"activation": activations, "device": (device,)}, seeds=seeds, **(request or {}))
        if where := getattr(executor, "name", ""):
            options["executor"] = where
        given = Options(**{"name": "run", "results_dir": tmp_path, "data_dir": tmp_path / "data", **options})
        outcome = session_run.run(asked, given, registry, Config(), display, stop or threading.Event())
        return Done(outcome, executor, display)

    return run


@pytest.fixture
def display():
    return Display()


@pytest.fixture
def executor():
    return Executor


@pytest.fixture
def racing():
    """Make executors in which sigmoid is decided early and tanh is not."""
    middle = {"sigmoid": 0.2, "tanh": 0.515, "relu": 0.5}

    def accuracy(trial):
        name = trial.activation.short
        return middle[name] + (trial.seed * 7 % 5 - 2) / (50 if name == "tanh" else 900)

    return lambda: Executor(accuracy=accuracy)


@pytest.fixture
def run_again(registry, display, monkeypatch):
    """Run what repeats a run, a confirmation or a replay, in a session of its own; return what it left."""

    def run_again(found, executor=None):
        if executor:
            monkeypatch.setattr(session_run, "build_executor", lambda *_: executor)
        options = Options(name=found.path.name, results_dir=found.path.parent, facts=found.facts)
        return session_run.run_plan(found.plan, {}, options, registry, Config(), display, threading.Event())

    return run_again
