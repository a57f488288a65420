"""Convergence of training: time to a target, with trials that miss it; area under the curve; stability.

A curve is one metric by epoch, the first epoch first. Times to a target: AlgoPerf (arXiv 2306.07179).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, isfinite, nan
from statistics import median_low

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import trapezoid


@dataclass(frozen=True, kw_only=True)
class TargetSummary:
    """Times to a target, summarized over trials.

    reached: number of trials that reached the target.
    n: number of trials.
    median: time by which half of the trials had reached it; ∞ if fewer than half did.
    """

    reached: int
    n: int
    median: float


def target_from_baseline(curves: Sequence[ArrayLike], *, fraction: float = 0.8, higher_is_better: bool = True) -> float:
    """Return the baseline's median value at a fraction of its epochs: the target of all variants.

    curves: those of the baseline, one per seed. A curve that stopped early keeps its last value; NaN counts as the
        worst value.

    NaN if half of the trials have no value.
    """
    worst = -inf if higher_is_better else inf
    rows = [np.asarray(curve, dtype=np.float64) for curve in curves if np.size(curve)]
    if not rows:
        return nan
    epoch = max(1, ceil(fraction * max(map(len, rows))))
    median = float(np.median(np.nan_to_num([row[min(epoch, len(row)) - 1] for row in rows], nan=worst)))
    return median if isfinite(median) else nan


def time_to_target(
    curve: ArrayLike,
    target: float,
    *,
    elapsed: ArrayLike | None = None,
    higher_is_better: bool = True,
    diverged: bool = False,
) -> float:
    """Return the first epoch at or past the target, or its entry in `elapsed`; ∞ if the target is missed.

    elapsed: (epochs,) cumulative cost by epoch, such as seconds since the start.
    diverged: whether the trial diverged; the result is ∞ then, even if the curve passed the target before.
    """
    values = np.asarray(curve, dtype=np.float64)
    reached = values >= target if higher_is_better else values <= target
    if diverged or not reached.any():
        return inf
    first = int(np.argmax(reached))
    return float(first + 1 if elapsed is None else np.asarray(elapsed)[first])


def summarize_times(times: Sequence[float]) -> TargetSummary:
    """Summarize times to a target. A miss is ∞ and never replaced by the budget.

    The median is that of survival analysis: the time by which at least half of the trials had reached the target.
    """
    return TargetSummary(
        reached=sum(map(isfinite, times)),
        n=len(times),
        median=median_low(times) if times else nan,
    )


def area_under_curve(curve: ArrayLike) -> float:
    """Return the trapezoidal area under a curve divided by its length: its mean level, in its unit."""
    values = np.asarray(curve, dtype=np.float64)
    if values.size == 1:
        return float(values[0])
    return float(trapezoid(values)) / (values.size - 1) if values.size else nan


def stability(curve: ArrayLike) -> float:
    """Return the mean absolute change from one epoch to the next; NaN for a single epoch."""
    changes = np.abs(np.diff(np.asarray(curve, dtype=np.float64)))
    return float(changes.mean()) if changes.size else nan
