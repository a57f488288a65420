"""How good the best of a search can be expected to be, by its budget."""

from collections.abc import Sequence
from math import ceil, inf, log, sqrt


def expected_best(scores: Sequence[float], *, higher_is_better: bool = True) -> list[float]:
    """Return the expected best of n of the scores, for n = 1 … N, drawn without replacement.

    U(n) = Σ C(i − 1, n − 1) / C(N, n) · v₍ᵢ₎ over i = n … N, with the scores in ascending order: unbiased for the
    expected best of n independent points. Source: Tang et al. 2020, Showing your work doesn't always work.
    """
    sign = 1 if higher_is_better else -1
    ordered = sorted(sign * score for score in scores)
    return [sign * _expected_best(ordered, n) for n in range(1, len(ordered) + 1)]


def _expected_best(ordered: Sequence[float], n: int) -> float:
    """Return U(n) of scores in ascending order."""
    total = len(ordered)
    weight, expected = n / total, 0.0
    for i in range(total, n - 1, -1):  # each weight follows from the next: binomials of large searches are huge
        expected += weight * ordered[i - 1]
        weight *= (i - n) / max(i - 1, 1)
    return expected


def median_best_band(
    scores: Sequence[float], level: float = 0.95, *, higher_is_better: bool = True
) -> list[tuple[float, float]]:
    """Return distribution-free limits of the median best of n independent points, for n = 1 … N.

    With probability `level` the distribution function lies within ε = √(ln(2 / (1 − level)) / 2N) of the empirical one
    everywhere, and the best of n has its n-th power: the limits are quantiles at 0.5^(1/n) ∓ ε. One beyond all
    scores is infinite. Sources: Massart 1990 for ε; Lourie, Cho & He 2024, Show your work with confidence.
    """
    sign = 1 if higher_is_better else -1
    ordered = sorted(sign * score for score in scores)
    total = len(ordered)
    reach = sqrt(log(2 / (1 - level)) / (2 * total)) if total else 0.0
    limits = []
    for n in range(1, total + 1):
        low, high = 0.5 ** (1 / n) - reach, 0.5 ** (1 / n) + reach
        ends = sorted((sign * _quantile(ordered, low), sign * _quantile(ordered, high)))
        limits.append((ends[0], ends[1]))
    return limits


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value at which an empirical distribution function reaches a share; infinite beyond all."""
    if share <= 0:
        return -inf
    return inf if share > 1 else ordered[ceil(share * len(ordered)) - 1]
