"""Sign flips of paired differences: under the null hypothesis, each sign is as likely as the other."""

import math
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

Array = NDArray[np.float64]

EXACT_UP_TO = 16
#: Statistics, of at most 1, that are closer than this are ties: accuracies are rounded quotients.
_TIE = 1e-9
#: The same for random signs, whose statistics are in single precision: twice as fast, and far finer than their chance.
_TIE_OF_RANDOM = 1e-6
_FEW = 10
#: Elements of a block of arrays, so that several stay in the processor's cache.
_BLOCK_ELEMENTS = 2**15
#: Blocks are multiples of 64 patterns, whole words of random bits, so that the random stream does not depend on them.
_WORD = 64


@dataclass(frozen=True)
class FamilyP:
    """The p-values of a family of comparisons, shape (m,).

    raw: of each comparison by itself.
    adjusted: corrected over the family; at most α of families without a difference have one that is α or less.
    """

    raw: Array
    adjusted: Array


def sign_flip_p(differences: ArrayLike, generator: np.random.Generator, *, flips: int = 100_000) -> Array:
    """Return the two-sided p of the hypothesis that the mean of differences (…, n) is zero.

    Exact over all 2ⁿ signs up to n = 16; otherwise from random flips, p = (k + 1) / (B + 1), which is never zero.
    scipy.stats.permutation_test gives the same numbers; here, all rows share the signs.
    Source: Fisher 1935, The Design of Experiments; (k + 1) / (B + 1): Phipson and Smyth 2010.
    """
    data = np.asarray(differences, dtype=np.float64)
    rows = data.reshape(-1, data.shape[-1])
    return sign_flip_family(rows, generator, flips=flips).raw.reshape(data.shape[:-1])


def sign_flip_family(
    differences: Array, generator: np.random.Generator, *, flips: int = 100_000, one_sided: bool = False
) -> FamilyP:
    """Return the p-values of comparisons given by their differences (m, n), NaN where a comparison lacks a seed.

    All comparisons share the patterns of signs F. Comparison j has the statistic tⱼ(F) = |mⱼ(F)|·√n / √(Σd²/n), where
    mⱼ(F) is the mean of its n differences: it orders patterns as Student's t does, and comparisons of as many seeds.
    The adjusted p of the comparison with the r-th largest t is the share of patterns whose largest t among it and those
    below it reaches its t, and no less than the adjusted p before it: step-down max-T.

    one_sided: count means above zero alone, and return twice their share.

    Source: Westfall and Young 1993, Resampling-Based Multiple Testing; Romano and Wolf 2005.
    """
    rows = _standardized(differences)
    m, n = rows.shape
    order = np.argsort(_statistic(rows.sum(axis=1), one_sided=one_sided), kind="stable")
    exact = n <= EXACT_UP_TO
    rows = rows[order].astype(np.float64 if exact else np.float32)
    seen = _statistic(rows.sum(axis=1), one_sided=one_sided)[:, None] - (_TIE if exact else _TIE_OF_RANDOM)
    raw, family = np.zeros(m), np.zeros(m)
    patterns = 0
    # Products of this size lose more by synchronizing threads than they gain; below, setting the limit costs more.
    with threadpool_limits(1, user_api="blas") if n > _FEW else nullcontext():
        for flipped in _blocks(n, m, flips, generator):
            means = rows @ (1 - 2 * flipped.T.astype(rows.dtype))
            for found in (means, -means) if one_sided else (means,):
                reached = _statistic(found, one_sided=one_sided)
                raw += np.count_nonzero(reached >= seen, axis=1)
                family += np.count_nonzero(np.maximum.accumulate(reached, axis=0, out=reached) >= seen, axis=1)
                patterns += reached.shape[1]
    if not exact:
        raw, family, patterns = raw + 1, family + 1, patterns + 1
    sides = 2 if one_sided else 1
    p = np.empty((2, m))
    p[:, order] = np.minimum(1.0, sides * np.array([raw, _step_down(family)]) / patterns)
    return FamilyP(raw=p[0], adjusted=p[1])


def _standardized(differences: Array) -> Array:
    """Return rows whose sums, for any signs, are t / √N, where N is the largest number of seeds: at most 1."""
    data = np.nan_to_num(differences)
    counts = np.count_nonzero(~np.isnan(differences), axis=1)
    largest = np.abs(data).max(axis=1, initial=0.0, keepdims=True)
    data = np.divide(data, largest, out=np.zeros_like(data), where=largest > 0)  # squares of tiny numbers vanish
    scale = np.sqrt(counts.max(initial=1) * np.square(data).sum(axis=1))[:, None]
    found: Array = np.divide(data, scale, out=np.zeros_like(data), where=scale > 0)
    return found


def _statistic(means: NDArray[np.floating], *, one_sided: bool) -> NDArray[np.floating]:
    found: NDArray[np.floating] = np.maximum(means, 0.0) if one_sided else np.abs(means)
    return found


def _step_down(counts: Array) -> Array:
    """Return counts, ordered by ascending statistic, made monotone from the largest statistic downwards."""
    monotone: Array = np.maximum.accumulate(counts[::-1])[::-1]
    return monotone


def sign_flip_interval(differences: Array, alpha: float) -> tuple[Array, Array]:
    """Return the ends of the interval of the means that `sign_flip_p` does not reject at α; differences (m, n ≤ 16).

    A mean θ is rejected where few means of subsets of the differences lie beyond it, so the ends are such means: the
    k-th smallest of the 2ⁿ − 1 of them and the k-th largest, k = ⌊α/2 · 2ⁿ⌋. Infinite if k is 0: no test is possible.

    Source: Hartigan 1969, Using Subsample Values as Typical Values.
    """
    m, n = differences.shape
    low, high = np.full(m, -np.inf), np.full(m, np.inf)
    place = math.floor(alpha * 2 ** max(0, n - 1) + _TIE) - 1
    if place < 0:
        return low, high
    # A subset and the rest lie on either side of the mean of all, so half of the subsets tell both ends.
    chosen = np.concatenate(list(_all_flips(n, _BLOCK_ELEMENTS)))[1:].astype(np.float64)
    size = chosen.sum(axis=1)
    step = max(1, 4 * _BLOCK_ELEMENTS // len(chosen))
    for start in range(0, m, step):
        part = differences[start : start + step]
        sums = np.einsum("rj,pj->rp", part, chosen)  # unlike a product of matrices, the same for a row anywhere
        subset, rest = sums / size, (part.sum(axis=1, keepdims=True) - sums) / (n - size)
        low[start : start + step] = np.partition(np.minimum(subset, rest), place, axis=1)[:, place]
        high[start : start + step] = -np.partition(-np.maximum(subset, rest), place, axis=1)[:, place]
    return low, high


def _blocks(n: int, rows: int, flips: int, generator: np.random.Generator) -> Iterator[NDArray[np.integer]]:
    """Yield patterns in blocks (patterns, n), 1 where a difference changes its sign: all of them, or random ones."""
    block = _WORD * max(1, _BLOCK_ELEMENTS // (_WORD * max(n, rows, 1)))
    return _all_flips(n, block) if n <= EXACT_UP_TO else _random_flips(n, flips, block, generator)


def _all_flips(n: int, block: int) -> Iterator[NDArray[np.integer]]:
    """Yield half of all patterns: a pattern and its opposite have sums of equal size, so the last sign is fixed."""
    patterns = 2 ** max(0, n - 1)
    for start in range(0, patterns, block):
        numbers = np.arange(start, min(start + block, patterns))[:, None]
        yield numbers >> np.arange(n) & 1


def _random_flips(n: int, flips: int, block: int, generator: np.random.Generator) -> Iterator[NDArray[np.integer]]:
    for start in range(0, flips, block):
        bits = np.unpackbits(np.frombuffer(generator.bytes(block * n // 8), dtype=np.uint8))
        yield bits.reshape(block, n)[: flips - start]
