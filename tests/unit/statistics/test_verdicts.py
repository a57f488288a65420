import pytest

from dlbench.components.metric_table import find_metric
from dlbench.errors import DlbenchError
from dlbench.statistics.verdicts import Rules, judge

RULES = Rules(margin=0.002)


def verdict(low, high, n=10, p=0.001, comparisons=1, rules=RULES):
    return judge(n=n, low=low, high=high, p_holm=p, comparisons=comparisons, rules=rules)


@pytest.mark.parametrize(
    ("low", "high", "p", "expected"),
    [
        (0.003, 0.010, 0.01, "better"),
        (-0.010, -0.003, 0.01, "worse"),
        (0.001, 0.010, 0.01, "differs, may be negligible"),
        (0.002, 0.010, 0.01, "differs, may be negligible"),
        (-0.010, -0.002, 0.01, "differs, may be negligible"),
        (0.003, 0.010, 0.05, "not shown"),
        (-0.001, 0.010, 0.01, "not shown"),
        (0.0, 0.010, 0.01, "not shown"),
        (0.001, 0.002, 0.001, "equivalent"),
        (-0.002, 0.002, 0.9, "equivalent"),
    ],
)
def test_interval_margin_and_p_decide_together(low, high, p, expected):
    assert verdict(low, high, p=p) == expected


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_pairs_are_too_few_even_for_equivalence(n):
    assert verdict(0.0, 0.0, n=n) == "n too small"


@pytest.mark.parametrize(("n", "comparisons"), [(3, 1), (5, 1), (6, 2), (7, 4)])
def test_pairs_that_cannot_reach_significance_show_no_difference_but_may_show_equivalence(n, comparisons):
    assert verdict(0.1, 0.2, n=n, comparisons=comparisons, p=0.0) == "n too small"
    assert verdict(-0.001, 0.001, n=n, comparisons=comparisons) == "equivalent"


@pytest.mark.parametrize(("n", "comparisons"), [(6, 1), (7, 3), (8, 6)])
def test_pairs_that_just_can_reach_significance_may_show_a_difference(n, comparisons):
    assert verdict(0.1, 0.2, n=n, comparisons=comparisons) == "better"


def test_less_loss_is_better():
    rules = Rules(higher_is_better=False)
    assert verdict(-0.2, -0.1, rules=rules) == "better"
    assert verdict(0.1, 0.2, rules=rules) == "worse"


def test_nothing_known_shows_nothing():
    nan = float("nan")
    assert verdict(nan, nan, p=nan) == "not shown"


def test_rules_of_a_metric_follow_from_its_name():
    accuracy, loss = find_metric("test_accuracy"), find_metric("test_loss")
    assert Rules.for_metric(accuracy) == Rules(metric=accuracy, margin=0.002)
    assert Rules.for_metric(loss, margin=0.1) == Rules(metric=loss, margin=0.1, higher_is_better=False)


@pytest.mark.parametrize("wrong", [{"margin": -0.1}, {"margin": float("nan")}, {"alpha": 0.0}, {"alpha": 5}])
def test_impossible_rules_are_refused(wrong):
    with pytest.raises(DlbenchError):
        Rules(**wrong)
