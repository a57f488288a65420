"""Comparisons of tuned variants whose truth is known: what a search does to the rate of false verdicts.

All variants are alike: a point's quality falls with its distance from the best one, by `slope`; the score of a trial is
that and noise of deviation 1.
"""

import numpy as np
import pytest

from dlbench.statistics.family_tests import family_tests
from dlbench.statistics.verdicts import Rules

pytestmark = pytest.mark.slow
ALPHA = 0.05


def choose(rng, budget, points, seeds, slope, shared):
    """Return the quality of the point that a search chooses, and what the trials of its evaluation score.

    shared: the evaluation has the seeds of the search, and so its luck.
    """
    quality = -slope * (points[:budget] - 0.5) ** 2
    tuning = quality[:, None] + rng.normal(0, 1, (budget, seeds if shared else 1))
    best = tuning.mean(1).argmax()
    return quality[best], tuning[best] if shared else quality[best] + rng.normal(0, 1, seeds)


def rate(budgets, *, slope=0.0, shared=False, settings=False, studies=2_000, seeds=10):
    """Return the share of studies with a verdict; settings: of those that are wrong about the settings found."""
    rng, rules, false = np.random.default_rng([len(budgets), *budgets]), Rules(alpha=ALPHA, flips=1_000), 0
    for _ in range(studies):
        points = rng.random(max(budgets))
        truth, values = zip(*(choose(rng, each, points, seeds, slope, shared) for each in budgets), strict=True)
        differences = np.array(values[1:]) - values[0]
        if settings:
            differences -= np.subtract(truth[1:], truth[0])[:, None]
        found = family_tests(differences, np.zeros(len(differences), dtype=bool), rules)
        false += bool((found.adjusted <= ALPHA).any())
    return false / studies


def allowed(studies=2_000):
    return ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / studies)


@pytest.mark.parametrize("variants", [2, 4])
def test_with_seeds_of_its_own_a_search_adds_no_false_verdicts(variants):
    assert rate([8] * variants) <= allowed()


@pytest.mark.parametrize("variants", [2, 4])
@pytest.mark.parametrize("slope", [4, 100])
def test_where_points_differ_verdicts_on_the_settings_found_are_right_as_often_as_alpha_says(variants, slope):
    assert rate([8] * variants, slope=slope, settings=True, studies=1_000) <= allowed(1_000)


def test_on_the_seeds_of_the_search_one_that_was_tuned_beats_one_that_was_not():
    assert rate([1, 64], shared=True, studies=500) >= 0.2
    assert rate([1, 64], studies=500) <= allowed(500)


def test_unequal_budgets_make_winners_of_equal_variants_far_more_often_than_equal_ones():
    """One search may choose another point for an equal variant: that is why verdicts name the settings found."""
    equal, unequal = rate([20, 20], slope=20, studies=500), rate([2, 20], slope=20, studies=500)
    assert unequal >= 0.25
    assert equal <= 0.7 * unequal


@pytest.mark.parametrize("slope", [0, 20])
def test_studies_that_repeat_the_search_are_right_about_the_variants_themselves(slope):
    rng, rules, false = np.random.default_rng(slope), Rules(alpha=ALPHA, flips=1_000), 0
    for _ in range(1_000):
        pairs = []
        for _ in range(8):
            points = rng.random(8)
            pairs.append([choose(rng, 8, points, 1, slope, shared=False)[1][0] for _ in range(2)])
        differences = np.array([[one - other for one, other in pairs]])
        false += bool((family_tests(differences, np.zeros(1, dtype=bool), rules).adjusted <= ALPHA).any())
    assert false / 1_000 <= allowed(1_000)
