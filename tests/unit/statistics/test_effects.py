import numpy as np
import pytest

from dlbench.statistics.effects import (
    broke_down,
    probability_of_improvement,
    standard_deviation,
)


def test_ties_count_half_towards_improvement():
    assert probability_of_improvement([1.0, 2.0, 0.0, -1.0]) == 0.625
    assert probability_of_improvement([1.0, 2.0, 0.0, -1.0], higher_is_better=False) == 0.375


def test_standard_deviation_is_the_samples():
    assert standard_deviation([[1.0, 2.0, 3.0]]) == pytest.approx([1.0])
    assert np.isnan(standard_deviation([1.0]))


def test_beside_the_smallest_of_differences_no_margin_is_too_large():
    assert broke_down([-1e-320, 0.0, 0.0, 0.0], margin=0.1) == 0
    assert broke_down([-1.0, 0.001, 0.002, 0.001], margin=0.01) == 1
