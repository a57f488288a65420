"""Effect sizes and standard deviations."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlbench.statistics.verdicts import MINIMUM_PAIRS

Array = NDArray[np.float64]


def standard_deviation(values: ArrayLike) -> Array:
    """Return the sample standard deviation (n − 1) of values (…, n); NaN below three: that of two says nothing."""
    data = np.asarray(values, dtype=np.float64)
    if data.shape[-1] < MINIMUM_PAIRS:
        return np.full(data.shape[:-1], np.nan)
    return np.asarray(data.std(axis=-1, ddof=1))


def probability_of_improvement(differences: ArrayLike, *, higher_is_better: bool = True) -> Array:
    """Return P(A > B) from paired differences A − B (…, n): the share that favors A, and half of the ties.

    0.75 is a common threshold for a relevant effect: Bouthillier et al. 2021 (arXiv 2103.03098).
    """
    data = np.asarray(differences, dtype=np.float64)
    favors = data > 0 if higher_is_better else data < 0
    return np.asarray(favors.mean(axis=-1) + (data == 0).mean(axis=-1) / 2)
