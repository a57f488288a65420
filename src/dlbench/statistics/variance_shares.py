"""Where a variance comes from: values at chosen combinations of random sources, compared in pairs.

Half the squared difference of two values has the mean of the variance that is not due to what the two share. Pairs that
share nothing thus give the whole variance V; pairs that share all but one source give what it leaves when it alone
varies; pairs that share it alone give what is left once it is fixed. Each is unbiased, and the shares do not add up to
one: what sources do together is part of what each of them leaves, and of none that is fixed alone.

Source: Jansen 1999; Saltelli et al. 2010 (total-effect and first-order indices).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from dlbench.statistics.variance_intervals import share_intervals

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LEVEL = 0.95


@dataclass(frozen=True)
class Share:
    """A share of a variance with its interval; NaN where nothing is known."""

    value: float
    low: float
    high: float


UNKNOWN = Share(nan, nan, nan)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which pairs of values share which sources.

    shared: for each pair and each column, whether the two have the same value there.
    """

    shared: NDArray[np.bool_]

    @classmethod
    def of(cls, keys: NDArray[np.integer]) -> "Pairs":
        """Return the pairs of values at keys (values, sources): the seed of each source, one a column."""
        return cls(keys[:, None, :] == keys[None, :, :])

    @property
    def apart(self) -> Mask:
        """Return which pairs share nothing."""
        return np.asarray(~self.shared.any(axis=2))

    @property
    def repeated(self) -> Mask:
        """Return which pairs share every source: the same thing, run twice."""
        return self._without_itself(np.asarray(self.shared.all(axis=2)))

    def differing_in(self, column: int) -> Mask:
        """Return which pairs share all but a column."""
        others = np.delete(self.shared, column, axis=2).all(axis=2)
        return others & ~self.shared[:, :, column]

    def sharing_only(self, column: int) -> Mask:
        """Return which pairs share a column and nothing else."""
        others = np.delete(self.shared, column, axis=2).any(axis=2)
        return self._without_itself(self.shared[:, :, column] & ~others)

    def patterns(self) -> Iterable[Mask]:
        """Yield the pairs of each pattern of sharing, in turn."""
        codes = (self.shared << np.arange(self.shared.shape[2])).sum(axis=2)
        for code in np.unique(codes):
            yield self._without_itself(codes == code)

    @staticmethod
    def _without_itself(mask: Mask) -> Mask:
        return mask & ~np.eye(len(mask), dtype=bool)


def half_square(values: Array, mask: Mask) -> float:
    """Return the mean of half the squared differences over pairs; NaN where there are none."""
    if not mask.any():
        return nan
    return float(((values[:, None] - values[None, :]) ** 2)[mask].mean() / 2)


@dataclass(frozen=True, eq=False)
class Variance:
    """The whole variance of values, and the shares of sources in it.

    values: the values.
    pairs: what they share.
    total: their variance over everything that is random.
    """

    values: Array
    pairs: Pairs
    total: float

    @classmethod
    def of(cls, values: Sequence[float] | Array, keys: NDArray[np.integer]) -> "Variance":
        """Return the variance of values at keys (values, sources)."""
        data, pairs = np.asarray(values, dtype=np.float64), Pairs.of(keys)
        return cls(data, pairs, half_square(data, pairs.apart))

    @property
    def interval(self) -> tuple[float, float]:
        """Return the ends of the interval of the total variance."""
        degrees = self.freedom
        if not degrees > 0:
            return nan, nan
        tail = (1 - _LEVEL) / 2
        low, high = (float(stats.chi2.ppf(part, degrees)) for part in (1 - tail, tail))
        return self.total * degrees / low, self.total * degrees / high

    @cached_property
    def freedom(self) -> float:
        """Return the degrees of freedom of the total variance, by Satterthwaite, under the normal model."""
        if not self.total > 0:
            return nan
        product = _form(self.pairs.apart) @ _covariance(self.values, self.pairs, self.total)
        spread = 2 * float(np.einsum("ij,ji->", product, product))
        return 2 * self.total**2 / spread if spread > 0 else nan

    def kept_by_repeating(self) -> Share:
        """Return the share of the variance that is left where every source is fixed and the same runs again."""
        mask = self.pairs.repeated
        rows = self._labels(np.asarray(self.pairs.shared.all(axis=2)))
        return self._bounded(half_square(self.values, mask), mask, rows, np.arange(len(self.values)))[0]

    def shares(self, column: int) -> tuple[Share, Share]:
        """Return what a source keeps where it alone varies, and what fixing it removes, as shares of the variance."""
        mask = self.pairs.differing_in(column)
        rows = self._labels(np.asarray(np.delete(self.pairs.shared, column, axis=2).all(axis=2)))
        columns = self._labels(self.pairs.shared[:, :, column])
        kept, removed = self._bounded(half_square(self.values, mask), mask, rows, columns)
        if kept.value == 0 or isnan(kept.value):
            return kept, removed
        left = half_square(self.values, self.pairs.sharing_only(column)) / self.total
        return kept, _around(1 - left, (removed.low, removed.high))

    def _bounded(
        self, within: float, mask: Mask, rows: NDArray[np.integer], columns: NDArray[np.integer]
    ) -> tuple[Share, Share]:
        """Return the share of a variance in the whole, and an unknown one of columns, with their intervals.

        mask: the pairs that differ within rows; values without such a pair tell nothing.
        """
        if not mask.any() or not self.total > 0:
            return UNKNOWN, UNKNOWN
        if within == 0:
            return Share(0.0, 0.0, 0.0), Share(0.0, 0.0, 0.0)
        used = mask.any(axis=1)
        kept, removed = share_intervals(self.values[used], rows[used], columns[used])
        return _around(within / self.total, kept), Share(nan, *removed)

    @staticmethod
    def _labels(same: Mask) -> NDArray[np.integer]:
        """Return for each value the first one that is the same as it."""
        return np.asarray(same.argmax(axis=1))


def _around(value: float, ends: tuple[float, float]) -> Share:
    """Return a share with its interval, both from 0 to 1, as all shares are."""
    inside = min(max(value, 0.0), 1.0)
    return Share(inside, min(ends[0], inside), max(ends[1], inside))


def _form(mask: Mask) -> Array:
    """Return the matrix of the quadratic form that `half_square` is."""
    return (np.diag(mask.sum(axis=1)) - mask) / float(mask.sum())


def _covariance(values: Array, pairs: Pairs, total: float) -> Array:
    """Return the covariance of values by what they share, as the nearest that a normal model can have."""
    covariance = np.zeros((len(values), len(values)))
    for mask in pairs.patterns():
        if mask.any():
            covariance[mask] = total - half_square(values, mask)
    covariance[pairs.apart] = 0.0
    np.fill_diagonal(covariance, total)
    sizes, vectors = np.linalg.eigh(covariance)
    positive = (vectors * np.maximum(sizes, 0.0)) @ vectors.T
    scale = np.sqrt(total / np.diag(positive))
    return np.asarray(positive * scale[:, None] * scale[None, :])


@dataclass(frozen=True)
class ImagePart:
    """What the finite test set has in a variance.

    share: of the variance over seeds, due to the chance of which of these images each training gets right.
    standard_error: of one training's value, over other such images.
    lasting: variance over images of what all trainings share, divided by their number: no seeds reduce it.
    """

    share: Share
    standard_error: float
    lasting: float


def image_part(variance: Variance, outcomes: NDArray[np.number]) -> ImagePart:
    """Return what the finite test set has in a variance. outcomes: (values, images), whose means are the values."""
    bits = outcomes.astype(np.float64)
    images, means = bits.shape[1], bits.mean(axis=1)
    moments = bits @ bits.T / images
    covariance = (moments - np.outer(means, means)) * images / (images - 1)
    own, apart = np.diag(covariance), variance.pairs.apart
    noise = ((own[:, None] + own[None, :]) / 2 - covariance)[apart].mean() / images
    low, high = variance.interval
    share = _around(float(noise / variance.total), (float(noise / high), min(float(noise / low), 1.0)))
    lasting = max(float(covariance[apart].mean()), 0.0) / images
    return ImagePart(share if variance.total > 0 else UNKNOWN, float(np.sqrt(own.mean() / images)), lasting)


def saved_by_pairing(difference: Variance, total: Variance) -> Share:
    """Return the share of a difference's variance that sharing the seeds removes.

    total: of the sum of the two values. The variances of difference and sum are equal where pairing is worth nothing;
    their ratio has an F interval (Pitman 1939, Morgan 1939).
    """
    if not (difference.total > 0 and total.total > 0):
        return UNKNOWN
    ratio, tail = difference.total / total.total, (1 - _LEVEL) / 2
    ends = [float(stats.f.ppf(part, difference.freedom, total.freedom)) for part in (1 - tail, tail)]
    low, high = ratio / ends[0], ratio / ends[1]
    return Share(_saved(ratio), _saved(high), _saved(low))


def _saved(ratio: float) -> float:
    """Return the saving where difference and sum have variances of a ratio: V(A) + V(B) is half of both together."""
    return 1 - 2 * ratio / (1 + ratio)
