import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.components.choice import Selection
from dlbench.trials.events import (
    EpochFinished,
    Event,
    TrialFinished,
    TrialStarted,
    UnitLost,
    event_from_json,
    event_to_json,
)
from dlbench.trials.seed_streams import STREAMS, Stream
from dlbench.trials.settings import VALUES_BEFORE_INTRODUCED, Settings
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import COMPLETED, TrialRecord
from dlbench.trials.work_unit import WorkUnit

TRIAL = Trial(
    model=Selection("standard/mlp", {"hidden": (128, 64), "dropout": 0.5}, ("dropout",)),
    activation=Selection("standard/relu"),
    dataset=Selection("standard/digits"),
    scheduler=Selection("standard/constant"),
    optimizer=Selection("standard/adam", {"weight_decay": 0.0, "amsgrad": False}),
    settings=Settings(device="cpu"),
    seed=3,
    dataset_digest="abc",
    input_shape=(1, 8, 8),
    num_classes=10,
)


def through_json(content: Mapping[str, Any]) -> Any:
    """Return content after a round trip through a line of JSON text."""
    return json.loads(json.dumps(content))


# Identity


def test_the_identity_is_sixteen_hexadecimal_digits() -> None:
    assert len(TRIAL.trial_id) == 16
    assert set(TRIAL.trial_id) <= set("0123456789abcdef")


def test_the_identity_does_not_depend_on_the_process_or_its_hash_seed() -> None:
    program = "import json, sys; from dlbench import Trial; print(Trial.from_json(json.load(sys.stdin)).trial_id)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(TRIAL.to_json()),
        env={**os.environ, "PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == TRIAL.trial_id


def test_the_seed_changes_the_trial_and_not_the_variant() -> None:
    other = replace(TRIAL, seed=4)
    assert other.trial_id != TRIAL.trial_id
    assert other.variant_id == TRIAL.variant_id


OTHERS: dict[str, Any] = {
    "learning_rate": 0.01,
    "batch_size": 32,
    "epochs": 11,
    "loss": "mse",
    "label_smoothing": 0.1,
    "augment": "flip",
    "normalization": "none",
    "validation": "last:10",
    "train_size": 100,
    "test_size": 50,
    "select": "last",
    "patience": 3,
    "monitor": "validation_accuracy",
    "gradient_clip": 1.0,
    "precision": "bfloat16",
    "device": "cuda",
    "threads": 2,
    "deterministic": True,
    "channels_last": False,
    "fused": False,
    "matmul_precision": "high",
    "compile": True,
    "cuda_graphs": True,
}


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_is_part_of_the_identity(name: str) -> None:
    other = replace(TRIAL, settings=replace(TRIAL.settings, **{name: OTHERS[name]}))
    assert other.trial_id != TRIAL.trial_id
    assert other.variant_id != TRIAL.variant_id


@pytest.mark.parametrize("axis", ["model", "activation", "dataset", "scheduler", "optimizer"])
def test_every_component_and_each_of_its_parameters_is_part_of_the_identity(axis: str) -> None:
    chosen: Selection = getattr(TRIAL, axis)
    others = [replace(chosen, name="stranger/" + chosen.name.partition("/")[2])]
    others += [replace(chosen, parameters={**chosen.parameters, key: 7}) for key in (*chosen.parameters, "more")]
    ids = {replace(TRIAL, **{axis: other}).trial_id for other in others}
    assert len(ids | {TRIAL.trial_id}) == len(others) + 1


def test_the_data_sets_digest_is_part_of_the_identity() -> None:
    assert replace(TRIAL, dataset_digest="abd").trial_id != TRIAL.trial_id


def test_seeds_of_single_sources_are_part_of_the_identity_of_trial_and_variant() -> None:
    other = replace(TRIAL, stream_seeds={"split": 0})
    assert other.trial_id != TRIAL.trial_id
    assert other.variant_id != TRIAL.variant_id
    assert replace(other, seed=4).variant_id == other.variant_id
    assert Trial.from_json(through_json(other.to_json())) == other


@pytest.mark.parametrize("stream", STREAMS)
def test_only_a_source_with_a_seed_of_its_own_leaves_the_trials_seed(stream: Stream) -> None:
    other = replace(TRIAL, stream_seeds={"initialization": 7})
    assert TRIAL.seed_of(stream) == 3
    assert other.seed_of(stream) == (7 if stream == "initialisation" else 3)


@pytest.mark.parametrize("content", [{"weather": 1}, {"split": -1}, {"split": "1"}, ["split"]])
def test_seeds_of_sources_that_are_none_are_refused(content: Any) -> None:
    with pytest.raises(ValueError, match=r"stream_seeds|split"):
        Trial.from_json({**TRIAL.to_json(), "stream_seeds": content})


@pytest.mark.parametrize(
    "change",
    [
        {"model": replace(TRIAL.model, changed=())},
        {"model": replace(TRIAL.model, parameters={"dropout": 0.5, "hidden": (128, 64)})},
        {"model": replace(TRIAL.model, parameters={"hidden": [128, 64], "dropout": 0.5})},
        {"input_shape": None},
        {"num_classes": None},
    ],
)
def test_what_is_displayed_or_derived_is_not_part_of_the_identity(change: dict[str, Any]) -> None:
    assert replace(TRIAL, **change).trial_id == TRIAL.trial_id


# Names on screens and in files


def test_files_hold_the_qualified_name_and_screens_the_short_one() -> None:
    assert TRIAL.model.text == "standard/mlp:dropout=0.5"
    assert TRIAL.model.short == "mlp:dropout=0.5"
    assert (Selection("own").text, Selection("own").short) == ("own", "own")


def test_a_slash_in_a_parameter_is_kept() -> None:
    assert Selection("standard/npz", {"path": "/a/b.npz"}, ("path",)).short == "npz:path=/a/b.npz"


def test_a_row_has_a_column_for_every_axis_and_setting() -> None:
    row = TRIAL.row()
    assert {field.name for field in fields(Settings)} <= row.keys()
    assert (row["model"], row["activation"], row["dataset"]) == (
        "standard/mlp:dropout=0.5",
        "standard/relu",
        "standard/digits",
    )
    assert (row["seed"], row["epochs"], row["dataset_digest"]) == (3, 10, "abc")


def test_a_records_row_begins_with_identity_and_status_and_ends_with_cost() -> None:
    record = TrialRecord(
        trial=TRIAL,
        status="done",
        metrics={"test_accuracy": 0.9},
        cost={"train_seconds": 1.5},
        provenance_id="p",
    )
    columns = list(record.row())
    assert columns[:5] == ["trial_id", "provenance_id", "role", "status", "message"]
    assert columns[-2:] == ["test_accuracy", "train_seconds"]
    assert record.row()["trial_id"] == TRIAL.trial_id
    assert record.row()["provenance_id"] == "p"


def test_only_done_and_diverged_count_as_an_answer() -> None:
    assert {"done", "diverged"} == COMPLETED


# Travelling as JSON

names = st.from_regex(r"[a-z]{1,6}/[a-z0-9-]{1,8}", fullmatch=True)
numbers = st.floats(allow_nan=False)
whole = st.integers(-(2**63) + 1, 2**63 - 1)
values = st.one_of(
    st.none(),
    st.booleans(),
    whole,
    numbers,
    st.text(max_size=8),
    st.lists(whole | numbers, max_size=3).map(tuple),
)
selections = st.builds(
    lambda name, parameters: Selection(name, parameters, tuple(parameters)[:2]),
    names,
    st.dictionaries(st.text(min_size=1, max_size=5), values, max_size=3),
)
settings = st.builds(
    Settings,
    learning_rate=numbers,
    batch_size=st.integers(1, 999),
    augment=st.sampled_from(["none", "crop,flip"]),
    train_size=st.none() | st.integers(1, 999),
    gradient_clip=st.none() | numbers,
    deterministic=st.booleans(),
)
trials = st.builds(
    Trial,
    model=selections,
    activation=selections,
    dataset=selections,
    scheduler=selections,
    optimizer=selections,
    settings=settings,
    seed=st.integers(0, 2**63 - 1),
    dataset_digest=st.text(max_size=8),
    input_shape=st.none() | st.tuples(*[st.integers(1, 300)] * 3),
    num_classes=st.none() | st.integers(1, 1000),
)
metrics = st.dictionaries(
    st.sampled_from(["train_loss", "test_accuracy", "epoch"]), st.none() | whole | numbers, max_size=3
)
counts = st.integers(0, 2**63 - 1)
confusions = st.tuples(*[st.tuples(counts, counts)] * 2)
tables = st.just(((), ())) | st.tuples(st.tuples(*[st.text(max_size=4)] * 2) | st.just(()), confusions)
records = st.builds(
    lambda table, **rest: TrialRecord(class_names=table[0], confusion=table[1], **rest),
    table=tables,
    trial=trials,
    status=st.sampled_from(["done", "diverged", "failed", "vetoed", "timeout", "oom"]),
    message=st.text(max_size=8),
    metrics=metrics,
    cost=metrics,
    epochs=st.lists(metrics, max_size=2).map(tuple),
    log=st.text(max_size=8),
    provenance_id=st.text(max_size=4),
)


@given(trials)
def test_a_trial_survives_json_unchanged(trial: Trial) -> None:
    back = Trial.from_json(through_json(trial.to_json()))
    assert repr(back) == repr(trial)
    assert back == trial
    assert back.trial_id == trial.trial_id


@given(st.lists(trials, max_size=2), st.text(max_size=5))
def test_a_work_unit_survives_json_unchanged(members: list[Trial], folder: str) -> None:
    unit = WorkUnit(trials=tuple(members), weights_folder=folder)
    assert WorkUnit.from_json(through_json(unit.to_json())) == unit


@given(records)
def test_a_record_survives_json_unchanged(record: TrialRecord) -> None:
    content = through_json(record.to_json())
    assert content["trial_id"] == record.trial_id
    assert repr(TrialRecord.from_json(content)) == repr(record)


def test_losses_that_are_not_finite_survive_json() -> None:
    losses = {"train_loss": math.nan, "test_loss": math.inf, "validation_loss": -math.inf}
    record = TrialRecord(trial=TRIAL, status="diverged", metrics=losses, epochs=(losses, {"epoch": 2}))
    back = TrialRecord.from_json(through_json(record.to_json()))
    assert math.isnan(back.metrics["train_loss"] or 0)
    assert math.isnan(back.epochs[0]["train_loss"] or 0)
    assert back.metrics["test_loss"] == math.inf
    assert back.epochs[0]["validation_loss"] == -math.inf


def test_a_provenance_id_changes_nothing_else_in_a_record() -> None:
    record = TrialRecord(trial=TRIAL, status="done", metrics={"test_loss": 0.5})
    marked = record.with_provenance("abc")
    assert (marked.provenance_id, record.provenance_id) == ("abc", "")
    assert replace(marked, provenance_id="") == record


@given(
    st.one_of(
        st.builds(TrialStarted, trial_id=st.text(max_size=16)),
        st.builds(EpochFinished, trial_id=st.text(max_size=16), epoch=st.integers(1, 10**9), metrics=metrics),
        st.builds(TrialFinished, record=records, attempt=st.integers(0, 99)),
        st.builds(
            UnitLost,
            trial_ids=st.lists(st.text(max_size=16)).map(tuple),
            reason=st.text(),
            node=st.text(),
            status=st.sampled_from(["failed", "oom"]),
            attempt=st.integers(0, 99),
        ),
    )
)
def test_an_event_survives_json_unchanged(event: Event) -> None:
    assert event_from_json(through_json(event_to_json(event))) == event


def test_a_setting_introduced_later_keeps_the_identity_of_trials_recorded_without_it() -> None:
    """The identity of TRIAL's combination as it was when Settings ended with `deterministic`."""
    earlier = TRIAL.to_json()
    for name in VALUES_BEFORE_INTRODUCED:
        del earlier["settings"][name]
    read = Trial.from_json(through_json(earlier))
    assert {name: getattr(read.settings, name) for name in VALUES_BEFORE_INTRODUCED} == dict(VALUES_BEFORE_INTRODUCED)
    assert read.settings.identity == earlier["settings"]
    assert read.variant_id != TRIAL.variant_id


@pytest.mark.parametrize("name", VALUES_BEFORE_INTRODUCED)
def test_another_value_of_a_setting_introduced_later_is_another_trial(name: str) -> None:
    before = replace(TRIAL, settings=replace(TRIAL.settings, **VALUES_BEFORE_INTRODUCED))
    other = next(
        value for value in (OTHERS[name], getattr(TRIAL.settings, name)) if value != getattr(before.settings, name)
    )
    assert replace(before, settings=replace(before.settings, **{name: other})).trial_id != before.trial_id
