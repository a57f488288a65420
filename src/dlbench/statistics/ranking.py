"""Variants over several data sets: ranks with Friedman and Nemenyi, and the interquartile mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, count
from math import ceil, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from dlbench.errors import DlbenchError
from dlbench.statistics.seeds import smallest_p

Array = NDArray[np.float64]
_BATCH_ELEMENTS = 2**20


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Mean ranks of variants over data sets, with the tests of Friedman and Nemenyi; of two variants, the sign test.

    variants: labels, in the order in which they were given.
    mean_ranks: mean rank of each variant; 1 is best.
    datasets: number of data sets.
    statistic: of Friedman's test; NaN for two variants.
    p: of Friedman's test, or of the sign test.
    alpha: error rate of both tests.
    critical_difference: difference of two mean ranks that Nemenyi's test requires; NaN for two variants.
    """

    variants: tuple[str, ...]
    mean_ranks: tuple[float, ...]
    datasets: int
    statistic: float
    p: float
    alpha: float
    critical_difference: float

    @property
    def different(self) -> tuple[tuple[str, str], ...]:
        """Return the pairs whose mean ranks differ enough; none unless the test over all of them rejects."""
        if not self.p <= self.alpha:
            return ()
        ranked = zip(self.variants, self.mean_ranks, strict=True)
        pairs = ((a, b, abs(x - y)) for (a, x), (b, y) in combinations(ranked, 2))
        return tuple((a, b) for a, b, apart in pairs if not apart < self.critical_difference)

    @property
    def could_show(self) -> bool:
        """Return whether so many data sets could show any ranking, if one order held on all of them."""
        return can_rank(len(self.variants), self.datasets, self.alpha)


def rank_variants(
    values: Mapping[str, Mapping[str, float]], *, alpha: float = 0.05, higher_is_better: bool = True
) -> Ranking:
    """Rank two or more variants over the data sets, two or more, on which all of them have a value.

    values: variant → data set → value, usually the mean over seeds; NaN is none.

    Source: Demšar 2006, Statistical Comparisons of Classifiers over Multiple Data Sets (JMLR 7).
    """
    variants = tuple(values)
    known = [{name for name, x in row.items() if not np.isnan(x)} for row in values.values()]
    shared = set.intersection(*known) if known else set()
    if len(variants) < 2 or len(shared) < 2:
        raise DlbenchError(
            f"A ranking needs at least 2 variants on 2 common data sets, not {len(variants)} on {len(shared)}.",
            "Compare the variants on each data set separately.",
        )
    scores = np.array([[values[variant][name] for variant in variants] for name in sorted(shared)])
    ranks = stats.rankdata(-scores if higher_is_better else scores, axis=1)
    statistic, p = _test(ranks)
    return Ranking(
        variants=variants,
        mean_ranks=tuple(map(float, ranks.mean(axis=0))),
        datasets=len(shared),
        statistic=statistic,
        p=p,
        alpha=alpha,
        critical_difference=nemenyi_critical_difference(len(variants), len(shared), alpha)
        if len(variants) > 2
        else nan,
    )


def _test(ranks: Array) -> tuple[float, float]:
    """Return statistic and p of Friedman's test on ranks (data sets, variants); of two variants, of the sign test."""
    if not np.ptp(ranks, axis=1).any():  # scipy divides by zero where every data set ties all variants
        return (0.0 if ranks.shape[1] > 2 else nan), 1.0
    if ranks.shape[1] == 2:
        first, second = (int((ranks[:, place] == 1).sum()) for place in (0, 1))
        return nan, float(stats.binomtest(first, first + second).pvalue)
    statistic, p = stats.friedmanchisquare(*ranks.T)
    return float(statistic), float(p)


def can_rank(variants: int, datasets: int, alpha: float = 0.05) -> bool:
    """Return whether one order of the variants on all data sets would be significant: in both tests, of more than 2."""
    if variants == 2:
        return smallest_p(datasets) <= alpha
    p = float(stats.chi2.sf(datasets * (variants - 1), variants - 1))
    return p <= alpha and nemenyi_critical_difference(variants, datasets, alpha) <= variants - 1


def least_datasets(variants: int, alpha: float = 0.05) -> int:
    """Return the smallest number of data sets that can show any ranking of so many variants."""
    return next(datasets for datasets in count(2) if can_rank(variants, datasets, alpha))


def nemenyi_critical_difference(variants: int, datasets: int, alpha: float = 0.05) -> float:
    """Return by how much two mean ranks must differ: the studentized range over √2, times √(k (k + 1) / 6N)."""
    quantile = float(stats.studentized_range.ppf(1 - alpha, variants, np.inf)) / np.sqrt(2)
    return float(quantile * np.sqrt(variants * (variants + 1) / (6 * datasets)))


def interquartile_mean(scores: Sequence[ArrayLike]) -> float:
    """Return the mean of the middle half of all runs of all data sets.

    scores: for each data set its runs, on a common scale.

    Source: Agarwal et al. 2021 (arXiv 2108.13264).
    """
    return float(stats.trim_mean(np.concatenate([np.asarray(runs, dtype=np.float64) for runs in scores]), 0.25))


def interquartile_mean_interval(
    scores: Sequence[ArrayLike], generator: np.random.Generator, *, level: float = 0.95, resamples: int = 10_000
) -> tuple[float, float]:
    """Return the interval of the interquartile mean over other runs on these data sets, not over other data sets.

    Runs are resampled within each data set. A bootstrap of few runs is too narrow, so its percentiles are moved away
    from the estimate, by what n / (n − 1) and Student's quantile for the runs of half of the data sets amount to.
    """
    runs = [np.asarray(row, dtype=np.float64) for row in scores]
    n = min(map(len, runs), default=0)
    if n < 2:
        raise DlbenchError("An interval over data sets needs at least two runs on each.", "Run more seeds.")
    found = stats.bootstrap(
        runs,
        _pooled_interquartile_mean,
        vectorized=True,
        axis=-1,
        confidence_level=level,
        n_resamples=resamples,
        batch=max(1, _BATCH_ELEMENTS // sum(map(len, runs))),
        method="percentile",
        rng=generator,
    ).confidence_interval
    estimate, tail = interquartile_mean(runs), (1 + level) / 2
    freedom = ceil(len(runs) / 2) * (n - 1)
    wider = np.sqrt(n / (n - 1)) * stats.t.ppf(tail, freedom) / stats.norm.ppf(tail)
    low, high = (estimate + wider * (end - estimate) for end in (found.low, found.high))
    return float(low), float(high)


def _pooled_interquartile_mean(*runs: Array, axis: int) -> Array:
    return np.asarray(stats.trim_mean(np.concatenate(runs, axis=axis), 0.25, axis=axis))
