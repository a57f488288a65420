"""The number of pairs needed to show an observed difference: an estimate, as good as the pilot behind it."""

from bisect import bisect_left

import numpy as np
from scipy import stats

from dlbench.statistics.seeds import reaches, seeds_needed
from dlbench.statistics.verdicts import Comparison, Rules

#: Distance from the critical value at which the power is 1 to all digits; scipy's noncentral t fails far out.
_CERTAIN = 30.0


def detection_power(effect: float, pairs: int, alpha: float = 0.05) -> float:
    """Return the probability that the two-sided t interval excludes zero on the correct side.

    effect: true mean of the differences, in standard deviations of the differences.
    """
    critical = float(stats.t.ppf(1 - alpha / 2, pairs - 1))
    center = abs(effect) * np.sqrt(pairs)
    return 1.0 if center > critical + _CERTAIN else float(stats.nct.sf(critical, pairs - 1, center))


def pairs_needed(
    difference: float,
    std: float,
    *,
    comparisons: int = 1,
    alpha: float = 0.05,
    margin: float = 0.0,
    power: float = 0.8,
    maximum: int = 100_000,
) -> int | None:
    """Return the smallest number of pairs that would show a true difference beyond the margin with the given power.

    std: standard deviation of the paired differences.
    comparisons: m, the size of the family.

    The pairs must be able to reach significance among m comparisons, and their interval must exclude zero at α / m
    and lie beyond the margin at α. None if the difference does not exceed the margin (more pairs would show
    equivalence instead) or `maximum` pairs are not enough. Small pilots underestimate the spread, and therefore this
    number: Colas et al. 2018 (arXiv 1806.08295).
    """
    beyond = abs(difference) - margin
    if not beyond > 0 or not np.isfinite(std):
        return None
    first = seeds_needed(comparisons, alpha)
    if std == 0:
        return first

    def enough(pairs: int) -> bool:
        family = detection_power(difference / std, pairs, alpha / max(1, comparisons))
        return reaches(pairs, comparisons, alpha) and min(family, detection_power(beyond / std, pairs, alpha)) >= power

    found = bisect_left(range(maximum + 1), True, lo=first, key=enough)
    return found if found <= maximum else None


def pairs_to_show(comparison: Comparison, rules: Rules, comparisons: int, *, power: float = 0.8) -> int | None:
    """Return `pairs_needed` for the observed difference of a comparison, its spread computed from its interval."""
    if comparison.n < 2:
        return None
    half = (comparison.difference_high - comparison.difference_low) / 2
    std = half * np.sqrt(comparison.n) / float(stats.t.ppf(1 - rules.alpha / 2, comparison.n - 1))
    return pairs_needed(
        comparison.difference,
        std,
        comparisons=comparisons,
        alpha=rules.alpha,
        margin=rules.margin,
        power=power,
    )
