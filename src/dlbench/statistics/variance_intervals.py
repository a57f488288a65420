"""Intervals of the shares that a source has in a variance, by the likelihood of a normal model with three parts.

Values lie in cells: a row for each set of seeds of all other sources, a column for each seed of the source. What rows
share is due to the others alone, what columns share to the source alone, and the rest to all of them together.

Source: Harville 1977 (residual maximum likelihood); the intervals hold the shares that a likelihood-ratio test keeps.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import nan

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, stats

Array = NDArray[np.float64]
Ends = tuple[float, float]

_LEVEL = 0.95
#: The shares that are tried: multiples of one part in so many; between them, intervals are interpolated.
_PARTS = 25
#: The least share of what the sources do together, without which the model is singular.
_LEAST = 1e-4


def share_intervals(values: Array, rows: NDArray[np.integer], columns: NDArray[np.integer]) -> tuple[Ends, Ends]:
    """Return the intervals of two shares: what varies within rows, and what columns share.

    rows, columns: of each value. NaN for fewer values than a model can be fitted to.
    """
    if len(set(rows.tolist())) < 2 or len(values) < 4:
        return (nan, nan), (nan, nan)
    contrasts = linalg.helmert(len(values)) @ values
    likelihoods: dict[tuple[int, int], float] = {}
    for within, column, whitening, logarithm in _models(tuple(rows.tolist()), tuple(columns.tolist())):
        squares = float(((whitening @ contrasts) ** 2).sum())
        likelihoods[within, column] = -0.5 * (len(contrasts) * np.log(squares) + logarithm)
    bound = float(stats.t.ppf((1 + _LEVEL) / 2, _freedom(likelihoods, len(values), len(set(rows.tolist()))))) ** 2
    return _kept(likelihoods, 0, bound), _kept(likelihoods, 1, bound)


def _freedom(likelihoods: dict[tuple[int, int], float], values: int, rows: int) -> float:
    """Return the degrees of freedom: those of rows where sources only add up, of values where all is together.

    The usual bound of the likelihood ratio is that of many rows, and would cover 79 to 90 % with six.
    """
    within, column = max(likelihoods, key=lambda shares: likelihoods[shares])
    return rows - 1 + (values - rows) * (within - column) / _PARTS


def _kept(likelihoods: dict[tuple[int, int], float], place: int, bound: float) -> Ends:
    """Return the least and the largest share that the likelihood-ratio test keeps, the other one free.

    bound: of the statistic.
    """
    best = np.full(_PARTS + 1, -np.inf)
    for shares, likelihood in likelihoods.items():
        best[shares[place]] = max(best[shares[place]], likelihood)
    excess = 2 * (best.max() - best) - bound
    kept = np.flatnonzero(excess <= 0)
    return _crossing(excess, int(kept[0]), -1), _crossing(excess, int(kept[-1]), 1)


def _crossing(excess: Array, kept: int, step: int) -> float:
    """Return where the excess reaches zero between a share that is kept and the next one, which is not."""
    beyond = kept + step
    if not 0 <= beyond <= _PARTS:
        return kept / _PARTS
    part = -excess[kept] / (excess[beyond] - excess[kept])
    return float(kept + step * part) / _PARTS


@lru_cache(maxsize=8)
def _models(rows: tuple[int, ...], columns: tuple[int, ...]) -> list[tuple[int, int, Array, float]]:
    """Return the models of cells: shares within rows and of columns in parts, what whitens contrasts, log variance."""
    return list(_fitted(np.equal.outer(rows, rows), np.equal.outer(columns, columns)))


def _fitted(same_row: NDArray[np.bool_], same_column: NDArray[np.bool_]) -> Iterator[tuple[int, int, Array, float]]:
    contrasts = linalg.helmert(len(same_row))
    parts = [contrasts @ part.astype(float) @ contrasts.T for part in (same_row, same_column)]
    unit = np.eye(len(contrasts))
    for within in range(_PARTS + 1):
        for column in range(within + 1):
            together = max((within - column) / _PARTS, _LEAST)
            covariance = (1 - within / _PARTS) * parts[0] + column / _PARTS * parts[1] + together * unit
            factor = np.linalg.cholesky(covariance)
            whitening = linalg.solve_triangular(factor, unit, lower=True)
            yield within, column, whitening, 2 * float(np.log(np.diag(factor)).sum())
