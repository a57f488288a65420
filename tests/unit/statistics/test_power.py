import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from dlbench.statistics.comparisons import compare_pairs
from dlbench.statistics.power import detection_power, pairs_needed, pairs_to_show
from dlbench.statistics.verdicts import Rules


def against(values, baseline, rules):
    """Judge each variant against the baseline."""
    return compare_pairs(values, [(variant, baseline) for variant in values if variant != baseline], rules)


@pytest.mark.parametrize("effect", [0.3, 0.8])
@pytest.mark.parametrize("pairs", [6, 30])
def test_power_is_that_of_statsmodels(effect, pairs):
    expected = TTestPower().power(effect, pairs, 0.025, alternative="larger")  # "two-sided" counts the wrong side too
    assert detection_power(effect, pairs) == pytest.approx(expected)


@pytest.mark.parametrize("effect", [0.2, 0.5, 0.9])
def test_pairs_needed_are_those_of_statsmodels(effect):
    expected = TTestPower().solve_power(effect, power=0.8, alpha=0.05, alternative="two-sided")
    assert pairs_needed(effect, 1.0) == int(np.ceil(expected))


@pytest.mark.parametrize("effect", [5.0, 50.0, 1e6, -1e6])
def test_a_huge_difference_still_needs_pairs_that_can_be_significant(effect):
    assert pairs_needed(effect, 1.0) == 6
    assert pairs_needed(effect, 1.0, comparisons=5) == 8
    assert pairs_needed(effect, 0.0, comparisons=5) == 8


def test_more_comparisons_and_a_margin_need_more_pairs():
    plain = pairs_needed(0.5, 1.0)
    assert plain < pairs_needed(0.5, 1.0, comparisons=5)
    assert pairs_needed(0.5, 1.0, margin=0.2) == pairs_needed(0.3, 1.0) > plain


def test_a_difference_within_the_margin_cannot_be_shown_to_exceed_it():
    assert pairs_needed(0.002, 0.01, margin=0.002) is None
    assert pairs_needed(float("nan"), 0.01) is None


def test_a_difference_that_the_maximum_cannot_show_needs_no_number_of_pairs():
    assert pairs_needed(1e-6, 1.0) is None
    assert pairs_needed(0.5, 1.0, maximum=20) is None


def test_the_spread_of_a_comparison_is_computed_from_its_interval():
    differences = np.random.default_rng(5).normal(0.006, 0.01, 8)
    values = {"a": dict.fromkeys(range(8), 0.5), "b": dict(enumerate(0.5 + differences))}
    rules = Rules(margin=0.001)
    (seen,) = against(values, "a", rules)
    expected = pairs_needed(differences.mean(), differences.std(ddof=1), comparisons=3, margin=0.001)
    assert pairs_to_show(seen, rules, 3) == expected


def test_one_pair_allows_no_estimate():
    (seen,) = against({"a": {0: 0.5}, "b": {0: 0.6}}, "a", Rules())
    assert pairs_to_show(seen, Rules(), 1) is None


def test_the_estimate_holds_in_simulation():
    pairs = pairs_needed(0.7, 1.0)
    rows = np.random.default_rng(0).normal(0.7, 1.0, (400, pairs))
    rules = Rules(flips=2_000)
    values = [{"a": dict.fromkeys(range(pairs), 0.0), "b": dict(enumerate(row))} for row in rows]
    found = [against(study, "a", rules)[0].verdict == "better" for study in values]
    assert 0.72 <= np.mean(found) <= 0.88
