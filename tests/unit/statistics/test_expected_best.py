"""The expected best of a budget against brute force, its band against simulated searches."""

from itertools import combinations
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.statistics.expected_best import expected_best, median_best_band

scores = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(scores)
def test_it_is_the_mean_best_over_all_subsets_of_a_size(values):
    by_force = [fmean(map(max, combinations(values, n))) for n in range(1, len(values) + 1)]
    assert expected_best(values) == pytest.approx(by_force, abs=1e-12)


@given(scores)
def test_of_a_loss_the_smallest_is_the_best(values):
    by_force = [fmean(map(min, combinations(values, n))) for n in range(1, len(values) + 1)]
    assert expected_best(values, higher_is_better=False) == pytest.approx(by_force, abs=1e-12)


def test_no_scores_have_no_best():
    assert expected_best([]) == []
    assert median_best_band([]) == []


@pytest.mark.parametrize("higher", [True, False])
def test_the_band_covers_the_median_best_of_every_budget_at_once(higher):
    rng, budgets = np.random.default_rng(0), np.arange(1, 21)
    quantile = 0.5 ** (1 / budgets)
    truth = quantile if higher else 1 - quantile  # of uniform scores
    covered = 0
    for _ in range(400):
        band = np.array(median_best_band(rng.random(20).tolist(), higher_is_better=higher))
        covered += bool(((band[:, 0] <= truth) & (truth <= band[:, 1])).all())
    assert covered / 400 >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 400)


def test_a_limit_beyond_all_scores_is_infinite():
    *_, (_, high) = median_best_band([0.1, 0.2, 0.3])
    assert high == float("inf")
