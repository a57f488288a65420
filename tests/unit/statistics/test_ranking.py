from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from scipy import stats

from dlbench.errors import DlbenchError
from dlbench.statistics.ranking import (
    Ranking,
    can_rank,
    interquartile_mean,
    interquartile_mean_interval,
    least_datasets,
    nemenyi_critical_difference,
    rank_variants,
)


def table(scores, names="abcdefgh"):
    return {
        names[column]: {f"data{row}": float(x) for row, x in enumerate(scores[:, column])}
        for column in range(scores.shape[1])
    }


@pytest.mark.parametrize(("variants", "quantile"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_critical_difference_follows_the_published_quantiles(variants, quantile):
    expected = quantile * np.sqrt(variants * (variants + 1) / (6 * 14))
    assert nemenyi_critical_difference(variants, 14) == pytest.approx(expected, abs=1e-3)


def test_friedman_is_scipys_and_the_best_has_rank_one():
    scores = np.random.default_rng(2).normal([0, 0, 3, 9], size=(9, 4))
    found = rank_variants(table(scores))
    expected = stats.friedmanchisquare(*scores.T)
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert found.variants == ("a", "b", "c", "d")
    assert found.mean_ranks == pytest.approx(stats.rankdata(-scores, axis=1).mean(axis=0))
    assert found.mean_ranks[3] == min(found.mean_ranks) == 1
    assert ("a", "d") in found.different
    assert ("a", "b") not in found.different


def test_lower_losses_rank_first():
    scores = np.array([[1.0, 2.0, 3.0]] * 6)
    assert rank_variants(table(scores), higher_is_better=False).mean_ranks == (1, 2, 3)


def test_no_pair_differs_unless_friedman_rejects():
    apart = Ranking(
        variants=("a", "b"),
        mean_ranks=(1.0, 3.0),
        datasets=9,
        statistic=5.6,
        p=0.06,
        alpha=0.05,
        critical_difference=1.1,
    )
    assert apart.different == ()
    assert replace(apart, p=0.04).different == (("a", "b"),)
    assert replace(apart, p=0.05).different == (("a", "b"),)
    assert replace(apart, p=0.04, critical_difference=2.1).different == ()


def test_ties_everywhere_show_nothing():
    found = rank_variants(table(np.ones((5, 3))))
    assert (found.p, found.mean_ranks, found.different) == (1.0, (2, 2, 2), ())


def test_only_data_sets_that_all_variants_have_are_ranked():
    values = table(np.random.default_rng(0).normal(size=(6, 3)))
    values["b"]["data1"] = float("nan")
    del values["c"]["data4"]
    assert rank_variants(values).datasets == 4


@pytest.mark.parametrize("shape", [(5, 1), (1, 3)])
def test_too_few_variants_or_data_sets_are_refused(shape):
    with pytest.raises(DlbenchError, match="at least 2 variants on 2 common data sets"):
        rank_variants(table(np.ones(shape)))


def test_two_variants_are_ranked_by_the_sign_test():
    found = rank_variants(table(np.array([[1.0, 0.0]] * 7 + [[0.0, 1.0]] + [[1.0, 1.0]])))
    assert found.p == pytest.approx(stats.binomtest(7, 8).pvalue)
    assert found.mean_ranks == pytest.approx((1 + (1 + 0.5) / 9, 2 - (1 + 0.5) / 9))
    assert found.different == ()  # 0.07
    assert rank_variants(table(np.array([[1.0, 0.0]] * 6))).different == (("a", "b"),)  # 0.031


def test_friedmans_p_is_larger_than_the_exact_one_where_data_sets_agree():
    """The exact p of one order on all data sets: k! of the k!^N rankings agree as well."""
    for variants, datasets in ((3, 3), (3, 4), (4, 3)):
        orders = list(permutations(range(variants)))
        agreeing = sum(len(set(rows)) == 1 for rows in product(orders, repeat=datasets))
        exact = agreeing / len(orders) ** datasets
        assert rank_variants(table(np.array([range(variants)] * datasets, dtype=float))).p >= exact


@pytest.mark.parametrize("variants", [2, 3, 4, 6])
def test_a_ranking_can_be_shown_from_where_one_order_on_all_data_sets_is(variants):
    def shown(datasets):
        return bool(rank_variants(table(np.array([range(variants)] * datasets, dtype=float))).different)

    least = least_datasets(variants)
    assert [shown(datasets) for datasets in range(2, least + 3)] == [n >= least for n in range(2, least + 3)]
    assert [can_rank(variants, datasets) for datasets in (least - 1, least)] == [False, True]


def test_nothing_to_rank_is_refused():
    with pytest.raises(DlbenchError, match="not 0 on 0"):
        rank_variants({})


def test_interquartile_mean_is_that_of_the_middle_half():
    assert interquartile_mean([[0, 1, 2, 3], [4, 5, 6, 100]]) == pytest.approx(np.mean([2, 3, 4, 5]))


def test_runs_are_resampled_within_their_data_set():
    far_apart = [np.full(5, 0.0), np.full(5, 1.0), np.full(5, 2.0)]
    assert interquartile_mean_interval(far_apart, np.random.default_rng(0), resamples=200) == pytest.approx((1.0, 1.0))


def test_the_interval_over_data_sets_holds_the_mean_and_repeats_with_its_generator():
    scores = [np.random.default_rng(i).normal(0.5 + i / 10, 0.05, 7) for i in range(4)]
    first, second = (interquartile_mean_interval(scores, np.random.default_rng(1), resamples=2000) for _ in range(2))
    assert first == second
    assert first[0] < interquartile_mean(scores) < first[1]
    assert first[1] - first[0] < 0.1


@pytest.mark.slow
def test_the_interval_covers_the_interquartile_mean_over_other_runs():
    generator = np.random.default_rng(0)
    means = np.linspace(0.5, 0.9, 3)[:, None]
    truth = np.mean([interquartile_mean(means + 0.1 * generator.standard_normal((3, 6))) for _ in range(4000)])
    covered = 0
    for _ in range(300):
        scores = list(means + 0.1 * generator.standard_normal((3, 6)))
        low, high = interquartile_mean_interval(scores, generator, resamples=300)
        covered += low <= truth <= high
    assert 0.91 <= covered / 300 <= 0.98


def test_one_run_on_a_data_set_has_no_interval():
    with pytest.raises(DlbenchError, match="at least two runs"):
        interquartile_mean_interval([[0.5], [0.5, 0.6]], np.random.default_rng(0))
