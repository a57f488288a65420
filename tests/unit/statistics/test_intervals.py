import numpy as np
import pytest
from scipy import stats

from dlbench.statistics.intervals import bca_interval, interval, subtract, t_interval


@pytest.fixture
def generator():
    return np.random.default_rng(7)


@pytest.mark.parametrize("n", [2, 6, 10, 29])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_t_interval_of_differences_is_that_of_scipys_paired_test(generator, n, level):
    first, second = generator.normal(0.9, 0.01, n), generator.normal(0.88, 0.02, n)
    expected = stats.ttest_rel(first, second).confidence_interval(level)
    assert t_interval(first - second, level) == pytest.approx((expected.low, expected.high))


def test_rows_of_a_matrix_get_the_intervals_they_would_get_alone(generator):
    rows = generator.exponential(size=(3, 40))
    for method in ("t", "bca"):
        low, high = interval(rows, np.random.default_rng(1), method=method, resamples=2000)
        for row, ends in zip(rows, zip(low, high, strict=True), strict=True):
            alone = interval(row, np.random.default_rng(1), method=method, resamples=2000)
            assert ends == pytest.approx(tuple(map(float, alone)), abs=1e-12)


def test_bca_interval_is_scipys(generator):
    values = generator.exponential(size=35)
    expected = stats.bootstrap((values,), np.mean, n_resamples=4000, rng=np.random.default_rng(3)).confidence_interval
    assert bca_interval(values, np.random.default_rng(3), resamples=4000) == pytest.approx(
        (expected.low, expected.high)
    )


def test_bca_interval_leans_to_the_side_of_the_long_tail(generator):
    values = generator.exponential(size=50)
    low, high = bca_interval(values, generator)
    assert high - values.mean() > values.mean() - low


@pytest.mark.parametrize(("n", "like"), [(29, "t"), (30, "bca")])
def test_bca_takes_over_from_thirty_values_on(generator, n, like):
    values = generator.normal(size=n)
    found, expected = (interval(values, np.random.default_rng(5), method=m, resamples=500) for m in ("auto", like))
    assert found == tuple(expected)


def test_the_same_generator_gives_the_same_interval(generator):
    values = generator.normal(size=30)
    first, second, other = (bca_interval(values, np.random.default_rng(s), resamples=500) for s in (1, 1, 2))
    assert first == second
    assert first != other


@pytest.mark.parametrize("n", [2, 7, 40])
def test_identical_values_give_an_interval_of_that_value_alone(generator, n):
    rows = np.stack([np.full(n, 0.1), np.zeros(n), generator.normal(size=n)])
    low, high = interval(rows, generator, resamples=200)
    assert (low[:2] == [0.1, 0]).all()
    assert (high[:2] == [0.1, 0]).all()
    assert low[2] < rows[2].mean() < high[2]


def test_one_value_has_no_interval(generator):
    assert np.isnan(interval([[0.5]], generator)).all()
    assert np.isnan(bca_interval([0.5], generator)).all()


def test_an_end_at_zero_is_zero(generator):
    images = np.array([3, 3, 7, 2, -3, -3, 6, 10, 13, 1])
    assert interval(images[None] / 360, generator)[0] == [0.0]


def test_rounding_is_no_difference():
    assert subtract(0.1 + 0.2, 0.3) == 0.0
    assert subtract(0.9412, 0.9411) == pytest.approx(1e-4)


def test_two_misses_have_no_known_difference():
    assert np.isnan(subtract(np.inf, np.inf))
    assert subtract(np.inf, 3.0) == np.inf
