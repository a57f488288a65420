"""How interim analyses share α: the level of each look, and how often looks at a given level are wrong together."""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq

from dlbench.statistics.seeds import EARLY_SHARE, Test, smallest_p_computed, spent_by

Array = NDArray[np.float64]
#: A critical value that nothing reaches.
_FAR = 40.0
#: Where a region ends at the latest: what lies beyond counts for nothing.
_END = 9.0


@cache
def early_levels(counts: tuple[int, ...], alpha: float, test: Test = "paired") -> tuple[float, ...]:
    """Return the level of each look at so many seeds: a small one for all but the last, which has all that is left.

    It is 0 for a look at so few seeds that the test cannot reach it.

    Source: Haybittle 1971, Repeated Assessment of Results in Clinical Trials of Cancer Treatment; Peto et al. 1976.
    """
    walk, spent, early = _Walk(), 0.0, EARLY_SHARE * alpha
    found = [0.0 if smallest_p_computed(count, test) > early else early for count in counts[:-1]]
    for count, level in zip(counts, found, strict=False):
        if level:
            fraction, critical = count / counts[-1], float(stats.norm.isf(level / 2))
            spent += walk.crossing(fraction, critical)
            walk = walk.beyond(fraction, critical)
    return (*found, float(2 * stats.norm.sf(walk.critical(1.0, alpha - spent))))


@cache
def levels(counts: tuple[int, ...], alpha: float) -> tuple[float, ...]:
    """Return the level of each look of plans that spend α as O'Brien and Fleming's boundaries do.

    It is 0 where the sign-flip test of so few seeds cannot reach the look's share.
    Such a look spends nothing and leaves its α to later ones; the last look has all that is left.

    Source: Lan and DeMets 1983, Discrete Sequential Boundaries for Clinical Trials, with the spending function of
    O'Brien and Fleming's boundaries; the recursion is that of Armitage, McPherson and Rowe 1969.
    """
    walk, spent, found = _Walk(), 0.0, []
    for count in counts:
        fraction = count / counts[-1]
        share = spent_by(fraction, alpha) - spent
        critical = walk.critical(fraction, share)
        level = float(2 * stats.norm.sf(critical))
        if count < counts[-1] and smallest_p_computed(count) > level:
            found.append(0.0)
            continue
        walk, spent = walk.beyond(fraction, critical), spent + share
        found.append(level)
    return tuple(found)


@cache
def error_of_looks(counts: tuple[int, ...], each: tuple[float, ...]) -> float:
    """Return how often one of several looks at growing data, each at its own level, shows what is not there."""
    walk, error = _Walk(), 0.0
    for count, level in zip(counts, each, strict=True):
        fraction, critical = count / counts[-1], float(stats.norm.isf(level / 2))
        error += walk.crossing(fraction, critical)
        walk = walk.beyond(fraction, critical)
    return error


@dataclass(frozen=True)
class _Walk:
    """A Brownian motion that has crossed no boundary so far: the statistic z of a look at time t is its place / √t.

    fraction: time of the last look, 0 to 1.
    at: nodes of an integral over its place then.
    mass: weight of each node times the density there.
    """

    fraction: float = 0.0
    at: Array = field(default_factory=lambda: np.zeros(1))
    mass: Array = field(default_factory=lambda: np.ones(1))

    def crossing(self, fraction: float, critical: float) -> float:
        """Return the probability that it is beyond a critical value of z at the next look."""
        end, step = critical * np.sqrt(fraction), np.sqrt(fraction - self.fraction)
        return float(self.mass @ (stats.norm.sf((end - self.at) / step) + stats.norm.cdf((-end - self.at) / step)))

    def critical(self, fraction: float, share: float) -> float:
        """Return the critical value that it is beyond with a given probability at the next look."""
        return float(brentq(lambda z: self.crossing(fraction, z) - share, 0.0, _FAR, xtol=1e-10))

    def beyond(self, fraction: float, critical: float) -> "_Walk":
        """Return what is left of it after a look: the part that is not beyond the critical value."""
        end, step = min(critical, _END) * np.sqrt(fraction), np.sqrt(fraction - self.fraction)
        nodes, weights = np.polynomial.legendre.leggauss(64 + int(8 * end / step))
        at = end * nodes
        density = stats.norm.pdf((at[:, None] - self.at) / step) / step
        return _Walk(fraction, at, end * weights * (density @ self.mass))
