"""The statistics judged by what they do on studies whose truth is known."""

import numpy as np
import pytest

from dlbench.statistics.comparisons import compare_pairs
from dlbench.statistics.intervals import bca_interval, t_interval
from dlbench.statistics.verdicts import Rules

ALPHA = 0.05
RULES = Rules(alpha=ALPHA, flips=5_000)


def against(values, baseline, rules):
    """Judge each variant against the baseline."""
    return compare_pairs(values, [(variant, baseline) for variant in values if variant != baseline], rules)


def study(rows):
    return {f"variant{i}": dict(enumerate(row)) for i, row in enumerate(rows)}


def share_with_a_false_verdict(studies, variants, n):
    rows = np.random.default_rng([variants, n]).normal(0.9, 0.01, (studies, variants, n))
    return np.mean([any(c.separated for c in against(study(row), "variant0", RULES)) for row in rows])


def allowed(studies):
    return ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / studies)


@pytest.mark.slow
@pytest.mark.parametrize("variants", [2, 3, 6])
@pytest.mark.parametrize("n", [7, 10, 20])
def test_a_thousand_studies_without_a_difference_claim_one_at_most_as_often_as_alpha_says(variants, n):
    assert share_with_a_false_verdict(1_000, variants, n) <= allowed(1_000)


@pytest.mark.slow
def test_the_simulation_would_notice_a_test_without_correction():
    rows = np.random.default_rng(0).normal(size=(200, 6, 10))
    false = [
        any(against(study(row[[0, other]]), "variant0", RULES)[0].separated for other in range(1, 6)) for row in rows
    ]
    assert np.mean(false) > allowed(200)


@pytest.mark.slow
def test_a_difference_of_two_standard_deviations_is_found_in_95_percent_of_studies():
    generator = np.random.default_rng(11)
    rows = generator.normal(0.9, 0.01, (1_000, 2, 10)) + np.array([0.0, 0.02])[:, None]
    found = [against(study(row), "variant0", RULES)[0].verdict == "better" for row in rows]
    assert np.mean(found) >= 0.95


def coverage(low, high, truth):
    return np.mean((low <= truth) & (truth <= high))


@pytest.mark.parametrize("n", [6, 7, 8, 10, 15, 20, 29])
def test_t_interval_covers_the_truth(n):
    rows = np.random.default_rng(n).normal(0.3, 1.0, (20_000, n))
    assert 0.93 <= coverage(*t_interval(rows), 0.3) <= 0.97


@pytest.mark.parametrize("n", [30, 50])
def test_bca_interval_covers_the_truth(n):
    generator = np.random.default_rng(n)
    rows = generator.normal(0.3, 1.0, (2_000, n))
    assert 0.93 <= coverage(*bca_interval(rows, generator, resamples=1_000), 0.3) <= 0.97
