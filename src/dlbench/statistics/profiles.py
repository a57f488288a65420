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
    shares: Array = _shares(gaps, distances).mean(axis=0)
    return shares


def profile_band(
    gaps: Sequence[ArrayLike],
    distances: ArrayLike,
    generator: np.random.Generator,
    *,
    level: float = 0.95,
    resamples: int = 2_000,
) -> tuple[Array, Array]:
    """Return the pointwise band of a profile over other runs on these data sets, by the stratified bootstrap.

    Resampling the runs of a data set draws their number within a distance from a binomial distribution.
    """
    shares, sizes = _shares(gaps, distances), [np.asarray(row).size for row in gaps]
    total = np.zeros((resamples, shares.shape[1]))
    for share, size in zip(shares, sizes, strict=True):
        total += generator.binomial(size, share, size=total.shape) / size
    low, high = np.quantile(total / len(sizes), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def _shares(gaps: Sequence[ArrayLike], distances: ArrayLike) -> Array:
    """Return the share of each data set's runs within each distance: (data sets, distances)."""
    within = np.asarray(distances, dtype=np.float64)
    return np.stack([(np.asarray(row, dtype=np.float64)[:, None] <= within).mean(axis=0) for row in gaps])
