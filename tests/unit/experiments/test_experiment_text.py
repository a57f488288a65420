"""A comparison written as an experiment file is the same comparison, trial for trial."""

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.analysis.criteria import asked_criteria
from dlbench.errors import DlbenchError
from dlbench.experiments.deviations import deviations
from dlbench.experiments.experiment_file import load_experiment
from dlbench.experiments.experiment_text import _string, experiment_text
from dlbench.experiments.keys import CRITERIA
from dlbench.experiments.request import to_request
from dlbench.plans.build import build
from dlbench.plans.criteria import Criteria
from dlbench.plans.plan import Request
from dlbench.plans.spelling import canonical
from dlbench.statistics.seeds import AutoSeeds

TWO = {"activation": ("relu", "tanh")}
QUOTED = 'image-folder:path="C:\\my data, new":size=8x8'


@pytest.fixture
def saved(registry, tmp_path):
    """Write a request as a file and read it back; return both plans, with their criteria."""

    def save(request, defaults=None, later=None):
        request = canonical(request, registry)
        plan = build(request, registry, defaults)
        criteria = asked_criteria(request.judging, plan.record)
        path = tmp_path / "saved.toml"
        path.write_text(experiment_text(request, plan, criteria, defaults or {}, registry), encoding="utf-8")
        again = to_request(load_experiment(path))
        other = build(again, registry, later)
        return (plan, criteria), (other, asked_criteria(again.judging, other.record))

    return save


@pytest.mark.parametrize(
    "request_",
    [
        Request(values=TWO),
        Request(values={**TWO, "lr": ("0.010", "1e-5", "3e-3")}, seeds=4),
        Request(values={"activation": ("relu", "leaky-relu:negative_slope=0.1"), "optimizer": ("sgd:momentum=0.9",)}),
        Request(values={"model": ("mlp:hidden=32", "mlp:hidden=128-64:dropout=0.5", "linear")}, seeds=[3, 1, 7]),
        Request(values=TWO, seeds="least", judging={"metric": "test_loss", "margin": 0.03, "alpha": 0.01}),
        Request(values=TWO, seeds=AutoSeeds(8, 20), noise_floor=True, judging={"margin": 0.35, "all_pairs": True}),
        Request(values=TWO, judging={"baseline": "TanH"}, diagnostics=("saturation,first,last", "gradient-norm")),
        Request(values=TWO, judging={"metric": "gradient_norm@first", "margin": 0.7}, seeds=2),
        Request(values=TWO, judging={"test": "independent"}, seeds=5),
        Request(values={**TWO, "device": ("cpu",), "threads": ("2",), "train_size": ("none",), "augment": ("flip",)}),
        Request(values={**TWO, "validation": ("last:100",), "batch_size": ("32",), "dataset": ("mnist",)}, seeds=1),
        Request(values={"dataset": ("digits", QUOTED)}, seeds=3),
        Request(
            values={"epochs": ("2", "3")},
            variants=({"label": 'a "small" # one', "model": "mlp:hidden=8"}, {"model": "linear", "batch_size": "128"}),
        ),
    ],
    ids=str,
)
def test_the_file_makes_the_same_plan_criteria_and_trials(saved, request_):
    (plan, criteria), (again, other) = saved(request_)
    assert other == criteria
    assert [trial.trial_id for trial in again.trials] == [trial.trial_id for trial in plan.trials]
    assert replace(again, experiment="", baseline=plan.baseline) == plan  # of a record, "" is the first
    assert again.record.to_json() == {**plan.record.to_json(), "experiment": "saved"}


def test_the_defaults_of_files_are_written_down_and_no_others_replace_them(saved):
    request = Request(values={**TWO, "threads": ("1",)})
    (plan, _), (again, _) = saved(
        request,
        defaults={"epochs": "3", "model": "mlp:hidden=8", "threads": "2"},
        later={"epochs": "5", "validation": "0.5", "threads": "4"},
    )
    assert plan.fixed["epochs"] == "3"
    assert replace(again, experiment="", baseline="") == plan


def test_every_criterion_that_users_set_has_a_key():
    assert CRITERIA.keys() >= {"metric", "margin", "alpha", "baseline", "all_pairs"}
    assert all(name in Criteria.__dataclass_fields__ for name in CRITERIA)


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_is_read_back_as_it_was_written(text):
    assert tomllib.loads(f"text = {_string(text)}")["text"] == text


def test_a_text_of_undecodable_bytes_is_refused(registry):
    request = Request(variants=({"label": "a", "model": "mlp"}, {"label": "b", "dataset": "npz:path=\udcff.npz"}))
    plan = build(request, registry)
    with pytest.raises(DlbenchError, match="cannot hold what is no text"):
        experiment_text(request, plan, plan.record.criteria, {}, registry)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("alpha = 0.05", 'alpha = "small"', "alpha = 'small' is not accepted"),
        ("all_pairs = false", "all_pair = false", "[criteria] has no key 'all_pair'"),
        ("own_validation = true", "own_validation = 1", "own_validation = 1 is not accepted"),
        ("seeds = 10", 'seeds = "auto:9..3"', "seeds = 'auto:9..3' is not accepted"),
        ("seeds = 10", "seeds = true", "seeds = True is not accepted"),
    ],
)
def test_a_mistake_in_what_is_new_names_its_line(registry, tmp_path, old, new, said):
    request = Request(values=TWO)
    plan = build(request, registry)
    text = experiment_text(request, plan, plan.record.criteria, {}, registry)
    line = next(number for number, each in enumerate(text.splitlines(), start=1) if each.startswith(old))
    path = tmp_path / "saved.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DlbenchError) as error:
        load_experiment(path)
    assert f"line {line}: {said}" in error.value.message


def test_other_criteria_replace_those_of_the_file_and_a_margin_goes_with_its_metric(registry, tmp_path):
    request = Request(values=TWO, judging={"margin": 0.5})
    plan = build(request, registry)
    path = tmp_path / "saved.toml"
    path.write_text(experiment_text(request, plan, asked_criteria(request.judging, plan.record), {}, registry))
    experiment = load_experiment(path)

    def margin(**judging):
        return asked_criteria(to_request(experiment, Request(judging=judging)).judging, plan.record).margin

    assert deviations(experiment, Request(judging={"alpha": 0.05, "margin": 0.5})) == ""
    changed = deviations(experiment, Request(judging={"alpha": 0.1, "margin": 1.5, "all_pairs": True}))
    assert changed == "changed: alpha 0.1 instead of 0.05, margin 1.5 instead of 0.5, all pairs true instead of false"
    assert margin() == pytest.approx(0.005)
    assert margin(margin=1.5) == pytest.approx(0.015)
    assert margin(alpha=0.1) == pytest.approx(0.005)
    assert margin(metric="test_loss") == asked_criteria({"metric": "test_loss"}, plan.record).margin
