"""Comparisons of variants with seeds of their own, against scipy and by what must hold for any of them."""

from dataclasses import replace
from math import comb, inf, isnan

import numpy as np
import pytest
from scipy import stats

from dlbench.errors import DlbenchError
from dlbench.statistics.comparisons import compare_pairs
from dlbench.statistics.power import detectable_difference, shown_with
from dlbench.statistics.seeds import default_seeds, least_seeds
from dlbench.statistics.sentences import sentence
from dlbench.statistics.verdicts import Rules

RULES = Rules(test="independent", flips=2_000)


def variants(*rows):
    """Return the values of each variant, on seeds that no two variants share."""
    return {name: {100 * place + seed: x for seed, x in enumerate(row)} for place, (name, row) in enumerate(rows)}


def compare(first, second, rules=RULES):
    (found,) = compare_pairs(variants(("new", first), ("old", second)), [("new", "old")], rules)
    return found


def drawn(seed, n=5, m=5, shift=0.0, spread=1.0):
    rng = np.random.default_rng(seed)
    return rng.normal(shift, spread, n), rng.normal(0, 1, m)


def by_scipy(first, second):
    """Return the p of permuting labels, with Welch's t as the statistic, and that of Welch's t test."""

    def statistic(one, other, axis):
        return np.abs(stats.ttest_ind(one, other, axis=axis, equal_var=False).statistic)

    permuted = stats.permutation_test((first, second), statistic, n_resamples=inf, alternative="greater")
    return permuted.pvalue, stats.ttest_ind(first, second, equal_var=False).pvalue


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("n", "m"), [(4, 4), (5, 5), (4, 6), (3, 5)])
def test_p_is_the_larger_of_the_permutation_of_labels_and_of_welchs_test(seed, n, m):
    first, second = drawn(seed, n, m, shift=1.0)
    assert compare(first, second).p == pytest.approx(max(by_scipy(first, second)))


@pytest.mark.parametrize("n", [4, 9])
def test_the_interval_excludes_zero_exactly_where_the_test_rejects(n):
    found = [compare(*drawn(seed, n, n, shift=2.0, spread=2.0)) for seed in range(12)]
    assert {c.p <= 0.05 for c in found} == {True, False}
    assert all((c.p <= 0.05) == (c.difference_low > 0 or c.difference_high < 0) for c in found)


def test_the_interval_contains_what_the_test_of_shifted_values_does_not_reject():
    first, second = drawn(3, 5, 6, shift=1.0)
    found = compare(first, second)
    width = found.difference_high - found.difference_low
    for end, inwards in ((found.difference_low, 1), (found.difference_high, -1)):
        inside, outside = (compare(first - (end + step * inwards * 1e-4 * width), second).p for step in (1, -1))
        assert outside <= 0.05 < inside


def test_many_values_have_welchs_interval_but_for_the_chance_of_permutations():
    first, second = drawn(0, 40, 50, shift=0.7)
    found = compare(first, second, replace(RULES, flips=20_000))
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert (found.difference_low, found.difference_high) == pytest.approx((expected.low, expected.high), abs=0.02)


def test_four_seeds_each_can_show_a_difference_and_three_cannot():
    four, three = compare([5, 6, 7, 8], [1, 2, 3, 4]), compare([6, 7, 8], [1, 2, 3])
    assert (four.verdict, four.p, three.verdict) == ("better", pytest.approx(2 / comb(8, 4)), "n too small")
    assert sentence(three, RULES) == (
        "no claim on new against old: n = 3 independent seeds each cannot reach p ≤ 0.05, 4 each could"
    )


@pytest.mark.parametrize("names", [["a", "b", "c"], ["c", "a", "b"], ["b", "c", "a"]])
def test_names_orders_and_seeds_never_change_a_corrected_p(names):
    rng = np.random.default_rng(5)
    rows = dict(zip("abc", rng.normal([[0], [1], [2]], 1, (3, 6)), strict=True))
    pairs = [("b", "a"), ("c", "a")]
    usual = compare_pairs(variants(*rows.items()), pairs, RULES)
    values = variants(*((name, rng.permutation(rows[name])) for name in names))
    turned = compare_pairs(values, pairs[::-1], RULES)[::-1]
    assert [(c.p, c.p_adjusted, c.verdict) for c in turned] == [(c.p, c.p_adjusted, c.verdict) for c in usual]


def test_a_corrected_p_is_no_smaller_than_the_p_alone_and_rises_with_it():
    rng = np.random.default_rng(1)
    rows = [(f"v{place}", rng.normal(place / 2, 1, 5)) for place in range(6)]
    found = compare_pairs(variants(*rows), [(name, "v0") for name, _ in rows[1:]], RULES)
    assert all(c.p_adjusted >= c.p for c in found)
    ordered = sorted(found, key=lambda c: abs(c.difference) / c.difference_std)[::-1]
    assert [c.p_adjusted for c in ordered] == sorted(c.p_adjusted for c in ordered)


def test_a_unit_changes_no_p():
    first, second = drawn(2, 5, 5, shift=2.0)
    small, large = (compare(first * unit, second * unit, replace(RULES, margin=0.1 * unit)) for unit in (1e-200, 1e200))
    for name in ("p", "p_beyond", "p_equivalent"):
        assert getattr(small, name) == pytest.approx(getattr(large, name))
    assert small.difference_low / 1e-200 == pytest.approx(large.difference_low / 1e200)


def test_a_margin_is_judged_by_shifted_permutations_and_by_two_one_sided_welch_tests():
    rules = replace(RULES, margin=1.0)
    first, second = drawn(8, 6, 6, shift=3.5, spread=0.5)
    found = compare(first, second, rules)
    one_sided = stats.ttest_ind(first - 1.0, second, equal_var=False, alternative="greater").pvalue
    shifted = compare(first - 1.0, second)
    assert 2 * one_sided - 1e-12 <= found.p_beyond == pytest.approx(shifted.p)
    sides = [
        stats.ttest_ind(first + side, second, equal_var=False, alternative=word).pvalue
        for side, word in ((1.0, "greater"), (-1.0, "less"))
    ]
    assert found.p_equivalent == pytest.approx(max(sides))


def test_close_values_are_equivalent_and_equal_ones_are_so_without_a_margin():
    close = compare([0.90, 0.91, 0.90, 0.905], [0.90, 0.905, 0.91, 0.90], replace(RULES, margin=0.05))
    equal = compare([0.9] * 4, [0.9] * 4)
    assert (close.verdict, equal.verdict, equal.difference_low, equal.difference_high) == (*["equivalent"] * 2, 0, 0)


def test_constant_values_that_differ_have_an_interval_without_width():
    found = compare([0.9] * 4, [0.8] * 4)
    assert (found.verdict, found.p) == ("better", pytest.approx(2 / 70))
    assert (found.difference_low, found.difference_high) == pytest.approx((0.1, 0.1))


def test_infinite_values_are_compared_by_rank():
    found = compare([inf, inf, 30, 40, 35], [3, 4, 5, 6, 7], replace(RULES, higher_is_better=False))
    assert (found.verdict, found.p) == ("worse", pytest.approx(2 / comb(10, 5)))
    assert isnan(found.difference)
    assert found.mean == inf


def test_a_seed_without_a_value_is_left_out_of_its_own_side_alone():
    values = variants(("new", [5, 6, None, 7, 8]), ("old", [1, 2, 3, 4, float("nan")]))
    (found,) = compare_pairs(values, [("new", "old")], RULES)
    assert (found.sizes, found.n, found.dropped, found.verdict) == ((4, 4), 4, 2, "better")


def test_a_sentence_says_that_the_seeds_are_independent():
    found = compare([5, 6, 7, 8, 9], [1, 2, 3, 4])
    assert "n = 5 and 4 independent seeds, adjusted p = 0.0" in sentence(found, RULES)


def test_a_sentence_counts_breakdowns_among_all_seeds_of_the_variant():
    found = compare([0.5] + [0.95] * 19, [0.8] * 5)
    assert "n = 20 and 5 independent seeds" in sentence(found, RULES)
    assert "; 1 of 20 seeds broke down, but up to 22 % of seeds may" in sentence(found, RULES)


@pytest.mark.parametrize(("seeds", "alpha"), [(12, 1e-5), (9, 9e-5), (9, 1e-9)])
def test_at_a_level_that_random_permutations_never_reach_the_interval_is_welchs(seeds, alpha):
    """The p of 20,000 random permutations is never below 1 / 20,001: no shift is rejected, however large."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(1, 1, seeds), rng.normal(0, 1, seeds)
    found = compare(first, second, replace(RULES, alpha=alpha))
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval(1 - alpha)
    assert (found.difference_low, found.difference_high) == pytest.approx((expected.low, expected.high))


def test_better_is_a_share_of_all_pairs():
    assert compare([2, 4, 6], [1, 3, 5]).probability_of_improvement == pytest.approx(6 / 9)


@pytest.mark.parametrize(("alpha", "least"), [(0.05, 4), (0.01, 5), (0.001, 7)])
def test_the_least_number_of_seeds_is_that_of_the_smallest_share_of_labels(alpha, least):
    assert least_seeds(alpha, "independent") == least
    assert 2 / comb(2 * least, least) <= alpha < 2 / comb(2 * least - 2, least - 1)


@pytest.mark.parametrize("comparisons", [1, 2, 3, 5])
def test_the_default_number_of_seeds_shows_one_standard_deviation_of_a_difference_in_four_of_five_studies(comparisons):
    n = default_seeds(comparisons, test="independent")
    alpha = 0.05 / comparisons
    smaller, here = (detectable_difference(1.0, seeds, alpha=alpha, samples=2.0) for seeds in (n - 1, n))
    assert here <= 1.01 < smaller * 1.01


def test_the_detectable_difference_has_the_degrees_of_freedom_of_both_samples():
    rng = np.random.default_rng(0)
    found = compare(rng.normal(0, 1, 8), rng.normal(0, 1, 8))
    paired = replace(found, test="paired")
    assert shown_with(found, RULES, 1, 8) < shown_with(paired, RULES, 1, 8)


def test_an_unknown_test_is_said_to_be_one():
    with pytest.raises(DlbenchError, match="There is no test 'pared'") as caught:
        Rules(test="pared")
    assert "paired" in caught.value.hint
