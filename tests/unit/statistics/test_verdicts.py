from dataclasses import replace
from math import inf, nan

import pytest

from dlbench.components.metric_table import find_metric
from dlbench.errors import DlbenchError
from dlbench.statistics.verdicts import Comparison, Rules, judge

RULES = Rules(margin=0.002)


SEEN = Comparison(
    **dict.fromkeys(("variant", "baseline", "metric"), ""),
    **dict.fromkeys(("mean", "std", "mean_low", "mean_high", "difference_low", "difference_high"), 0.0),
    **dict.fromkeys(("difference_std", "p", "probability_of_improvement", "correlation", "unpaired_std"), 0.0),
    **dict.fromkeys(("n", "ahead", "behind", "dropped", "broke_down"), 0),
    **dict.fromkeys(("difference", "p_adjusted", "p_beyond", "p_equivalent", "breakdown_high"), 1.0),
    verdict="not shown",
)


def verdict(n=10, nonzero=None, side=1.0, p=0.001, beyond=0.001, equivalent=1.0, rules=RULES):
    nonzero = n if nonzero is None else nonzero
    tests = {"p_adjusted": p, "p_beyond": beyond, "p_equivalent": equivalent}
    return judge(replace(SEEN, n=n, ahead=nonzero, difference=side, **tests), rules)


@pytest.mark.parametrize(
    ("p", "beyond", "equivalent", "side", "expected"),
    [
        (0.01, 0.01, 1.0, 1.0, "better"),
        (0.01, 0.05, 1.0, -1.0, "worse"),
        (0.05, 0.051, 1.0, 1.0, "differs, may be negligible"),
        (0.01, 1.0, 0.051, -1.0, "differs, may be negligible"),
        (0.051, 0.01, 1.0, 1.0, "not shown"),
        (0.01, 1.0, 0.05, 1.0, "equivalent"),
        (0.9, 1.0, 0.01, 1.0, "equivalent"),
    ],
)
def test_three_tests_decide(p, beyond, equivalent, side, expected):
    assert verdict(p=p, beyond=beyond, equivalent=equivalent, side=side) == expected


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_pairs_are_too_few_even_for_equivalence(n):
    assert verdict(n=n, nonzero=0, equivalent=0.0) == "n too small"


@pytest.mark.parametrize("n", [3, 5])
def test_fewer_than_six_pairs_are_too_few_unless_they_are_identical(n):
    assert verdict(n=n) == verdict(n=n, equivalent=0.0) == "n too small"
    assert verdict(n=n, nonzero=0, equivalent=0.0) == "equivalent"


@pytest.mark.parametrize(("nonzero", "expected"), [(5, "n too small"), (6, "better")])
def test_pairs_without_a_difference_do_not_count(nonzero, expected):
    assert verdict(n=20, nonzero=nonzero) == expected


def test_less_loss_is_better():
    rules = Rules(higher_is_better=False)
    assert verdict(side=-0.1, rules=rules) == "better"
    assert verdict(side=0.1, rules=rules) == "worse"


def test_nothing_known_shows_nothing():
    assert verdict(p=nan, beyond=nan, equivalent=nan) == "not shown"


def test_rules_of_a_metric_follow_from_its_name():
    accuracy, loss = find_metric("test_accuracy"), find_metric("test_loss")
    assert Rules.for_metric(accuracy) == Rules(metric=accuracy, margin=0.002)
    assert Rules.for_metric(loss, margin=0.1) == Rules(metric=loss, margin=0.1, higher_is_better=False)


@pytest.mark.parametrize("wrong", [{"margin": -0.1}, {"margin": nan}, {"margin": inf}, {"alpha": 0.0}, {"alpha": 5}])
def test_impossible_rules_are_refused(wrong):
    with pytest.raises(DlbenchError):
        Rules(**wrong)
