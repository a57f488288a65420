"""The sign-flip test on paired differences: under the null hypothesis, each sign is as likely as the other."""

from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

Array = NDArray[np.float64]

EXACT_UP_TO = 16
#: Sums closer than this, relative to the sum of absolute values, are ties: accuracies are rounded quotients.
_TIE = 1e-9
_FEW = 10
#: Elements of a block of arrays, so that it stays in the processor's cache.
_BLOCK_ELEMENTS = 2**17
#: Blocks are multiples of 64 patterns, whole words of random bits, so that the random stream does not depend on them.
_WORD = 64


def sign_flip_p(differences: ArrayLike, generator: np.random.Generator, *, flips: int = 100_000) -> Array:
    """Return the two-sided p of the hypothesis that the mean of differences (…, n) is zero.

    Exact over all 2ⁿ signs up to n = 16; otherwise from random flips, p = (k + 1) / (B + 1), which is never zero.
    scipy.stats.permutation_test gives the same numbers; here, all rows share the signs.
    Source: Fisher 1935, The Design of Experiments; (k + 1) / (B + 1): Phipson and Smyth 2010.
    """
    data = np.asarray(differences, dtype=np.float64)
    n = data.shape[-1]
    rows = data.reshape(-1, n)
    block = _WORD * max(1, _BLOCK_ELEMENTS // (_WORD * max(n, len(rows))))
    p: Array
    # Products of this size lose more by synchronizing threads than they gain; below, setting the limit costs more.
    with threadpool_limits(1, user_api="blas") if n > _FEW else nullcontext():
        if n <= EXACT_UP_TO:
            p = _count_extreme(rows, _all_flips(n, block)) / 2 ** max(0, n - 1)
        else:
            p = (_count_extreme(rows, _random_flips(n, flips, block, generator)) + 1) / (flips + 1)
    return p.reshape(data.shape[:-1])


def _count_extreme(rows: Array, blocks: Iterator[NDArray[np.integer]]) -> Array:
    """Return for each row (m, n) the number of flips whose sum is at least as far from zero as the observed sum.

    blocks: (patterns, n), 1 where a difference changes its sign.
    """
    seen = rows.sum(axis=1, keepdims=True)
    threshold = np.abs(seen) - _TIE * np.abs(rows).sum(axis=1, keepdims=True)
    counts = np.zeros(len(rows))
    for flips in blocks:
        sums = seen - 2 * rows @ flips.astype(np.float64).T
        counts += np.count_nonzero(np.abs(sums, out=sums) >= threshold, axis=1)
    return counts


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
