"""Comparisons of numbers of any size: those of usual size, scaled."""

import math
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from dlbench.statistics.comparisons import compare_pairs
from dlbench.statistics.effects import correlation, standard_deviation
from dlbench.statistics.magnitudes import usual_size
from dlbench.statistics.verdicts import Comparison, Rules

#: Columns in the unit of the metric; the others have none.
IN_UNITS = {"mean", "std", "mean_low", "mean_high", "difference", "difference_low", "difference_high"}
IN_UNITS |= {"difference_std", "unpaired_std"}


def _comparison(unit: float, n: int, margin: float) -> dict[str, Any]:
    generator = np.random.default_rng(n)
    shared = generator.normal(5.0, 0.1, n)
    first, second = (unit * (shared + generator.normal(gain, 0.1, n)) for gain in (0.2, 0.0))
    values = {"first": dict(enumerate(map(float, first))), "second": dict(enumerate(map(float, second)))}
    rules = Rules(margin=margin * unit, resamples=300, flips=1_000)
    (found,) = compare_pairs(values, [("first", "second")], rules)
    return {field.name: getattr(found, field.name) for field in fields(Comparison)}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unit", [2.0**-800, 2.0**1020])
@pytest.mark.parametrize("margin", [0.0, 0.01, 5.0])
@pytest.mark.parametrize("n", [3, 7, 20, 30])
def test_the_unit_of_a_metric_changes_no_verdict_and_no_digit(unit: float, n: int, margin: float) -> None:
    usual, scaled = _comparison(1.0, n, margin), _comparison(unit, n, margin)
    for name, value in usual.items():
        expected = value * unit if name in IN_UNITS else value
        assert scaled[name] == (expected if isinstance(value, str) else pytest.approx(expected, rel=1e-9, nan_ok=True))


def test_multiples_and_units_give_back_every_number() -> None:
    rows = np.array([[1.7e308, -1.0], [5e-324, 0.0], [0.0, 0.0], [0.3, 0.1]])
    multiples, unit = usual_size(rows)
    assert (np.abs(multiples) < 2).all()
    assert (multiples * unit[:, None] == rows).all()


def test_what_is_constant_but_for_rounding_has_no_deviation_and_no_correlation() -> None:
    constant = [0.1 + 0.2, 0.3, 0.3, 0.1 + 0.2, 0.3, 0.3, 0.3]
    assert standard_deviation([0.1] * 7) == 0.0
    assert standard_deviation(constant) == 0.0
    assert math.isnan(correlation(constant, [1.0, 2.0, 4.0, 3.0, 5.0, 7.0, 6.0]))
