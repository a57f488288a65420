import math

from dlbench.statistics.sums import mean, total


def test_a_sum_keeps_every_digit():
    assert total([1e16, 1.0, -1e16]) == 1.0


def test_a_sum_beyond_all_numbers_is_infinite_or_no_number():
    assert total([1e308, 1e308]) == math.inf
    assert math.isnan(total([math.inf, -math.inf]))


def test_a_mean_is_no_larger_than_its_largest_number():
    assert mean([1e308, 1.5e308]) == 1.25e308
    assert mean([math.inf, 1.0]) == math.inf
