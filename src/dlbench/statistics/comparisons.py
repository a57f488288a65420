"""Comparisons of variants and interactions: from values by seed to judged comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import DlbenchError, suggest
from dlbench.statistics.effects import probability_of_improvement, standard_deviation
from dlbench.statistics.intervals import interval, subtract, t_interval
from dlbench.statistics.multiplicity import holm
from dlbench.statistics.permutation import sign_flip_p
from dlbench.statistics.verdicts import MINIMUM_PAIRS, Comparison, Rules, judge

Array = NDArray[np.float64]
#: A metric by seed. A crashed trial is missing, None or NaN; a diverged one has its value, which may be infinite.
Series = Mapping[int, float | None]

_COLUMNS = (
    "mean",
    "std",
    "mean_low",
    "mean_high",
    "difference",
    "difference_low",
    "difference_high",
    "p",
    "probability_of_improvement",
)


def interaction(values: Mapping[tuple[str, str], Series], rules: Rules) -> tuple[Comparison, ...]:
    """Return whether the effect of one axis depends on the other: differences of differences, paired by seed.

    values: by (value of the first axis, value of the second axis); the first value of each axis is its baseline.
        Missing combinations are skipped.
    """
    if not values:
        return ()
    base, at_base = next(iter(values))
    firsts, seconds = (dict.fromkeys(pair[axis] for pair in values) for axis in (0, 1))
    gains: dict[str, Series] = {}
    pairs = []
    for first in [name for name in firsts if name != base]:
        shared = [name for name in seconds if (first, name) in values and (base, name) in values]
        label = {name: f"{first} over {base} at {name}" for name in shared}
        gains |= {label[name]: _gain(values[first, name], values[base, name]) for name in shared}
        if at_base in shared:
            pairs += [(label[name], label[at_base]) for name in shared if name != at_base]
    return compare_pairs(gains, pairs, rules)


def compare_pairs(
    values: Mapping[str, Series], pairs: Sequence[tuple[str, str]], rules: Rules
) -> tuple[Comparison, ...]:
    """Return the comparisons of (variant, baseline) pairs, judged as one family; their order has no effect.

    Raises DlbenchError for a name without values.
    """
    for name in {name for pair in pairs for name in pair} - values.keys():
        raise DlbenchError(f"There are no values for {name!r}.", suggest(name, values))
    paired = [_pair(values[variant], values[baseline]) for variant, baseline in pairs]
    columns = {name: np.full(len(pairs), np.nan) for name in _COLUMNS}
    for n in {len(pair.first) for pair in paired} - {0}:
        rows = [row for row, pair in enumerate(paired) if len(pair.first) == n]
        first, second = np.stack([paired[row].first for row in rows]), np.stack([paired[row].second for row in rows])
        for name, column in _estimate(first, second, rules).items():
            columns[name][rows] = column
    columns["p_holm"] = holm(columns["p"])
    records = [dict(zip(columns, map(float, row), strict=True)) for row in zip(*columns.values(), strict=True)]
    return tuple(
        _compare(variant, baseline, pair, record, len(pairs), rules)
        for (variant, baseline), pair, record in zip(pairs, paired, records, strict=True)
    )


@dataclass(frozen=True)
class _Pair:
    """Values of two variants, paired by seed, in the order of seeds.

    first: values of the variant.
    second: values of the baseline.
    dropped: number of seeds that lack one of the two values.
    """

    first: Array
    second: Array
    dropped: int


def _known(series: Series) -> dict[int, float]:
    return {seed: value for seed, value in series.items() if value is not None and value == value}


def _pair(first: Series, second: Series) -> _Pair:
    left, right = _known(first), _known(second)
    both = sorted(left.keys() & right.keys())
    dropped = len(first.keys() | second.keys()) - len(both)
    return _Pair(np.array([left[seed] for seed in both]), np.array([right[seed] for seed in both]), dropped)


def _gain(first: Series, second: Series) -> Series:
    left, right = _known(first), _known(second)
    known = {seed: float(subtract(left[seed], right[seed])) for seed in left.keys() & right.keys()}
    return dict.fromkeys(first.keys() | second.keys()) | known


def _estimate(first: Array, second: Array, rules: Rules) -> dict[str, Array]:
    """Return the columns of comparisons (m, n). Rows with infinite values have no mean and show nothing."""
    differences = subtract(first, second)
    finite = np.isfinite(differences).all(axis=1)
    columns = {name: np.full(len(first), np.nan) for name in _COLUMNS}
    columns["p"][:] = 1.0
    # ∞ − ∞ is a tie: both missed the target.
    ties = np.where(np.isnan(differences), 0.0, differences)
    columns["probability_of_improvement"] = probability_of_improvement(ties, higher_is_better=rules.higher_is_better)
    with np.errstate(invalid="ignore"):
        columns["mean"] = first.mean(axis=1)
    if not finite.any():
        return columns
    level = 1 - rules.alpha
    first, differences = first[finite], differences[finite]
    nothing = np.full(len(first), np.nan)
    low = high = mean_low = mean_high = nothing
    if differences.shape[1] >= MINIMUM_PAIRS:  # an interval over fewer pairs says nothing
        low, high = interval(differences, _stream(rules), level=level, method=rules.interval, resamples=rules.resamples)
        mean_low, mean_high = t_interval(first, level)
    found = {
        "std": standard_deviation(first),
        "mean_low": mean_low,
        "mean_high": mean_high,
        "difference": differences.mean(axis=1),
        "difference_low": low,
        "difference_high": high,
        "p": sign_flip_p(differences, _stream(rules), flips=rules.flips),
    }
    for name, column in found.items():
        columns[name][finite] = column
    return columns


def _stream(rules: Rules) -> np.random.Generator:
    return np.random.default_rng(rules.random_seed)


def _compare(
    variant: str, baseline: str, pair: _Pair, numbers: Mapping[str, float], comparisons: int, rules: Rules
) -> Comparison:
    n = len(pair.first)
    verdict = judge(
        n=n,
        low=numbers["difference_low"],
        high=numbers["difference_high"],
        p_holm=numbers["p_holm"],
        comparisons=comparisons,
        rules=rules,
    )
    return Comparison(
        variant=variant,
        baseline=baseline,
        metric=rules.metric.name,
        n=n,
        dropped=pair.dropped,
        verdict=verdict,
        **numbers,
    )
