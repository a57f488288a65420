"""Sizes of effects and of noise."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from dlbench.errors import DlbenchError

Array = NDArray[np.float64]


def standard_deviation(values: ArrayLike) -> Array:
    """Return the sample standard deviation (n − 1) of values (…, n); NaN for a single one."""
    data = np.asarray(values, dtype=np.float64)
    if data.shape[-1] < 2:
        return np.full(data.shape[:-1], np.nan)
    return np.asarray(data.std(axis=-1, ddof=1))


def probability_of_improvement(differences: ArrayLike, *, higher_is_better: bool = True) -> Array:
    """Return P(A > B) from paired differences A − B (…, n): the share that favours A, and half of the ties.

    0.75 is a threshold worth caring about: Bouthillier et al. 2021 (arXiv 2103.03098).
    """
    data = np.asarray(differences, dtype=np.float64)
    favours = data > 0 if higher_is_better else data < 0
    return np.asarray(favours.mean(axis=-1) + (data == 0).mean(axis=-1) / 2)


def accuracy_standard_error(accuracy: float, images: int) -> float:
    """Return the standard error that a finite test set alone gives an accuracy: 0.0024 at 94 % on 10,000 images.

    accuracy: a fraction. This noise is shared by models tested on the same images; seeds do not show it.
    """
    return float(np.sqrt(accuracy * (1 - accuracy) / images))


def mcnemar_p(first_correct: ArrayLike, second_correct: ArrayLike) -> float:
    """Return the exact two-sided p that two models err equally often on the same images.

    first_correct, second_correct: (N,) booleans, image by image. Source: McNemar 1947.
    """
    first, second = np.asarray(first_correct, dtype=bool), np.asarray(second_correct, dtype=bool)
    if first.shape != second.shape:
        raise DlbenchError(f"McNemar's test needs the same images: {first.size} against {second.size} were given.")
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(~first & second))
    if only_first + only_second == 0:
        return 1.0
    return float(stats.binomtest(only_first, only_first + only_second).pvalue)
