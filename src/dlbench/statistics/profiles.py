"""Performance profiles: the share of runs over several data sets that come within each distance of the best."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlbench.statistics.intervals import ROUNDING

Array = NDArray[np.float64]


def performance_profile(gaps: Sequence[ArrayLike], distances: ArrayLike) -> Array:
    """Return the share of runs whose gap to the best is at most each distance; all data sets weigh the same.

    gaps: for each data set those of its runs; infinite for a run that never gets there.

    Source: Dolan & Moré 2002, Benchmarking Optimization Software with Performance Profiles; for runs, Agarwal et al.
    2021 (arXiv 2108.13264).
    """
    shares = [_reached(row, distances).mean(axis=0) for row in gaps]
    profile: Array = np.mean(shares, axis=0)
    return profile


def profile_band(
    gaps: Sequence[ArrayLike],
    distances: ArrayLike,
    generator: np.random.Generator,
    *,
    level: float = 0.95,
    resamples: int = 2_000,
) -> tuple[Array, Array]:
    """Return the pointwise band of a profile over other runs on these data sets, by the stratified bootstrap.

    All distances share the resampled runs, which makes the ends of the band grow with the distance.
    """
    total = np.zeros((resamples, np.size(distances)))
    for row in gaps:
        reached = _reached(row, distances)
        size = len(reached)
        total += generator.multinomial(size, np.full(size, 1 / size), size=resamples) @ reached / size
    low, high = np.quantile(total / len(gaps), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def _reached(gaps: ArrayLike, distances: ArrayLike) -> Array:
    """Return 1 where a gap is at most a distance but for rounding errors, else 0: (gaps, distances)."""
    allowed = np.asarray(distances, dtype=np.float64) + ROUNDING
    return (np.asarray(gaps, dtype=np.float64)[:, None] <= allowed).astype(np.float64)
