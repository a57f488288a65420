"""Which differences a comparison would show: an estimate, as good as the standard deviation behind it."""

import numpy as np
from scipy import optimize, stats

from dlbench.statistics.verdicts import Comparison, Rules

#: Distance from the critical value at which the power is 1 to all digits; scipy's noncentral t fails far out.
_CERTAIN = 30.0


def detection_power(effect: float, pairs: int, alpha: float = 0.05) -> float:
    """Return the probability that the two-sided t test rejects on the correct side.

    effect: true mean of the differences, in standard deviations of the differences.
    """
    critical = float(stats.t.ppf(1 - alpha / 2, pairs - 1))
    center = abs(effect) * np.sqrt(pairs)
    return 1.0 if center > critical + _CERTAIN else float(stats.nct.sf(critical, pairs - 1, center))


def detectable_difference(std: float, pairs: int, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the smallest true difference that so many pairs show with the given power.

    std: standard deviation of the paired differences.
    """
    largest = (float(stats.t.ppf(1 - alpha / 2, pairs - 1)) + _CERTAIN) / np.sqrt(pairs)
    effect = optimize.brentq(lambda effect: detection_power(effect, pairs, alpha) - power, 0.0, largest)
    return float(effect) * std


def shown_with(comparison: Comparison, rules: Rules, comparisons: int, pairs: int) -> float:
    """Return the smallest difference that so many pairs would show of a comparison as spread out as this one.

    comparisons: m, the size of the family; α / m stands for its correction, which is no stricter.
    """
    return detectable_difference(comparison.difference_std, pairs, alpha=rules.alpha / max(1, comparisons))
