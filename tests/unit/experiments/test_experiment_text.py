"""A comparison written as an experiment file is the same comparison, trial for trial."""

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.analysis.criteria import asked_criteria
from dlbench.errors import DlbenchError
from dlbench.experiments.about import About
from dlbench.experiments.deviations import deviations
from dlbench.experiments.discovery import find_experiments
from dlbench.experiments.experiment_file import load_experiment
from dlbench.experiments.experiment_text import experiment_text
from dlbench.experiments.keys import CRITERIA
from dlbench.experiments.request import check, to_request
from dlbench.experiments.toml import quoted
from dlbench.plans.build import build
from dlbench.plans.criteria import Criteria
from dlbench.plans.plan import Request
from dlbench.plans.spelling import canonical
from dlbench.plugins.registry import Registry
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
    assert tomllib.loads(f"text = {quoted(text)}")["text"] == text


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


@pytest.fixture
def with_criteria():
    file = next(iter(find_experiments(Registry.load())))
    return lambda **criteria: replace(load_experiment(file.path, file.plugin), criteria=criteria)


@pytest.mark.parametrize("own", [{}, {"metric": "test_acc"}])
def test_a_margin_stays_where_its_metric_is_named_again(own, with_criteria):
    experiment = with_criteria(**own, margin=0.005)
    named = Request(judging={"metric": "test_accuracy"})
    assert to_request(experiment, named).judging["margin_in_files"] == 0.005
    assert "margin_in_files" not in to_request(experiment, Request(judging={"metric": "test_loss"})).judging


@pytest.mark.parametrize(
    ("own", "given", "said"),
    [
        ({"metric": "test-accuracy"}, "test_accuracy", ""),
        ({"metric": "test_acc"}, "Test-Accuracy", ""),
        ({"margin": 0.002}, "test_accuracy", ""),
        ({"margin": 0.002}, "test_loss", "changed: metric test_loss instead of test_accuracy"),
        ({"metric": "test-loss"}, "test_accuracy", "changed: metric test_accuracy instead of test_loss"),
    ],
)
def test_a_metric_is_another_where_it_means_another_however_it_is_spelled(own, given, said, with_criteria):
    assert deviations(with_criteria(**own), Request(judging={"metric": given})) == said


def test_a_margin_that_is_replaced_is_told_in_the_unit_of_its_own_metric(with_criteria):
    experiment = with_criteria(metric="test_loss", margin=0.005)
    changed = deviations(experiment, Request(judging={"metric": "test_accuracy", "margin": 0.5}))
    assert changed.endswith("metric test_accuracy instead of test_loss, margin 0.5 instead of 0.005")


FILE = """
schema = 1
title = "Wider is better"
report = "board"
description = "A note."
seeds = [4, 5]
own_validation = true

[settings]
epochs = 9
device = "cpu"

[criteria]
metric = "test_loss"
margin = 0.03

[axes]
activation = ["relu", "tanh", "gelu"]

[[reported]]
variant = "gelu"
metric = "test_accuracy"
value = 0.9
place = "line 4"

[[reported]]
variant = "tanh"
metric = "epochs_to_target"
target = 0.5
value = 3

[[claims]]
text = "ReLU is as good as tanh."
metric = "train_loss"
at = 2
relation = "relu ≈ tanh"
margin = 0.25
alpha = 0.01

[[claims]]
text = "GELU is better."
metric = "test_accuracy"
over = "last:2"
relation = "gelu > relu"
"""


@pytest.fixture
def saved_experiment(registry, tmp_path):
    """Write what overrides make of an experiment as a file; return both experiments with their plans."""

    def save(experiment, registry=registry, **overrides):
        given = canonical(Request(**overrides), registry)
        request = to_request(experiment, given)
        plan = build(request, registry)
        about = About.of(experiment, plan, deviations(experiment, given))
        text = experiment_text(request, plan, asked_criteria(request.judging, plan.record), {}, registry, about)
        path = tmp_path / "saved.toml"
        path.write_text(text, encoding="utf-8")
        again = load_experiment(path)
        return plan, again, check(again, registry)

    return save


def said(rows):
    return [replace(row, line=0) for row in rows]


def test_an_experiment_is_saved_with_what_it_reports_and_claims(saved_experiment, tmp_path):
    (tmp_path / "mine.toml").write_text(FILE, encoding="utf-8")
    mine = load_experiment(tmp_path / "mine.toml")
    plan, again, other = saved_experiment(mine)
    assert [trial.trial_id for trial in other.trials] == [trial.trial_id for trial in plan.trials]
    assert (again.title, again.report, again.description) == (mine.title, mine.report, mine.description)
    assert (said(again.reported), said(again.claims)) == (said(mine.reported), said(mine.claims))
    assert deviations(mine, to_request(again)) == ""
    chosen, defaults = again.path.read_text(encoding="utf-8").split("# The defaults of dlbench at that time")
    assert 'epochs = 9\ndevice = "cpu"\n' in chosen
    assert 'model = "mlp"\n' in defaults


def test_what_overrides_change_is_saved_told_in_the_title_and_kept_out_where_nothing_has_that_name(
    saved_experiment, tmp_path
):
    (tmp_path / "mine.toml").write_text(FILE, encoding="utf-8")
    mine = load_experiment(tmp_path / "mine.toml")
    plan, again, other = saved_experiment(mine, values={"activation": ("relu", "tanh"), "epochs": ("2",)}, seeds=1)
    assert [trial.trial_id for trial in other.trials] == [trial.trial_id for trial in plan.trials]
    assert again.title.startswith("Wider is better (reduced: activation relu and tanh instead of relu, tanh and gelu,")
    assert "epochs 2 instead of 9" in again.title
    assert (said(again.reported), said(again.claims)) == (said(mine.reported[1:]), said(mine.claims[:1]))
    text = again.path.read_text(encoding="utf-8")
    assert "# Left out, since what they name is not compared here: 1 reported figure and 1 claim.\n" in text


@pytest.mark.slow
def test_every_experiment_of_the_reports_survives_being_saved(saved_experiment):
    registry = Registry.load()
    for file in find_experiments(registry):
        experiment = load_experiment(file.path, file.plugin)
        plan, again, other = saved_experiment(experiment, registry)
        assert [trial.trial_id for trial in other.trials] == [trial.trial_id for trial in plan.trials], file.name
        assert (said(again.reported), said(again.claims)) == (said(experiment.reported), said(experiment.claims))
