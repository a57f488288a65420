import math

from dlbench.statistics.sums import total


def test_a_sum_keeps_every_digit():
    assert total([1e16, 1.0, -1e16]) == 1.0


def test_a_sum_beyond_all_numbers_is_infinite_or_no_number():
    assert total([1e308, 1e308]) == math.inf
    assert math.isnan(total([math.inf, -math.inf]))
