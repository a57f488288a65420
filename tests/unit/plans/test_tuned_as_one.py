"""Variants of an experiment that differ only in what is tuned: one variant, by whatever name the file has for it."""

import json

import pytest

from dlbench.errors import DlbenchError
from dlbench.plans.build import build
from dlbench.plans.naming import find_group
from dlbench.plans.parse import parse_plan
from dlbench.plans.plan import Request
from dlbench.plans.tuning import Tune

NAMED = (
    {"label": "sgd 3e-3", "optimizer": "sgd", "learning_rate": "3e-3"},
    {"label": "sgd 1e-2", "optimizer": "sgd", "learning_rate": "1e-2"},
    {"label": "nesterov 3e-3", "optimizer": "sgd:momentum=0.9:nesterov=true", "learning_rate": "3e-3"},
    {"label": "nesterov 1e-2", "optimizer": "sgd:momentum=0.9:nesterov=true", "learning_rate": "1e-2"},
)


@pytest.fixture
def planned(registry):
    def plan(*ranges, experiment="report/rates", variants=(), judging=None, **values):
        tune = Tune(ranges=ranges or ("learning-rate",), budget="4")
        request = Request(values=values, variants=variants, experiment=experiment, tune=tune, judging=judging or {})
        return build(request, registry)

    return plan


def test_named_variants_of_two_rates_are_one_named_by_what_their_names_share(planned):
    plan = planned(variants=NAMED)
    assert [variant.label for variant in plan.variants] == ["sgd", "nesterov"]
    assert plan.axes == {"variant": ("sgd", "nesterov")}
    assert [variant.trial.settings.learning_rate for variant in plan.variants] == [0.003, 0.003]
    assert plan.notes == (
        'variants that differ only in what is tuned (learning rate) are one: sgd stands for "sgd 3e-3" and "sgd 1e-2"; '
        'nesterov stands for "nesterov 3e-3" and "nesterov 1e-2"',
    )


def test_an_axis_that_is_tuned_is_no_axis_and_is_named_among_what_is_fixed(planned):
    plan = planned(activation=("relu", "tanh"), learning_rate=("0.01", "0.03"))
    assert plan.axes == {"activation": ("relu", "tanh")}
    assert [variant.label for variant in plan.variants] == ["relu", "tanh"]
    assert plan.fixed["learning_rate"] == "log:0.0001..0.1"


def test_an_experiment_of_learning_rates_alone_is_one_tuned_variant(planned):
    plan = planned(learning_rate=("0.01", "0.03", "0.1"))
    assert [variant.label for variant in plan.variants] == ["mlp"]
    assert plan.axes == {}


def test_a_component_parameter_that_is_tuned_makes_its_variants_one(planned):
    plan = planned("model.dropout=choice:0/0.3/0.5", model=("mlp:dropout=0", "mlp:dropout=0.5"))
    assert [variant.stands_for for variant in plan.variants] == [("mlp", "mlp:dropout=0.5")]


def test_names_that_share_nothing_or_a_name_that_is_taken_leave_the_first_name(planned):
    slow, fast = {**NAMED[0], "label": "slow"}, {**NAMED[1], "label": "fast"}
    assert [variant.label for variant in planned(variants=(slow, fast)).variants] == ["slow"]
    taken = {"label": "sgd", "optimizer": "adam"}
    assert [variant.label for variant in planned(variants=(*NAMED[:2], taken)).variants] == ["sgd 3e-3", "sgd"]


def test_the_name_of_each_of_them_still_means_the_one_and_so_does_the_baseline(planned):
    plan = planned(variants=NAMED, judging={"baseline": "nesterov 1e-2"})
    assert plan.record.baseline == "nesterov"
    for name in ("sgd", "sgd 3e-3", "sgd 1e-2"):
        assert [variant.label for variant in find_group(name, plan.record).variants] == ["sgd"]
    assert parse_plan(json.loads(json.dumps(plan.record.to_json()))) == plan.record


def test_variants_that_differ_in_more_stay_as_they_are(planned):
    plan = planned(variants=(NAMED[0], NAMED[3]))
    assert [(variant.label, variant.stands_for) for variant in plan.variants] == [
        ("sgd 3e-3", ()),
        ("nesterov 1e-2", ()),
    ]
    assert plan.notes == ()


def test_whoever_compares_and_tunes_one_setting_in_one_command_is_told(planned):
    with pytest.raises(DlbenchError, match="differ only in what is tuned"):
        planned(variants=NAMED, experiment="")
