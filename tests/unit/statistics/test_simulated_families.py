"""The tests of a family on studies whose truth is known: how often it claims what is not so, and what it finds."""

import numpy as np
import pytest

from dlbench.statistics.family_tests import family_tests
from dlbench.statistics.seeds import default_seeds
from dlbench.statistics.verdicts import Rules, can_show

ALPHA = 0.05
MARGIN = 0.5


def _discrete(rng, shape):
    return np.round(rng.normal(0.95, 0.01, shape) * 360) / 360


def _ceiling(rng, shape):
    return np.minimum(1.0, np.round(rng.normal(0.995, 0.01, shape) * 360) / 360)


def _unequal(rng, shape):
    return rng.normal(0, 1, shape) * np.linspace(1, 4, shape[0])[:, None]


def _catastrophic(rng, shape):
    return rng.normal(0, 1, shape) - 30 * (rng.random(shape) < 1 / 7)


DISTRIBUTIONS = {
    "normal": lambda rng, shape: rng.normal(0, 1, shape),
    "steps of 1/360": _discrete,
    "at the ceiling": _ceiling,
    "heavy tails": lambda rng, shape: rng.standard_t(3, shape),
    "skewed": lambda rng, shape: rng.exponential(1, shape),
    "unequal spreads": _unequal,
    "one seed in seven breaks down": _catastrophic,
}


def allowed(studies):
    return ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / studies)


def judged(values, rules):
    """Return the tests of each variant against the first, and whether they can show anything."""
    differences = values[1:] - values[0]
    nonzero = np.count_nonzero(differences, axis=1)
    found = family_tests(differences, np.zeros(len(differences), dtype=bool), rules)
    return found, np.array([can_show(count, rules.alpha) for count in nonzero])


def share_with_a_false_difference(draw, studies, variants, n):
    rng, rules = np.random.default_rng([variants, n]), Rules(alpha=ALPHA, flips=1_000)
    false = 0
    for _ in range(studies):
        found, able = judged(draw(rng, (variants, n)), rules)
        false += bool(((found.adjusted <= ALPHA) & able).any())
    return false / studies


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_no_difference_is_claimed_more_often_than_alpha_says(name):
    assert share_with_a_false_difference(DISTRIBUTIONS[name], 300, 3, 8) <= allowed(300)


@pytest.mark.slow
@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("variants", [2, 3, 6])
@pytest.mark.parametrize("n", [6, 7, 12])
def test_of_many_studies_no_more_claim_a_difference_than_alpha_says(name, variants, n):
    assert share_with_a_false_difference(DISTRIBUTIONS[name], 300, variants, n) <= allowed(300)


@pytest.mark.slow
def test_a_rare_breakdown_of_one_variant_alone_is_a_limit_of_every_sign_flip_test():
    """Equal means, but one of the two breaks down on one seed in seven: mostly it is ahead, as the verdict says."""
    rng, rules, false = np.random.default_rng(0), Rules(alpha=ALPHA), 0
    for _ in range(1_000):
        usual, rare = rng.normal(0, 1, 10), rng.normal(30 / 7, 1, 10) - 30 * (rng.random(10) < 1 / 7)
        found, _ = judged(np.stack([usual, rare]), rules)
        false += found.adjusted[0] <= ALPHA
    assert 0.1 <= false / 1_000 <= 0.3


@pytest.mark.slow
@pytest.mark.parametrize("variants", [2, 3, 6])
@pytest.mark.parametrize("n", [7, 12])
def test_at_the_margin_neither_equivalence_nor_more_than_the_margin_is_claimed_too_often(variants, n):
    rng, rules = np.random.default_rng([variants, n, 1]), Rules(alpha=ALPHA, margin=MARGIN)
    equivalent = beyond = 0
    for spread in (0.05, 0.2, 0.5, 1.0):
        for _ in range(250):
            values = rng.normal(0, spread, (variants, n))
            values[1:] += MARGIN
            found, able = judged(values, rules)
            equivalent += bool((found.equivalent <= ALPHA).any())
            beyond += bool(((found.beyond <= ALPHA) & able).any())
    assert max(equivalent, beyond) / 1_000 <= allowed(1_000)


def power(variants, n, difference, *, studies, all_differ=False):
    """Return how often the difference of the second variant is shown; it and the others share one baseline.

    difference: in standard deviations of the paired differences.
    """
    rng, rules, shown = np.random.default_rng([variants, n]), Rules(alpha=ALPHA, flips=2_000), 0
    for _ in range(studies):
        values = rng.normal(0, np.sqrt(0.5), (variants, n))
        values[1 : None if all_differ else 2] += difference
        shown += judged(values, rules)[0].adjusted[0] <= ALPHA
    return shown / studies


@pytest.mark.slow
@pytest.mark.parametrize("variants", [2, 3, 4, 6, 10])
def test_the_default_seeds_show_one_standard_deviation_in_four_of_five_studies(variants):
    n = default_seeds(variants - 1)
    assert power(variants, n, 1.0, studies=500) >= 0.8 - 2 * np.sqrt(0.16 / 500)
    assert power(variants, n, 1.5, studies=200) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize(("variants", "least"), [(3, 0.75), (6, 0.55)])
def test_seven_seeds_show_one_and_a_half_standard_deviations(variants, least):
    assert power(variants, 7, 1.5, studies=500, all_differ=True) >= least
