"""Two independent samples of unequal spreads: Welch's t test and interval, and two one-sided tests within a margin."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from dlbench.statistics.intervals import ROUNDING

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Welch:
    """The difference of the means of two samples.

    difference: mean of the first − mean of the second.
    error: its standard error.
    freedom: degrees of freedom, by Satterthwaite.

    Source: Welch 1947, The Generalization of "Student's" Problem When Several Different Population Variances Are
    Involved.
    """

    difference: float
    error: float
    freedom: float

    @classmethod
    def of(cls, first: Array, second: Array) -> "Welch":
        """Return the difference of two samples of two values or more; rounding errors are no spread."""
        parts = [_spread(values) / len(values) for values in (first, second)]
        total = sum(parts)
        weights = sum(
            (part / total) ** 2 / (len(x) - 1) for part, x in zip(parts, (first, second), strict=True) if total
        )
        difference = float(first.mean() - second.mean())
        same = abs(difference) <= ROUNDING * max(np.abs(first).max(), np.abs(second).max())
        return cls(0.0 if same else difference, float(np.sqrt(total)), 1 / weights if weights else np.inf)

    def p(self) -> float:
        """Return the two-sided p of no difference."""
        return min(1.0, 2 * self.above(0.0, 1 if self.difference > 0 else -1))

    def above(self, margin: float, side: int) -> float:
        """Return the one-sided p of a difference of at most margin on a side, 1 or -1."""
        distance = side * self.difference - margin
        if self.error == 0:
            return 0.0 if distance > 0 else 1.0
        return float(stats.t.sf(distance / self.error, self.freedom))

    def outside(self, margin: float) -> float:
        """Return the p of a difference of at least margin: the larger of two one-sided ones (Schuirmann 1987)."""
        distance = margin - abs(self.difference)
        if self.error == 0:
            return 0.0 if distance >= -ROUNDING * margin else 1.0
        return float(stats.t.sf(distance / self.error, self.freedom))

    def interval(self, level: float) -> tuple[float, float]:
        """Return the ends of the interval of the difference."""
        half = float(stats.t.ppf((1 + level) / 2, self.freedom)) * self.error
        return self.difference - half, self.difference + half


def _spread(values: Array) -> float:
    same = np.ptp(values) <= ROUNDING * np.abs(values).max()
    return 0.0 if same else float(values.var(ddof=1))
