"""Performance profiles: the share of runs over several data sets that come within each distance of the best."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def performance_profile(gaps: Sequence[ArrayLike], distances: ArrayLike) -> Array:
    """Return the share of runs whose gap to the best is at most each distance; all data sets weigh the same.

    gaps: for each data set those of its runs; infinite for a run that never gets there.

    Source: Dolan & Moré 2002, Benchmarking Optimization Software with Performance Profiles; for runs, Agarwal et al.
    2021 (arXiv 2108.13264).
    """
    within = np.asarray(distances, dtype=np.float64)
    shares = [(np.asarray(row, dtype=np.float64)[:, None] <= within).mean(axis=0) for row in gaps]
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
    within = np.asarray(distances, dtype=np.float64)
    total = np.zeros((resamples, within.size))
    for row in gaps:
        reached = (np.asarray(row, dtype=np.float64)[:, None] <= within).astype(np.float64)
        size = len(reached)
        total += generator.multinomial(size, np.full(size, 1 / size), size=resamples) @ reached / size
    low, high = np.quantile(total / len(gaps), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high
