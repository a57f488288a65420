"""Which differences a comparison would show: an estimate, as good as the standard deviation behind it."""

import numpy as np
from scipy import optimize, stats

from dlbench.statistics.verdicts import Comparison, Rules

#: Distance from the critical value at which the power is 1 to all digits; scipy's noncentral t fails far out.
_CERTAIN = 30.0


def detection_power(effect: float, pairs: int, alpha: float = 0.05, samples: float = 1.0) -> float:
    """Return the probability that the two-sided t test rejects on the correct side.

    effect: true mean of the differences, in standard deviations of the differences.
    samples: what the degrees of freedom of one sample are multiplied by.
    """
    freedom = samples * (pairs - 1)
    critical = float(stats.t.ppf(1 - alpha / 2, freedom))
    center = abs(effect) * np.sqrt(pairs)
    return 1.0 if center > critical + _CERTAIN else float(stats.nct.sf(critical, freedom, center))


def detectable_difference(
    std: float, pairs: int, *, alpha: float = 0.05, power: float = 0.8, samples: float = 1.0
) -> float:
    """Return the smallest true difference that so many pairs show with the given power.

    std: standard deviation of the paired differences; of two values, one of each of two independent samples.
    samples: see `detection_power`.
    """
    largest = (float(stats.t.ppf(1 - alpha / 2, samples * (pairs - 1))) + _CERTAIN) / np.sqrt(pairs)
    effect = optimize.brentq(lambda effect: detection_power(effect, pairs, alpha, samples) - power, 0.0, largest)
    return float(effect) * std


def shown_with(comparison: Comparison, rules: Rules, comparisons: int, pairs: int) -> float:
    """Return the smallest difference that so many pairs would show of a comparison as spread out as this one.

    comparisons: m, the size of the family; α / m stands for its correction, which is no stricter.
    """
    alpha = rules.alpha / max(1, comparisons)
    return detectable_difference(comparison.difference_std, pairs, alpha=alpha, samples=_samples(comparison))


def chance_of_verdict(comparison: Comparison, rules: Rules, pairs: int) -> float:
    """Return the chance that so many pairs will decide an undecided comparison, by what those of now say; 1 if unknown.

    A verdict is a difference, of a comparison that was shown to differ one beyond the margin, or equivalence. The mean
    of all pairs is normal around that of the pairs of now, which is not the true one either: predictive power. It is
    held against the level of the rules without a correction for the other comparisons, so the chance is too high.

    Source: Spiegelhalter, Freedman and Blackburn 1986, Monitoring Clinical Trials: Conditional or Predictive Power?
    """
    n, mean, std = comparison.n, abs(comparison.difference), comparison.difference_std
    if not std > 0 or n >= pairs:
        return 1.0
    error, freedom = std / np.sqrt(pairs), _samples(comparison) * (pairs - 1)
    ahead = stats.norm(mean, std * np.sqrt((pairs - n) / (pairs * n)))
    least = float(stats.t.isf(rules.alpha / 2, freedom)) * error + (rules.margin if comparison.separated else 0.0)
    most = rules.margin - float(stats.t.isf(rules.alpha, freedom)) * error
    alike = ahead.cdf(most) - ahead.cdf(-most) if most > 0 else 0.0
    return float(ahead.sf(least) + ahead.cdf(-least) + alike)


def _samples(comparison: Comparison) -> float:
    """Return by what two independent samples multiply the degrees of freedom: 2 if their spreads are equal, or less."""
    if comparison.test == "paired":
        return 1.0
    total = comparison.difference_std**2
    first = comparison.std**2 / total
    return float(1 / (first**2 + (1 - first) ** 2))
