"""The search before a comparison, as it is planned: which points, on which seeds, for which variants."""

import json
from dataclasses import replace

import pytest

from dlbench.errors import DlbenchError
from dlbench.plans.build import build
from dlbench.plans.parse import parse_plan
from dlbench.plans.plan import Request
from dlbench.plans.tuning import Tune
from dlbench.statistics.seeds import AutoSeeds

RATE = "learning-rate=log:1e-4..1e-1"


@pytest.fixture
def planned(registry):
    def plan(*ranges, budget="8", studies=0, seeds=None, points_seeds=1, request=None, **values):
        tune = Tune(ranges=ranges or (RATE,), budget=budget, studies=studies, seeds=points_seeds)
        given = {"activation": ("relu", "tanh"), **values}
        return build(Request(values=given, seeds=seeds, tune=tune, **(request or {})), registry)

    return plan


@pytest.fixture
def refused(planned):
    def sentence(*ranges, **given):
        with pytest.raises(DlbenchError) as caught:
            planned(*ranges, **given)
        assert caught.value.hint
        return f"{caught.value.message} {caught.value.hint}"

    return sentence


def tried(plan, label, name="learning_rate", search=0):
    return [candidate.values[name] for candidate in plan.record.tuning.searches[search].candidates[label]]


def test_every_variant_is_tried_at_the_same_points_its_own_settings_first(planned):
    plan = planned()
    assert tried(plan, "relu") == tried(plan, "tanh")
    assert tried(plan, "relu")[0] == 0.001
    assert len({*tried(plan, "relu")}) == 8
    assert all(1e-4 <= value <= 1e-1 for value in tried(plan, "relu"))


def test_the_points_do_not_depend_on_the_order_or_the_company_of_variants(planned):
    alone, turned = planned(activation=("tanh",)), planned(activation=("elu", "tanh", "relu"))
    assert {tuple(tried(alone, "mlp")), tuple(tried(turned, "tanh"))} == {tuple(tried(planned(), "tanh"))}


def test_a_larger_budget_keeps_the_points_that_were_there(planned):
    assert tried(planned(budget="16"), "relu")[:8] == tried(planned(), "relu")
    few, many = planned(), planned(budget="16")
    assert {trial.trial_id for trial in few.trials} <= {trial.trial_id for trial in many.trials}


def test_a_search_has_seeds_that_no_evaluation_and_no_noise_floor_has(planned):
    plan = planned(seeds=12, points_seeds=3, request={"noise_floor": True})
    search = {trial.seed for trial in plan.trials}
    evaluation = {trial.seed for trial in plan.evaluation.trials}
    assert (len(search), len(evaluation)) == (3, 24)
    assert not search & evaluation
    assert {trial.role for trial in plan.trials} == {"tuning"}
    assert {trial.role for trial in plan.evaluation.trials} == {"evaluation"}


def test_a_tuning_trial_is_another_trial_than_an_evaluation_of_the_same_settings(planned):
    trial = planned().trials[0]
    assert replace(trial, role="evaluation").trial_id != trial.trial_id


def test_the_search_is_trained_point_by_point_so_that_an_interruption_leaves_equal_budgets(planned):
    labels = [planned().tuning.labels[trial.variant_id] for trial in planned().trials]
    assert [label.partition(" at ")[0] for label in labels] == ["relu", "tanh"] * 8


def test_a_parameter_of_two_optimizers_is_two_parameters(planned):
    plan = planned("auto", activation=("relu",), optimizer=("adam", "sgd:momentum=0.9"))
    ranges = plan.record.tuning.ranges
    assert ranges["adam"] == {"learning_rate": "log:0.0001..0.1"}
    assert ranges["sgd:momentum=0.9"] == {"learning_rate": "log:0.001..1"}
    assert plan.fixed["learning_rate"] == "tuned"


def test_parameters_of_components_are_tuned_beside_settings(planned):
    plan = planned(RATE, "optimizer.weight_decay=log:1e-6..1e-2", "model.dropout={0,0.3,0.5}")
    first, *others = plan.record.tuning.searches[0].candidates["tanh"]
    assert first.values == {"learning_rate": 0.001, "optimizer.weight_decay": 0.0, "model.dropout": 0.0}
    for candidate, trial in zip(others, plan.tuning.trials_of[0]["tanh"][1:], strict=True):
        assert candidate.values["optimizer.weight_decay"] == trial.optimizer.parameters["weight_decay"]
        assert candidate.values["model.dropout"] == trial.model.parameters["dropout"]
        assert candidate.values["learning_rate"] == trial.settings.learning_rate
    assert {candidate.values["model.dropout"] for candidate in others} == {0.0, 0.3, 0.5}


def test_a_name_of_one_component_tunes_that_alone(planned):
    plan = planned(RATE, "sgd.momentum=lin:0..0.95", activation=("relu",), optimizer=("adam", "sgd"))
    assert list(plan.record.tuning.ranges["adam"]) == ["learning_rate"]
    assert list(plan.record.tuning.ranges["sgd"]) == ["learning_rate", "optimizer.momentum"]


def test_without_a_range_a_name_has_the_one_that_the_optimizer_declares(planned):
    plan = planned("learning-rate", activation=("relu",), optimizer=("sgd",))
    assert plan.record.tuning.ranges["mlp"] == {"learning_rate": "log:0.001..1"}


def test_points_that_are_the_same_are_trained_once(planned):
    plan = planned("model.dropout=choice:0/0.5", budget="8")
    assert len(plan.trials) == len(plan.record.tuning.trials) == 4


def test_each_study_has_points_and_seeds_of_its_own_and_one_seed_to_be_judged_on(planned):
    plan = planned(studies=6, budget="3")
    searches = plan.record.tuning.searches
    assert len({search.seeds for search in searches}) == 6
    assert len({tuple(tried(plan, "relu", search=number)) for number in range(6)}) == 6
    assert plan.seeds == tuple(range(6))
    chosen = plan.record.tuning.ended(tuple({"relu": 1, "tanh": 2} for _ in range(6)))
    tuned = plan.tuned(chosen)
    rates = [trial.settings.learning_rate for trial in tuned.trials if trial.activation.name.endswith("relu")]
    assert rates == [tried(plan, "relu", search=number)[1] for number in range(6)]
    assert len(set(rates)) == 6
    assert tuned.record.labels[tuned.trials[0].variant_id, 0] == "relu"


def test_what_was_chosen_is_evaluated(planned):
    plan = planned()
    tuned = plan.tuned(plan.record.tuning.ended(({"relu": 0, "tanh": 5},)))
    rates = {variant.label: variant.trial.settings.learning_rate for variant in tuned.variants}
    assert rates == {"relu": 0.001, "tanh": tried(plan, "tanh")[5]}
    assert {trial.role for trial in tuned.trials} == {"evaluation"}


@pytest.mark.parametrize("studies", [0, 6])
def test_a_plan_with_a_search_is_read_back_from_the_manifest(planned, studies):
    plan = planned(RATE, "model.dropout={0,0.5}", studies=studies)
    searches = max(1, studies)
    for record in (plan.record, plan.tuned(plan.record.tuning.ended(({"relu": 1, "tanh": 2},) * searches)).record):
        assert parse_plan(json.loads(json.dumps(record.to_json()))) == record


@pytest.mark.parametrize(
    ("ranges", "given", "why"),
    [
        ((RATE,), {"budget": "1"}, "2 to"),
        ((RATE,), {"budget": "1e9"}, "number of points or a time"),
        ((RATE,), {"budget": "0h"}, "no time"),
        ((RATE,), {"studies": 5}, "6"),
        ((RATE,), {"studies": 6, "seeds": 9}, "one seed each"),
        ((RATE,), {"studies": 6, "request": {"noise_floor": True}}, "--noise-floor"),
        ((RATE,), {"studies": 6, "seeds": AutoSeeds(6, 6)}, "auto"),
        ((RATE,), {"seeds": [0, 1_000_000]}, "search uses"),
        ((RATE,), {"validation": ("test",)}, "reads the test set"),
        ((RATE,), {"select": ("best-on-test",)}, "reads the test set"),
        ((RATE,), {"learning_rate": ("0.1", "0.01"), "activation": ("relu",)}, "differ only in what is tuned"),
        (("epochs=int:1..9",), {}, "cannot be tuned"),
        (("sharpness=lin:0..1",), {}, "is no setting"),
        (("model.dropot=lin:0..1",), {}, "dropout"),
        (("optimizer.momentum=lin:0..1",), {}, "no parameter 'momentum'"),
        (("sgd.momentum=lin:0..1",), {}, "nothing of what is to be tuned"),
        (("widget.x=lin:0..1",), {}, "no 'widget'"),
        (("dropout=lin:0..1",), {}, "Write --tune model.dropout=…"),
        (("=lin:0..1",), {}, "does not read NAME=RANGE"),
        (("learning-rate:log:1e-4..1e-1",), {}, "does not read NAME=RANGE"),
        ((RATE, "lr=log:1e-3..1"), {}, "twice, in log:0.0001..0.1 and in log:0.001..1"),
        ((RATE,), {"select": ("best-on-test",), "validation": ("test",)}, "Add --validation 0.2 --select"),
        (("learning-rate=log:1e-1..1e-4",), {}, "smaller end first"),
        (("patience",), {}, "Write one, such as --tune patience=int:"),
        (("model.hidden",), {}, "Write one, such as --tune model.hidden=choice:"),
        (("model.dropout",), {}, "Write one, such as --tune model.dropout=lin:"),
    ],
)
def test_what_cannot_be_tuned_is_refused_with_what_to_write(refused, ranges, given, why):
    assert why in refused(*ranges, **given)


def test_a_record_whose_range_means_nothing_is_refused_by_name(registry, install, planned):
    install(
        "odd",
        """
        from dlbench import Optimizer, hookimpl

        @hookimpl
        def dlbench_optimizers():
            return [Optimizer(name="odd", factory="x:y", search={"learnin_rate": "log:1e-4..1"})]
        """,
    )
    from dlbench.plugins.registry import Registry

    tune = Tune(ranges=("auto",))
    with pytest.raises(DlbenchError, match="learnin_rate"):
        build(Request(values={"optimizer": ("odd", "sgd")}, tune=tune), Registry.load())
