"""Comparisons of variants and interactions: from values by seed to judged comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import DlbenchError, suggest
from dlbench.statistics.effects import (
    broke_down,
    correlation,
    probability_of_improvement,
    share_at_most,
    standard_deviation,
)
from dlbench.statistics.family_tests import family_tests
from dlbench.statistics.independent import compare_samples
from dlbench.statistics.intervals import interval, subtract, t_interval
from dlbench.statistics.magnitudes import means
from dlbench.statistics.seed_values import Series, known_values
from dlbench.statistics.verdicts import MINIMUM_PAIRS, Comparison, Look, LookOf, Rules, judge

Array = NDArray[np.float64]

_COLUMNS = (
    "mean",
    "std",
    "mean_low",
    "mean_high",
    "difference",
    "difference_low",
    "difference_high",
    "difference_std",
    "probability_of_improvement",
    "correlation",
    "unpaired_std",
    "broke_down",
)


def interaction(
    values: Mapping[tuple[str, str], Series], rules: Rules, look_of: LookOf | None = None
) -> tuple[Comparison, ...]:
    """Return whether the effect of one axis depends on the other: differences of differences, paired by seed.

    values: by (value of the first axis, value of the second axis); the first value of each axis is its baseline.
        Missing combinations are skipped.
    look_of: see `compare_pairs`; of effects by their names.
    """
    if not values:
        return ()
    base, at_base = next(iter(values))
    firsts, seconds = (dict.fromkeys(pair[axis] for pair in values) for axis in (0, 1))
    known = gains(values)
    pairs = [
        (gain_name(first, base, name), gain_name(first, base, at_base))
        for first in firsts
        for name in seconds
        if name != at_base and {gain_name(first, base, name), gain_name(first, base, at_base)} <= known.keys()
    ]
    return compare_pairs(known, pairs, rules, look_of)


def gains(values: Mapping[tuple[str, str], Series]) -> dict[str, Series]:
    """Return the effect of each value of the first axis over its baseline, at each value of the second, by its name."""
    if not values:
        return {}
    base = next(iter(values))[0]
    return {
        gain_name(first, base, name): _gain(series, values[base, name])
        for (first, name), series in values.items()
        if first != base and (base, name) in values
    }


def gain_name(first: str, base: str, at: str) -> str:
    """Return the name of the effect of a value over its axis's baseline, at a value of another axis."""
    return f"{first} over {base} at {at}"


def compare_pairs(
    values: Mapping[str, Series], pairs: Sequence[tuple[str, str]], rules: Rules, look_of: LookOf | None = None
) -> tuple[Comparison, ...]:
    """Return the comparisons of (variant, baseline) pairs, judged as one family; their order has no effect.

    look_of: where comparisons grow, the look at which a pair is judged; otherwise all have all seeds and the rules' α.

    Raises DlbenchError for a name without values.
    """
    for name in {name for pair in pairs for name in pair} - values.keys():
        raise DlbenchError(f"There are no values for {name!r}.", suggest(name, values))
    looks = [look_of(*pair) if look_of else None for pair in pairs]
    series = [(_until(values[a], look), _until(values[b], look)) for (a, b), look in zip(pairs, looks, strict=True)]
    alphas = [look.alpha if look else rules.alpha for look in looks]
    if rules.test == "independent":
        return compare_samples(pairs, series, rules, alphas)
    paired = [_pair(*both, alpha) for both, alpha in zip(series, alphas, strict=True)]
    columns = {name: np.full(len(pairs), np.nan) for name in _COLUMNS}
    for n, alpha in {(len(pair.first), pair.alpha) for pair in paired if pair.seeds}:
        rows = [row for row, pair in enumerate(paired) if (len(pair.first), pair.alpha) == (n, alpha)]
        first, second = np.stack([paired[row].first for row in rows]), np.stack([paired[row].second for row in rows])
        for name, column in _estimate(first, second, replace(rules, alpha=alpha)).items():
            columns[name][rows] = column
    differences, by_sign = _differences(paired)
    tests = family_tests(differences, by_sign, rules)
    columns |= {"p": tests.p, "p_adjusted": tests.adjusted}
    columns |= {"p_beyond": tests.beyond, "p_equivalent": tests.equivalent}
    counts = zip(np.sum(differences > 0, axis=1), np.sum(differences < 0, axis=1), strict=True)
    records = zip(*(map(_number, column.tolist()) for column in columns.values()), strict=True)
    return tuple(
        _compare(names, pair, (int(ahead), int(behind)), dict(zip(columns, record, strict=True)), rules)
        for names, pair, (ahead, behind), record in zip(pairs, paired, counts, records, strict=True)
    )


def _number(value: float) -> float:
    """Return a number of Python; NaN is always the same one, so that equal comparisons are equal."""
    return value if value == value else nan


@dataclass(frozen=True)
class _Pair:
    """Values of two variants, paired by seed.

    seeds: the seeds of the pairs, ascending.
    first: values of the variant.
    second: values of the baseline.
    dropped: number of seeds that lack one of the two values.
    alpha: error rate at which they are judged.
    """

    seeds: tuple[int, ...]
    first: Array
    second: Array
    dropped: int
    alpha: float


def _until(series: Series, look: Look | None) -> Series:
    """Return the values of the seeds that a look has."""
    if look is None:
        return series
    own = {*look.seeds}
    return {seed: value for seed, value in series.items() if seed in own}


def _pair(first: Series, second: Series, alpha: float) -> _Pair:
    left, right = known_values(first), known_values(second)
    both = sorted(left.keys() & right.keys())
    return _Pair(
        seeds=tuple(both),
        first=np.array([left[seed] for seed in both]),
        second=np.array([right[seed] for seed in both]),
        dropped=len(first.keys() | second.keys()) - len(both),
        alpha=alpha,
    )


def _differences(pairs: Sequence[_Pair]) -> tuple[Array, NDArray[np.bool_]]:
    """Return the differences (pairs, seeds), NaN where a pair lacks a seed, and whether those of a pair are signs.

    They are signs where one is infinite, as then there is no mean to be tested; two infinite values are a tie.
    """
    place = {seed: column for column, seed in enumerate(sorted({seed for pair in pairs for seed in pair.seeds}))}
    first, second = np.full((2, len(pairs), len(place)), np.nan)
    for row, pair in enumerate(pairs):
        columns = [place[seed] for seed in pair.seeds]
        first[row, columns], second[row, columns] = pair.first, pair.second
    present = ~np.isnan(first)
    found = subtract(first, second)
    by_sign: NDArray[np.bool_] = (present & ~np.isfinite(found)).any(axis=1)
    signs = np.where(present, np.nan_to_num(np.sign(found)), np.nan)
    return np.where(by_sign[:, None], signs, found), by_sign


def _gain(first: Series, second: Series) -> Series:
    left, right = known_values(first), known_values(second)
    known = {seed: float(subtract(left[seed], right[seed])) for seed in left.keys() & right.keys()}
    return dict.fromkeys(first.keys() | second.keys()) | known


def _estimate(first: Array, second: Array, rules: Rules) -> dict[str, Array]:
    """Return the columns of comparisons (m, n). Rows with infinite values have no mean and show nothing."""
    differences = subtract(first, second)
    finite = np.isfinite(differences).all(axis=1)
    columns = {name: np.full(len(first), np.nan) for name in _COLUMNS}
    # ∞ − ∞ is a tie: both missed the target.
    ties = np.where(np.isnan(differences), 0.0, differences)
    columns["probability_of_improvement"] = probability_of_improvement(ties, higher_is_better=rules.higher_is_better)
    with np.errstate(invalid="ignore", over="ignore"):
        columns["mean"] = first.mean(axis=1)
    if not finite.any():
        return columns
    level = 1 - rules.alpha
    first, second, differences = first[finite], second[finite], differences[finite]
    nothing = np.full(len(first), np.nan)
    low = high = mean_low = mean_high = nothing
    if differences.shape[1] >= MINIMUM_PAIRS:  # an interval over fewer pairs says nothing
        low, high = interval(differences, _stream(rules), level=level, method=rules.interval, resamples=rules.resamples)
        mean_low, mean_high = t_interval(first, level)
    found = {
        "mean": means(first),
        "std": standard_deviation(first),
        "mean_low": mean_low,
        "mean_high": mean_high,
        "difference": means(differences),
        "difference_low": low,
        "difference_high": high,
        "difference_std": standard_deviation(differences),
        "correlation": correlation(first, second),
        "broke_down": broke_down(differences, margin=rules.margin, higher_is_better=rules.higher_is_better),
        "unpaired_std": np.hypot(standard_deviation(first), standard_deviation(second)),
    }
    for name, column in found.items():
        columns[name][finite] = column
    return columns


def _stream(rules: Rules) -> np.random.Generator:
    return np.random.default_rng(rules.random_seed)


def _compare(
    names: tuple[str, str], pair: _Pair, counts: tuple[int, int], numbers: Mapping[str, Any], rules: Rules
) -> Comparison:
    """Return a comparison. counts: pairs in which the variant has more, and less."""
    n = len(pair.seeds)
    found = Comparison(
        variant=names[0],
        baseline=names[1],
        metric=rules.metric.name,
        n=n,
        ahead=counts[0],
        behind=counts[1],
        dropped=pair.dropped,
        alpha=pair.alpha,
        seeds=pair.seeds,
        breakdown_high=share_at_most(numbers["broke_down"], n),
        verdict="not shown",
        **numbers,
    )
    return replace(found, verdict=judge(found, replace(rules, alpha=pair.alpha)))
