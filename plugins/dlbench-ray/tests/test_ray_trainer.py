"""What runs on a node: events come in batches, few of them epochs, and each unit has an end."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dlbench import (
    ArtifactSaved,
    DlbenchError,
    Emit,
    EpochFinished,
    Event,
    Selection,
    Settings,
    Trial,
    TrialFinished,
    TrialRecord,
    TrialStarted,
    UnitLost,
    WorkUnit,
    event_from_json,
)
from dlbench_ray.trainer import Throttle, Trainer

#: Seconds after which a test that waits goes on, and fails.
PATIENCE = 30.0


def make_unit(seeds: int = 1) -> WorkUnit:
    chosen = {name: Selection(f"standard/{name}") for name in ("model", "activation", "dataset", "optimizer")}
    chosen["scheduler"] = Selection("standard/constant")
    trial = Trial(**chosen, settings=Settings(), seed=0)  # type: ignore[arg-type]  # each by its name
    trials = tuple(replace(trial, seed=seed) for seed in range(seeds))
    return WorkUnit(trials=trials, attempt=2)


def epoch(number: int, trial_id: str = "a") -> EpochFinished:
    return EpochFinished(trial_id=trial_id, epoch=number, metrics={"train_loss": 0.1})


def finished(trial: Trial) -> TrialFinished:
    return TrialFinished(record=TrialRecord(trial=trial, status="done"), attempt=2)


class Script:
    """What a unit does on the node; tests set `act`."""

    act: Callable[[WorkUnit, Emit, threading.Event], None]


def train(unit: WorkUnit, data_dir: Path, emit: Emit, stop: threading.Event, *, timeout: float | None) -> None:
    Script.act(unit, emit, stop)


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Trainer:
    import dlbench_ray.trainer

    monkeypatch.setattr(dlbench_ray.trainer, "resolve_name", lambda name: train)
    return Trainer("scripted:train", str(tmp_path), None, lambda reference: reference)


def begin(trainer: Trainer, unit: WorkUnit, pause: float = 0.0, data: Any = None) -> tuple[list[Event], bool]:
    texts, over = trainer.begin(json.dumps(unit.to_json()), data or {}, pause)
    return [event_from_json(json.loads(text)) for text in texts], over


def test_of_a_trial_two_epochs_a_second_are_reported_and_everything_else() -> None:
    clock = [0.0]
    throttle = Throttle(lambda: clock[0])
    passed = []
    for number in range(1, 101):  # ten a second
        clock[0] = number / 10
        passed += [number] if throttle.passes(epoch(number)) else []
    assert all(after - before >= 10 for before, after in zip(passed, passed[2:], strict=False))
    assert len(passed) == 20
    unit = make_unit()
    others: list[Event] = [
        TrialStarted(trial_id="a"),
        finished(unit.trials[0]),
        UnitLost(trial_ids=("a",), reason="it is"),
        ArtifactSaved(trial_id="a", artifact="checkpoint", data=b"1"),
    ]
    assert all(throttle.passes(event) for event in others * 10)
    assert throttle.passes(epoch(1, "b"))


def test_the_end_of_a_unit_is_reported_at_once_and_what_comes_before_it_in_batches(trainer: Trainer) -> None:
    go = threading.Event()

    def act(unit: WorkUnit, emit: Emit, stop: threading.Event) -> None:
        emit(TrialStarted(trial_id=unit.trials[0].trial_id))
        go.wait(PATIENCE)
        for _ in range(3):
            emit(TrialStarted(trial_id=unit.trials[0].trial_id))
        emit(finished(unit.trials[0]))

    Script.act = staticmethod(act)
    unit = make_unit()
    events, over = begin(trainer, unit, pause=600.0)
    assert (len(events), over) == (1, False)
    go.set()
    texts, over = trainer.take(600.0)
    assert (len(texts), over) == (4, True)
    assert event_from_json(json.loads(texts[-1])) == finished(unit.trials[0])


def test_batches_of_a_long_unit_are_a_pause_apart(trainer: Trainer) -> None:
    def act(unit: WorkUnit, emit: Emit, stop: threading.Event) -> None:
        while not stop.wait(0.005):
            emit(TrialStarted(trial_id=unit.trials[0].trial_id))

    Script.act = staticmethod(act)
    begin(trainer, make_unit(), pause=0.1)
    start = time.monotonic()
    for _ in range(3):
        assert not trainer.take(0.1)[1]
    assert time.monotonic() - start > 0.29
    trainer.stop()
    while not trainer.take(0.0)[1]:
        pass


def test_a_unit_that_is_asked_to_stop_before_it_has_begun_does_so(trainer: Trainer) -> None:
    asked = []
    Script.act = staticmethod(lambda unit, emit, stop: asked.append(stop.is_set()))
    trainer.stop()  # Ray runs it beside the call that begins the unit, in any order
    assert begin(trainer, make_unit()) == ([], True)
    assert asked == [True]


def test_an_error_on_the_node_is_the_loss_of_the_trials_that_had_not_ended(trainer: Trainer) -> None:
    def act(unit: WorkUnit, emit: Emit, stop: threading.Event) -> None:
        emit(finished(unit.trials[0]))
        raise DlbenchError("The disk is full.")

    Script.act = staticmethod(act)
    unit = make_unit(3)
    events, over = begin(trainer, unit, pause=0.0)
    while not over:
        texts, over = trainer.take(0.0)
        events += [event_from_json(json.loads(text)) for text in texts]
    lost = events[-1]
    assert isinstance(lost, UnitLost)
    assert (lost.trial_ids, lost.attempt) == (tuple(trial.trial_id for trial in unit.trials[1:]), 2)
    assert lost.reason == f"{lost.node} could not run it (The disk is full)"


def test_data_that_travels_is_unpacked_once(trainer: Trainer, tmp_path: Path) -> None:
    Script.act = staticmethod(lambda unit, emit, stop: None)
    asked = []
    trainer._fetch = lambda reference: asked.append(reference) or {"abc": {"images.bin": b"12"}}  # type: ignore[func-returns-value]
    for _ in range(2):
        begin(trainer, make_unit(), data={"abc": "reference"})
    assert asked == ["reference"]
    (file,) = tmp_path.rglob("images.bin")
    assert file.read_bytes() == b"12"
