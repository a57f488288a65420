"""Permutations of the labels of two samples: without a difference, each value is as likely in one as in the other."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from dlbench.statistics.verdicts import Rules
from dlbench.statistics.welch import Welch

Array = NDArray[np.float64]
Labels = NDArray[np.bool_]

#: Up to so many, all permutations are enumerated: 8 seeds on each side have 12,870.
PERMUTATIONS = 20_000
#: Statistics, of at most 1, that are closer than this are ties.
_TIE = 1e-9
#: Halvings of the distance between a mean that is rejected and one that is not.
_HALVINGS = 32


@dataclass(frozen=True)
class Samples:
    """Two samples as the values of one pool.

    pooled: the values of the first, then those of the second.
    size: number of values of the first.
    """

    pooled: Array
    size: int

    @classmethod
    def of(cls, first: Array, second: Array) -> "Samples":
        """Return two samples in sorted order: that of their seeds means nothing."""
        return cls(np.concatenate([np.sort(first), np.sort(second)]) + 0.0, len(first))

    @property
    def first(self) -> Array:
        """Return the values of the first sample."""
        return self.pooled[: self.size]

    @property
    def second(self) -> Array:
        """Return the values of the second sample."""
        return self.pooled[self.size :]

    def shifted(self, amount: float) -> "Samples":
        """Return the samples with an amount subtracted from the first."""
        return Samples.of(self.first - amount, self.second)

    def reversed(self) -> "Samples":
        """Return the samples with the signs of their values reversed."""
        return Samples.of(-self.first, -self.second)


class Permuted:
    """The statistics of two samples under permutations of their labels, for any shift of the first sample.

    The statistic is d / √(d² + v), where d is the difference of the means and v its variance after Welch: between -1
    and 1, it orders permutations and comparisons as Welch's t does, and is defined where a variance is zero.

    Source: Chung and Romano 2013, Exact and Asymptotically Robust Permutation Tests.
    """

    def __init__(self, samples: Samples, labels: Labels) -> None:
        """labels: (permutations, values), whether a value is in the first sample."""
        first, pooled = samples.size, samples.pooled
        self._center, self._scale = pooled.mean(), np.abs(pooled - pooled.mean()).max() or 1.0
        data = (pooled - self._center) / self._scale
        taken = labels.astype(np.float64)
        self._sizes = first, len(pooled) - first
        self._sums, self._squares = taken @ data, taken @ np.square(data)
        self._total, self._total_squares = data.sum(), np.square(data).sum()
        self._moved = np.count_nonzero(labels[:, :first], axis=1).astype(np.float64)
        self._moved_sums, self._first_sum = taken[:, :first] @ data[:first], data[:first].sum()

    def statistic(self, shift: float = 0.0) -> Array:
        """Return the statistic of each permutation, after a shift was subtracted from the first sample."""
        by, (n, m) = shift / self._scale, self._sizes
        sums = self._sums - by * self._moved
        squares = self._squares - 2 * by * self._moved_sums + by * by * self._moved
        rest = self._total - n * by - sums
        rest_squares = self._total_squares - 2 * by * self._first_sum + n * by * by - squares
        differences = sums / n - rest / m
        variances = np.maximum(squares - sums * sums / n, 0) / (n * (n - 1))
        variances += np.maximum(rest_squares - rest * rest / m, 0) / (m * (m - 1))
        size = np.sqrt(np.square(differences) + variances)
        return np.asarray(np.divide(differences, size, out=np.zeros_like(size), where=size > _TIE))


@lru_cache(maxsize=8)
def every_labelling(first: int, second: int) -> Labels:
    """Return every choice of the first sample's values, (choices, values); the observed one is the first."""
    chosen = np.array(list(combinations(range(first + second), first)))
    labels = np.zeros((len(chosen), first + second), dtype=np.bool_)
    np.put_along_axis(labels, chosen, True, axis=1)
    return labels


def labellings(samples: Samples, rules: Rules) -> tuple[Labels, bool]:
    """Return labels of two samples, (permutations, values), and whether they are all that there are."""
    first, second = samples.size, len(samples.pooled) - samples.size
    if comb(first + second, first) <= PERMUTATIONS:
        return every_labelling(first, second), True
    keys = np.random.default_rng(rules.random_seed).random((_draws(rules), first + second))
    return _smallest(keys, first), False


def _draws(rules: Rules) -> int:
    return min(rules.flips, PERMUTATIONS)


def _smallest(keys: Array, count: int) -> Labels:
    """Return which of the keys (permutations, values) are among the smallest of their row."""
    labels = np.zeros(keys.shape, dtype=np.bool_)
    np.put_along_axis(labels, np.argpartition(keys, count - 1, axis=1)[:, :count], True, axis=1)
    return labels


def share_reached(reached: NDArray[np.bool_], *, exact: bool) -> Array:
    """Return the p of statistics (…, permutations): the share that reach what was seen; of random ones, never zero."""
    counts = np.count_nonzero(reached, axis=-1)
    permutations = reached.shape[-1]
    return np.asarray(counts / permutations if exact else (counts + 1) / (permutations + 1))


def permutation_p(samples: Samples, rules: Rules, *, one_sided: bool = False) -> float:
    """Return the p of no difference; one_sided: twice the share of permutations whose first mean is so much larger.

    Exact where there are few permutations, otherwise of random ones, (k + 1) / (B + 1).
    """
    labels, exact = labellings(samples, rules)
    seen, found = _seen(samples, one_sided=one_sided), _side(Permuted(samples, labels).statistic(), one_sided=one_sided)
    sides = 2 if one_sided else 1
    return min(1.0, sides * float(share_reached(found >= seen - _TIE, exact=exact)))


def _seen(samples: Samples, *, one_sided: bool, shift: float = 0.0) -> float:
    observed = np.arange(len(samples.pooled))[None] < samples.size
    return float(_side(Permuted(samples, observed).statistic(shift), one_sided=one_sided)[0])


def _side(statistics: Array, *, one_sided: bool) -> Array:
    return np.maximum(statistics, 0.0) if one_sided else np.abs(statistics)


def family_p(family: Sequence[Samples], rules: Rules, *, one_sided: bool = False) -> Array:
    """Return the p-values of comparisons, corrected over their family: step-down max-T, as for paired differences.

    Each value draws one random number that it keeps in all comparisons; the first sample of a permutation are the
    values with the smallest of them. So each comparison has permutations of its own two samples, and those that share
    a variant are as dependent as they are in truth. Permuting the labels of all variants at once would not do: where
    one variant differs, its values would be taken for the spread of the others, which then differ too often (14 % of
    studies instead of 5 %, with five equal variants out of six, n = 5).
    """
    seen = np.array([_seen(samples, one_sided=one_sided) for samples in family])
    order = np.argsort(seen, kind="stable")
    largest = np.zeros(_draws(rules))
    p = np.empty(len(family))
    for place in order:
        samples = family[place]
        keys = np.concatenate([_keys(values, rules) for values in (samples.first, samples.second)], axis=1)
        found = Permuted(samples, _smallest(keys, samples.size)).statistic()
        np.maximum(largest, _side(found, one_sided=one_sided), out=largest)
        p[place] = share_reached(largest >= seen[place] - _TIE, exact=False)
    p[order] = np.maximum.accumulate(p[order][::-1])[::-1]
    return np.minimum(1.0, (2 if one_sided else 1) * p)


def _keys(values: Array, rules: Rules) -> Array:
    """Return a random number for each permutation and value: by the values, so that no name or order changes them."""
    generator = np.random.default_rng([rules.random_seed, len(values), zlib.crc32(values.tobytes())])
    return generator.random((_draws(rules), len(values)))


def permutation_interval(samples: Samples, rules: Rules) -> tuple[float, float]:
    """Return the ends of the differences that `permutation_p` does not reject at α; infinite where it never rejects."""
    labels, exact = labellings(samples, rules)
    if share_reached(_farthest(labels, samples.size), exact=exact) > rules.alpha:
        return -np.inf, np.inf
    low = _lower_end(samples, labels, rules.alpha, exact=exact)
    return low, -_lower_end(samples.reversed(), labels, rules.alpha, exact=exact)


def _farthest(labels: Labels, first: int) -> NDArray[np.bool_]:
    """Return which permutations reach what is seen of samples that lie far apart: no others keep them apart."""
    own = np.arange(labels.shape[1]) < first
    farthest: NDArray[np.bool_] = (labels == own).all(axis=1)
    if 2 * first == len(own):
        farthest |= (labels != own).all(axis=1)
    return farthest


def _lower_end(samples: Samples, labels: Labels, alpha: float, *, exact: bool) -> float:
    """Return the smallest difference that is not rejected, by halving; it lies on the side of 0 that p says."""
    permuted = Permuted(samples, labels)
    welch = Welch.of(samples.first, samples.second)

    def rejected(difference: float) -> bool:
        seen = _seen(samples, one_sided=False, shift=difference)
        reached = np.abs(permuted.statistic(difference)) >= seen - _TIE
        return bool(share_reached(reached, exact=exact) <= alpha)

    inside, step = welch.difference, 2 * welch.error
    if step == 0:
        return inside
    if inside > 0 and rejected(0.0):
        outside = 0.0
    else:
        inside = min(0.0, inside)
        outside = inside - step
        while not rejected(outside):
            inside, step = outside, 2 * step
            outside = inside - step
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if rejected(middle) else (middle, outside)
    return inside
