"""Effect sizes and standard deviations."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from dlbench.statistics.intervals import identical
from dlbench.statistics.magnitudes import in_units, usual_size
from dlbench.statistics.verdicts import MINIMUM_PAIRS

Array = NDArray[np.float64]
_FAR = 10.0


def standard_deviation(values: ArrayLike) -> Array:
    """Return the sample standard deviation (n − 1) of values (…, n); NaN below three: that of two says nothing."""
    data = np.asarray(values, dtype=np.float64)
    if data.shape[-1] < MINIMUM_PAIRS:
        return np.full(data.shape[:-1], np.nan)
    multiples, unit = usual_size(data)
    return np.where(identical(data), 0.0, multiples.std(axis=-1, ddof=1) * unit)


def probability_of_improvement(differences: ArrayLike, *, higher_is_better: bool = True) -> Array:
    """Return P(A > B) from paired differences A − B (…, n): the share that favors A, and half of the ties.

    0.75 is a common threshold for a relevant effect: Bouthillier et al. 2021 (arXiv 2103.03098).
    """
    data = np.asarray(differences, dtype=np.float64)
    favors = data > 0 if higher_is_better else data < 0
    return np.asarray(favors.mean(axis=-1) + (data == 0).mean(axis=-1) / 2)


def correlation(first: ArrayLike, second: ArrayLike) -> Array:
    """Return Pearson's correlation of pairs (…, n); NaN where one side is constant or n is below 3."""
    left, right = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if left.shape[-1] < 3:
        return np.full(left.shape[:-1], np.nan)
    constant = identical(left) | identical(right)
    left, right = (usual_size(each)[0] for each in (left, right))
    left, right = (usual_size(each - each.mean(axis=-1, keepdims=True))[0] for each in (left, right))
    size = np.sqrt(np.square(left).sum(axis=-1) * np.square(right).sum(axis=-1))
    found: Array = np.divide((left * right).sum(axis=-1), size, out=np.full_like(size, np.nan), where=~constant)
    return found


def broke_down(differences: ArrayLike, *, margin: float = 0.0, higher_is_better: bool = True) -> NDArray[np.intp]:
    """Return how many of the differences (…, n) are breakdowns: far worse than what is usual of the comparison.

    Far is more than ten times the median distance from the median, more than ten times the margin, and worse than no
    difference at all.
    """
    data, unit = usual_size(differences)
    data = data if higher_is_better else -data
    median = np.median(data, axis=-1, keepdims=True)
    usual = np.median(np.abs(data - median), axis=-1, keepdims=True)
    far = median - data > _FAR * np.maximum(usual, in_units(margin, unit)[..., None])
    return np.asarray(np.count_nonzero(far & (data < 0), axis=-1))


@lru_cache(maxsize=1024)
def share_at_most(count: float, n: int, level: float = 0.95) -> float:
    """Return the one-sided upper bound of a share of which count of n were seen: Clopper and Pearson 1934."""
    return 1.0 if not count < n else float(stats.beta.ppf(level, count + 1, n - count))
