"""The points of a search: spread over the cube, and the first ones stay the first."""

import numpy as np
import pytest
from scipy import stats

from dlbench.statistics.search_points import DESIGNS, search_points


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_more_points_keep_those_that_were_there(design, dimensions):
    longest = search_points(33, dimensions, 4, design)
    for count in (1, 7, 8, 9, 32):
        assert search_points(count, dimensions, 4, design) == longest[:count]


@pytest.mark.parametrize("design", DESIGNS)
def test_another_seed_gives_other_points_in_the_same_cube(design):
    one, other = (np.array(search_points(64, 2, seed, design)) for seed in (0, 1))
    assert not np.any(one == other)
    assert one.min() >= 0
    assert one.max() < 1


def test_eight_points_of_the_sequence_fall_into_eight_equal_parts_of_a_range():
    for seed in range(20):
        (values,) = zip(*search_points(8, 1, seed), strict=True)
        assert sorted(int(8 * value) for value in values) == list(range(8))


def test_independent_points_are_uniform():
    values = np.array(search_points(4_000, 1, 0, "random")).ravel()
    assert stats.kstest(values, "uniform").pvalue > 0.01


def test_no_points_are_none():
    assert search_points(0, 1, 0) == ()
    assert search_points(3, 0, 0) == ()
