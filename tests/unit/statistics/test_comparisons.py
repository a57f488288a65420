import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dlbench.components.metric_table import find_metric
from dlbench.errors import DlbenchError
from dlbench.statistics.comparisons import compare_pairs, interaction
from dlbench.statistics.sentences import Lead, lead_sentence
from dlbench.statistics.verdicts import Rules

ACCURACY = Rules(metric=find_metric("accuracy"))
QUICK = Rules(resamples=300, flips=1_000)
MIRROR = {"better": "worse", "worse": "better"}


def against(values, baseline, rules):
    """Judge each variant against the baseline."""
    return compare_pairs(values, [(variant, baseline) for variant in values if variant != baseline], rules)


def series(values):
    return dict(enumerate(map(float, values)))


def noise(seed, n, center=0.9, std=0.01):
    return np.random.default_rng(seed).normal(center, std, n)


def by_name(comparisons):
    return {comparison.variant: comparison for comparison in comparisons}


@pytest.mark.slow
@pytest.mark.parametrize("n", [6, 10, 16])
def test_a_comparisons_numbers_are_those_of_scipy(n, typical_values):
    first, second = noise(1, n, 0.91), noise(2, n)
    (found,) = against({"relu": series(second), "tanh": series(first)}, "relu", ACCURACY)
    own = stats.ttest_1samp(first, 0).confidence_interval()
    flips = stats.permutation_test(
        (first - second,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert (found.variant, found.baseline, found.metric, found.n, found.dropped) == ("tanh", "relu", "accuracy", n, 0)
    assert (found.mean, found.std) == pytest.approx((first.mean(), first.std(ddof=1)))
    assert (found.mean_low, found.mean_high) == pytest.approx((own.low, own.high))
    assert found.difference == pytest.approx((first - second).mean())
    assert (found.difference_low, found.difference_high) == pytest.approx(typical_values(first - second))
    assert found.difference_std == pytest.approx((first - second).std(ddof=1))
    assert found.p == found.p_adjusted == pytest.approx(flips.pvalue)
    assert found.probability_of_improvement == np.mean(first > second)


def test_seeds_are_paired_and_those_without_a_value_on_both_sides_are_dropped_and_counted():
    values = {
        "relu": {0: 0.5, 1: 0.6, 2: 0.7, 3: None, 5: 0.9},
        "tanh": {5: 0.8, 2: 0.9, 1: 0.7, 0: float("nan"), 3: 0.1},
    }
    (found,) = against(values, "relu", QUICK)
    assert (found.n, found.dropped) == (3, 2)
    assert found.difference == pytest.approx((0.1 + 0.2 - 0.1) / 3)
    assert found.mean == pytest.approx(0.8)


def test_a_diverged_trials_accuracy_counts():
    good, diverged = [0.9] * 7, [0.95] * 6 + [0.1]
    (found,) = against({"relu": series(good), "mish": series(diverged)}, "relu", QUICK)
    assert (found.n, found.dropped) == (7, 0)
    assert found.mean == pytest.approx((6 * 0.95 + 0.1) / 7)
    assert found.verdict == "not shown"


def test_misses_have_no_mean_but_each_seed_has_a_winner():
    seconds = {"relu": series([3, 4, 5, 6, 7, math.inf, math.inf]), "tanh": series([4, 3, math.inf, 7, 8, 9, math.inf])}
    (found,) = against(seconds, "relu", replace(QUICK, higher_is_better=False))
    assert (found.verdict, found.ahead, found.behind) == ("not shown", 4, 2)  # two misses are a tie
    assert found.p == pytest.approx(stats.binomtest(2, 6).pvalue)
    assert math.isnan(found.difference)
    assert math.isnan(found.difference_low)
    assert found.mean == math.inf
    assert found.probability_of_improvement == pytest.approx(2.5 / 7)


def test_rows_with_misses_do_not_affect_other_rows():
    values = {"a": series(range(1, 8)), "b": series(range(2, 9)), "c": series([math.inf, *range(6)])}
    rules = replace(QUICK, higher_is_better=False)
    b, c = against(values, "a", rules)
    assert b == replace(
        against({"a": values["a"], "b": values["b"]}, "a", rules)[0], p_adjusted=b.p_adjusted, p_beyond=b.p_beyond
    )
    assert (b.verdict, b.p, c.verdict) == ("worse", 2 / 2**7, "not shown")


@pytest.mark.parametrize("n", [7, 40])
def test_identical_differences_give_an_interval_without_width(n):
    values = {"a": series([0.5] * n), "b": series([0.75] * n), "c": series([0.5] * n)}
    b, c = against(values, "a", QUICK)
    assert (b.difference, b.difference_low, b.difference_high, b.verdict) == (0.25, 0.25, 0.25, "better")
    assert (c.difference, c.difference_low, c.difference_high, c.verdict) == (0, 0, 0, "equivalent")


def test_rounding_alone_never_separates_variants():
    values = {"a": series([0.3] * 10), "b": series([0.1 + 0.2] * 10)}
    (found,) = against(values, "a", Rules())
    assert (found.difference, found.verdict) == (0.0, "equivalent")


@pytest.mark.parametrize(("more", "verdict"), [(2, "equivalent"), (3, "better")])
@pytest.mark.parametrize("side", [1, -1])
def test_rounding_never_decides_on_differences_that_are_all_the_margin(side, more, verdict):
    images = np.array([948, 907, 926, 943, 938, 936, 902])
    rules = replace(ACCURACY, margin=0.002, higher_is_better=side > 0)
    values = {"a": series(images / 1000), "b": series((images + side * more) / 1000)}
    (found,) = against(values, "a", rules)
    assert found.verdict == verdict
    assert (found.p_equivalent, found.p_beyond) == ((0.0, 1.0) if more == 2 else (1.0, 2 / 2**7))


@pytest.mark.parametrize("n", [3, 4, 5])
def test_five_seeds_never_yield_better_however_large_the_difference(n):
    (found,) = against({"a": series(noise(0, n)), "b": series(noise(1, n, 99))}, "a", Rules())
    assert found.verdict == "n too small"


def test_six_seeds_are_the_least_however_many_variants_there_are():
    def verdicts(n):
        values = {"a": series(noise(0, n)), "b": series(noise(1, n, 99)), "c": series(noise(2, n, 50))}
        return {comparison.verdict for comparison in against(values, "a", Rules())}

    assert verdicts(5) == {"n too small"}
    assert verdicts(6) == {"better"}


@pytest.mark.parametrize("n", [0, 1, 2])
def test_one_or_two_seeds_give_values_and_no_verdict(n):
    (found,) = against({"a": series([0.5] * n), "b": series([0.6] * n)}, "a", Rules())
    assert (found.n, found.verdict) == (n, "n too small")
    assert math.isnan(found.mean) == (n == 0)
    assert math.isnan(found.mean_low)
    assert math.isnan(found.difference_low)


def test_variants_on_different_seeds_share_no_pairs():
    (found,) = against({"a": {0: 0.5, 1: 0.6}, "b": {2: 0.5, 3: 0.6}}, "a", Rules())
    assert (found.n, found.dropped, found.verdict) == (0, 4, "n too small")


def test_a_wider_alpha_gives_a_narrower_interval():
    values = {"a": series(noise(0, 8)), "b": series(noise(1, 8))}
    (strict,), (loose,) = (against(values, "a", Rules(alpha=alpha)) for alpha in (0.01, 0.2))
    assert strict.difference_low < loose.difference_low < loose.difference_high < strict.difference_high


def test_an_unknown_baseline_is_reported_with_the_nearest_name():
    with pytest.raises(DlbenchError, match=r"'rleu'[\s\S]*relu"):
        against({"relu": series([1.0]), "tanh": series([2.0])}, "rleu", Rules())


def test_all_pairs_are_one_family():
    values = {name: series(noise(i, 8, 0.9 + 0.05 * i)) for i, name in enumerate("abcd")}
    pairs = [(variant, baseline) for baseline, variant in combinations(values, 2)]
    found = compare_pairs(values, pairs, Rules())
    assert [(c.variant, c.baseline) for c in found] == [
        ("b", "a"), ("c", "a"), ("d", "a"), ("c", "b"), ("d", "b"), ("d", "c"),
    ]  # fmt: skip
    assert {c.p for c in found} == {2 / 2**8}
    assert [c.p_adjusted for c in found] == [2 / 2**8] * 6  # no pattern but theirs puts any of them this far apart
    assert {c.verdict for c in found} == {"better"}


def test_a_baseline_alone_has_nothing_to_compare():
    assert against({"a": series([1, 2])}, "a", Rules()) == ()
    assert compare_pairs({}, [], Rules()) == ()


STUDIES = st.integers(2, 5).flatmap(
    lambda variants: st.lists(
        st.lists(st.integers(0, 30), min_size=8, max_size=8), min_size=variants, max_size=variants
    )
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(STUDIES, st.randoms(use_true_random=False))
def test_order_of_rows_and_names_of_variants_never_change_a_verdict(rows, random):
    values = {f"v{i}": series(np.array(row) / 31 + 0.02 * i) for i, row in enumerate(rows)}
    renamed = dict(zip(values, random.sample(["zeta", "v0", "a b", "_", "relu"], len(values)), strict=True))
    shuffled = {
        renamed[name]: dict(random.sample(list(values[name].items()), 8))
        for name in random.sample(list(values), len(values))
    }
    expected = by_name(against(values, "v0", Rules(margin=0.01)))
    found = by_name(against(shuffled, renamed["v0"], Rules(margin=0.01)))
    assert len(found) == len(expected)
    for name, comparison in expected.items():
        again = found[renamed[name]]
        assert replace(again, variant=name, baseline="v0") == comparison


@pytest.mark.parametrize("n", [10, 20, 40])
def test_resampled_figures_do_not_depend_on_order_or_neighbours(n):
    values = {name: series(noise(i, n, 0.9 + 0.004 * i)) for i, name in enumerate("abcd")}
    expected = by_name(against(values, "a", QUICK))
    backwards = {name: dict(reversed(values[name].items())) for name in reversed(values)}
    assert by_name(against(backwards, "a", QUICK)) == pytest.approx(expected)
    (alone,) = compare_pairs(values, [("c", "a")], QUICK)
    assert (alone.p, alone.difference_low) == pytest.approx((expected["c"].p, expected["c"].difference_low))


@pytest.mark.parametrize("n", [20, 40])
def test_the_names_of_seeds_have_no_effect(n):
    first, second = noise(0, n), noise(1, n, 0.905)
    small, large = (
        compare_pairs(
            {name: dict(zip(seeds, row, strict=True)) for name, row in (("a", first), ("b", second))},
            [("b", "a")],
            QUICK,
        )
        for seeds in (range(n), range(-(10**9), 10**9, 2 * 10**9 // n))
    )
    assert small == large


@pytest.mark.parametrize("n", [8, 20, 40])
@pytest.mark.parametrize("shift", [0.0, 0.005, 0.05])
def test_the_other_way_round_the_verdict_is_mirrored(n, shift):
    values = {"a": series(noise(0, n)), "b": series(noise(1, n, 0.9 + shift))}
    (forth,), (back,) = compare_pairs(values, [("b", "a")], QUICK), compare_pairs(values, [("a", "b")], QUICK)
    assert back.verdict == MIRROR.get(forth.verdict, forth.verdict)
    assert (back.p, back.difference_low) == pytest.approx((forth.p, -forth.difference_high))
    assert back.probability_of_improvement == pytest.approx(1 - forth.probability_of_improvement)


def test_unequal_numbers_of_pairs_are_judged_side_by_side():
    values = {"a": series(noise(0, 12)), "b": series(noise(1, 12, 0.99)), "c": series(noise(2, 5, 0.99))}
    b, c = against(values, "a", Rules())
    assert (b.n, c.n, b.dropped, c.dropped) == (12, 5, 0, 7)
    assert (b.verdict, c.verdict) == ("better", "n too small")


def test_an_interaction_is_the_difference_of_differences(typical_values):
    cells = {
        (activation, depth): series(noise(i, 10) + (0.1 if (activation, depth) == ("tanh", "20") else 0))
        for i, (activation, depth) in enumerate([("relu", "8"), ("relu", "20"), ("tanh", "8"), ("tanh", "20")])
    }
    (found,) = interaction(cells, Rules())
    by_hand = [
        (cells["tanh", "20"][s] - cells["relu", "20"][s]) - (cells["tanh", "8"][s] - cells["relu", "8"][s])
        for s in range(10)
    ]
    assert found.difference == pytest.approx(np.mean(by_hand))
    assert (found.difference_low, found.difference_high) == pytest.approx(typical_values(by_hand))
    assert (found.variant, found.baseline, found.verdict) == ("tanh over relu at 20", "tanh over relu at 8", "better")


def test_effects_that_add_up_do_not_interact():
    cells = {(a, b): series(noise(0, 10) + 0.1 * i + 0.2 * j) for i, a in enumerate("xyz") for j, b in enumerate("pqr")}
    found = interaction(cells, Rules())
    assert len(found) == 4
    assert {c.verdict for c in found} == {"equivalent"}
    assert [c.difference for c in found] == [0.0] * 4


def test_rounding_alone_never_interacts():
    level = {("x", "p"): 0.3, ("y", "p"): 0.1 + 0.2, ("x", "q"): 0.3, ("y", "q"): 0.3}
    (found,) = interaction({cell: series([value] * 10) for cell, value in level.items()}, Rules())
    assert (found.difference, found.verdict) == (0.0, "equivalent")


def test_targets_that_one_corner_misses_interact_and_are_told_without_a_size():
    cells = {(a, b): series(noise(i, 7)) for i, (a, b) in enumerate([("relu", "x"), ("tanh", "x"), ("relu", "y")])}
    cells["tanh", "y"] = series([np.inf] * 7)
    rules = Rules(higher_is_better=False).of_effects()
    (found,) = interaction(cells, rules)
    assert (found.verdict, found.ahead) == ("smaller lead", 7)
    assert "nan" not in lead_sentence(found, Lead(variant="tanh", baseline="relu", at="y", usual="x"), rules)


def test_an_interaction_counts_seeds_that_lack_one_of_the_four_values():
    cells = {(a, b): series(noise(0, 8)) for a in "xy" for b in "pq"}
    cells["x", "q"] = {seed: value for seed, value in cells["x", "q"].items() if seed != 3}
    (found,) = interaction(cells, Rules())
    assert (found.n, found.dropped) == (7, 1)


def test_interactions_skip_missing_combinations():
    cells = {(a, b): series(noise(0, 8)) for a in "xyz" for b in "pq" if (a, b) != ("z", "q")}
    assert [c.variant for c in interaction(cells, Rules())] == ["y over x at q"]
    assert interaction({}, Rules()) == ()
