"""Variants over several data sets: ranks with Friedman and Nemenyi, and the interquartile mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from dlbench.errors import DlbenchError

Array = NDArray[np.float64]
_BATCH_ELEMENTS = 2**20


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Mean ranks of variants over data sets, with the tests of Friedman and Nemenyi.

    variants: labels, in the order of the mean ranks.
    mean_ranks: mean rank of each variant; 1 is best.
    datasets: number of data sets.
    statistic: of Friedman's test.
    p: of Friedman's test.
    alpha: error rate of both tests.
    critical_difference: difference of two mean ranks that Nemenyi's test requires.
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
        """Return the pairs whose mean ranks differ enough; none unless Friedman's test rejects."""
        if not self.p < self.alpha:
            return ()
        ranked = zip(self.variants, self.mean_ranks, strict=True)
        return tuple((a, b) for (a, x), (b, y) in combinations(ranked, 2) if abs(x - y) >= self.critical_difference)


def rank_variants(
    values: Mapping[str, Mapping[str, float]], *, alpha: float = 0.05, higher_is_better: bool = True
) -> Ranking:
    """Rank three or more variants over the data sets, two or more, on which all of them have a finite value.

    values: variant → data set → value, usually the mean over seeds.

    Source: Demšar 2006, Statistical Comparisons of Classifiers over Multiple Data Sets (JMLR 7).
    """
    variants = tuple(values)
    finite = [{name for name, x in row.items() if np.isfinite(x)} for row in values.values()]
    shared = set.intersection(*finite) if finite else set()
    if len(variants) < 3 or len(shared) < 2:
        raise DlbenchError(
            f"Friedman's test needs at least 3 variants on 2 common data sets, not {len(variants)} on {len(shared)}.",
            "Compare two variants on each data set separately.",
        )
    scores = np.array([[values[variant][name] for variant in variants] for name in sorted(shared)])
    ranks = stats.rankdata(-scores if higher_is_better else scores, axis=1)
    statistic, p = 0.0, 1.0
    if np.ptp(ranks, axis=1).any():  # scipy divides by zero where every data set ties all variants
        statistic, p = map(float, stats.friedmanchisquare(*scores.T))
    return Ranking(
        variants=variants,
        mean_ranks=tuple(map(float, ranks.mean(axis=0))),
        datasets=len(shared),
        statistic=statistic,
        p=p,
        alpha=alpha,
        critical_difference=nemenyi_critical_difference(len(variants), len(shared), alpha),
    )


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
    """Return the percentile interval of the interquartile mean; runs are resampled within each data set."""
    runs = [np.asarray(row, dtype=np.float64) for row in scores]
    if min(map(len, runs), default=0) < 2:
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
    return float(found.low), float(found.high)


def _pooled_interquartile_mean(*runs: Array, axis: int) -> Array:
    return np.asarray(stats.trim_mean(np.concatenate(runs, axis=axis), 0.25, axis=axis))
