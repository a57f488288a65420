"""While a comparison runs, its page shows numbers, and no verdict that the plan does not allow."""

from dataclasses import replace

import pytest

from dlbench.analysis.so_far import EndedTrial, allowed_part, so_far
from dlbench.components.metric_table import find_metric
from dlbench.plans.criteria import Criteria

LOOKS = (8, 11, 14)


@pytest.fixture
def ended(make_record):
    """Return trials that have ended: each label's first seeds, with accuracies 0.5, 0.51, …"""

    def of(plan, status="done", **counts):
        found = {}
        for variant in plan.variants:
            for seed in range(counts[variant.label]):
                key = (variant.identity(seed), seed)
                found[key] = EndedTrial(("a.jsonl", len(found)), status, "", 0.5 + seed / 100)
        return found

    return of


def test_without_looks_nothing_may_be_seen_until_every_planned_trial_has_ended(make_plan, ended):
    plan = make_plan(("relu", "tanh"), range(20))
    for counts in ({"relu": 0, "tanh": 0}, {"relu": 20, "tanh": 19}, {"relu": 10, "tanh": 10}):
        assert allowed_part(plan, ended(plan, **counts)) is None
    assert allowed_part(plan, ended(plan, relu=20, tanh=20)) is plan


@pytest.mark.parametrize("spending", ["haybittle-peto", "obrien-fleming"])
def test_with_looks_the_last_complete_one_may_be_seen_and_nothing_between(make_plan, ended, spending):
    criteria = Criteria(baseline="relu", interim_analyses=LOOKS, spending=spending)
    plan = replace(make_plan(("relu", "tanh"), range(14)), judging=criteria)
    expected = {7: None, 8: 8, 10: 8, 11: 11, 13: 11, 14: 14}
    for count, seeds in expected.items():
        part = allowed_part(plan, ended(plan, relu=count, tanh=count))
        assert (part and len(part.seeds)) == seeds
    # One variant alone makes no look.
    assert allowed_part(plan, ended(plan, relu=14, tanh=7)) is None


def test_a_variant_that_got_no_more_seeds_holds_no_look_up(make_plan, ended):
    criteria = Criteria(baseline="relu", interim_analyses=LOOKS, spending="haybittle-peto")
    plan = replace(make_plan(("relu", "tanh", "elu"), range(11)), judging=criteria, finished={"tanh": 8})
    part = allowed_part(plan, ended(plan, relu=11, tanh=8, elu=11))
    assert part is plan


def test_looks_that_share_alpha_evenly_are_one_question_each_as_they_are_judged(make_plan, ended):
    criteria = Criteria(baseline="relu", interim_analyses=LOOKS, spending="even")
    plan = replace(make_plan(("relu", "tanh"), range(14)), judging=criteria)
    assert allowed_part(plan, ended(plan, relu=11, tanh=11)) is None


def test_numbers_so_far_are_those_of_the_planned_seeds_alone(make_plan, ended):
    plan = make_plan(("relu", "tanh"), range(6))
    rows = so_far(plan, ended(plan, relu=4, tanh=9), find_metric("test_accuracy"))
    assert [(row.label, row.place, row.n, row.planned) for row in rows] == [("relu", 0, 4, 6), ("tanh", 1, 6, 6)]
    assert rows[0].note == "so far, n = 4: no verdict yet"
    assert rows[0].values == "51.50 ± 1.29"


def test_a_failed_trial_and_one_without_the_value_are_no_numbers(make_plan, ended):
    plan = make_plan(("relu", "tanh"), range(6))
    metric = find_metric("test_accuracy")
    assert [row.values for row in so_far(plan, ended(plan, "failed", relu=2, tanh=2), metric)] == ["", ""]
    without = {key: trial._replace(value=None) for key, trial in ended(plan, relu=2, tanh=0).items()}
    assert [(row.n, row.values) for row in so_far(plan, without, metric)] == [(2, ""), (0, "")]
