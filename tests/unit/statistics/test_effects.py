import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from dlbench.errors import DlbenchError
from dlbench.statistics.effects import (
    accuracy_standard_error,
    mcnemar_p,
    probability_of_improvement,
    standard_deviation,
)


def test_ties_count_half_towards_improvement():
    assert probability_of_improvement([1.0, 2.0, 0.0, -1.0]) == 0.625
    assert probability_of_improvement([1.0, 2.0, 0.0, -1.0], higher_is_better=False) == 0.375


def test_standard_deviation_is_the_samples():
    assert standard_deviation([[1.0, 2.0, 3.0]]) == pytest.approx([1.0])
    assert np.isnan(standard_deviation([1.0]))


def test_ten_thousand_images_leave_a_quarter_point_of_noise_at_94_percent():
    assert accuracy_standard_error(0.94, 10_000) == pytest.approx(0.0024, abs=5e-5)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_mcnemar_is_that_of_statsmodels(share):
    generator = np.random.default_rng(3)
    first, second = generator.random(400) < 0.8, generator.random(400) < share
    table = [[np.sum(first & second), np.sum(first & ~second)], [np.sum(~first & second), np.sum(~first & ~second)]]
    assert mcnemar_p(first, second) == pytest.approx(mcnemar(table, exact=True).pvalue)


def test_models_that_err_on_the_same_images_do_not_differ():
    assert mcnemar_p([True, False], [True, False]) == 1.0


def test_mcnemar_needs_the_same_images():
    with pytest.raises(DlbenchError, match="same images"):
        mcnemar_p([True], [True, False])
