from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dlbench.statistics.permutation import sign_flip_family, sign_flip_p


def exact(differences):
    return float(sign_flip_p(differences, np.random.default_rng(0)))


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_exact_p_counts_every_pattern_of_signs(n):
    differences = np.random.default_rng(n).normal(0.5, 1, n)
    sums = [abs(np.dot(signs, differences)) for signs in product((-1, 1), repeat=n)]
    share = np.mean(np.array(sums) >= abs(differences.sum()) - 1e-12)
    assert exact(differences) == pytest.approx(share)


@pytest.mark.parametrize("n", [6, 11, 13])
@pytest.mark.parametrize("shift", [0.0, 0.6])
def test_exact_p_is_scipys(n, shift):
    differences = np.random.default_rng(n).normal(shift, 1, n)
    expected = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert exact(differences) == pytest.approx(expected.pvalue)


@pytest.mark.parametrize("n", [3, 6, 10, 16])
def test_differences_of_one_sign_reach_the_smallest_p_and_no_less(n):
    assert exact(np.arange(1.0, n + 1)) == 2 / 2**n


def test_accuracies_that_tie_are_ties_whatever_the_rounding():
    first, second = np.array([9412, 9415, 9410, 9413]), np.array([9411, 9413, 9413, 9413])
    assert exact(first / 10_000 - second / 10_000) == exact((first - second).astype(float)) == 1.0


def test_no_difference_at_all_has_p_one():
    assert exact(np.zeros(8)) == 1.0


@pytest.mark.parametrize("n", [17, 33])
def test_random_flips_agree_with_the_exact_answer_they_stand_for(n):
    differences = np.random.default_rng(n).normal(0, 1, n) + 0.4
    found = float(sign_flip_p(differences, np.random.default_rng(1), flips=20_000))
    expected = stats.permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        n_resamples=20_000,
        vectorized=True,
        rng=np.random.default_rng(2),
    ).pvalue
    error = np.sqrt(2 * expected * (1 - expected) / 20_000)
    assert found == pytest.approx(expected, abs=4 * error)
    assert 0.0005 < found < 0.95


def test_random_flips_never_give_zero_but_one_more_than_the_count_over_one_more_than_the_flips():
    assert sign_flip_p(np.arange(1.0, 61), np.random.default_rng(0), flips=9_999) == 1 / 10_000


@pytest.mark.parametrize("n", [7, 16, 20])
def test_a_row_has_the_p_it_would_have_alone(n):
    rows = np.random.default_rng(4).normal(0.4, 1, (500, n))
    together = sign_flip_p(rows, np.random.default_rng(0), flips=3_000)
    alone = [float(sign_flip_p(row, np.random.default_rng(0), flips=3_000)) for row in rows[:20]]
    assert together[:20] == pytest.approx(alone)


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_order_and_direction_do_not_matter(differences, random):
    shuffled = random.sample(differences, len(differences))
    assert exact([x / 7 for x in differences]) == exact([-x / 7 for x in shuffled])


def test_a_row_with_fewer_seeds_counts_by_what_its_own_number_of_seeds_makes_likely():
    """Against all patterns, counted one by one: a row of 5 seeds beside one of 10."""
    rows = np.random.default_rng(3).normal([[0.5], [0.2]], 1.0, (2, 10))
    rows[1, 5:] = np.nan
    counts = np.array([10, 5])
    signs = np.array(list(product((1, -1), repeat=10)))
    means = np.nansum(signs[:, None] * rows, axis=2) / counts
    t = np.abs(means) * np.sqrt(counts) / np.sqrt(np.nansum(rows**2, axis=1) / counts)
    larger, smaller = np.argsort(-t[0])
    reached = [(t.max(axis=1) >= t[0, larger] - 1e-9).mean(), (t[:, smaller] >= t[0, smaller] - 1e-9).mean()]
    found = sign_flip_family(rows, np.random.default_rng(0)).adjusted
    assert found[[larger, smaller]] == pytest.approx([reached[0], max(reached)])


def test_a_row_that_got_no_more_seeds_costs_the_others_no_more_than_one_that_did():
    rng = np.random.default_rng(4)
    rows = rng.normal(0, 1, (6, 30))
    rows[0] += 0.6
    stopped = rows.copy()
    stopped[1:, 10:] = np.nan
    whole, short = (
        sign_flip_family(each, np.random.default_rng(0), flips=20_000).adjusted[0] for each in (rows, stopped)
    )
    assert short <= 1.3 * whole
