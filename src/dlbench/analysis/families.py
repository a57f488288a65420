"""Comparisons that are judged together, with all that a table, a file and a sentence say about them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations

from dlbench.components.records import ParameterValue
from dlbench.statistics.sentences import more_seeds_sentence, sentence
from dlbench.statistics.verdicts import Comparison, Rules
from dlbench.trials.settings import SETTINGS

#: A metric by seed; None where a trial gave no value.
Series = Mapping[int, float | None]

COLUMNS = (
    "axis",
    "held",
    "metric",
    "variant",
    "baseline",
    "n",
    "dropped",
    "mean",
    "std",
    "mean_low",
    "mean_high",
    "difference",
    "difference_low",
    "difference_high",
    "p",
    "p_holm",
    "probability_of_improvement",
    "verdict",
)


@dataclass(frozen=True, kw_only=True)
class VariantEstimate:
    """One variant's own numbers over its n seeds. NaN where n or an infinite value leaves none."""

    variant: str
    n: int
    mean: float
    std: float
    mean_low: float
    mean_high: float


@dataclass(frozen=True, kw_only=True)
class Family:
    """Comparisons under one Holm correction.

    axis: what varies; of an interaction, two axes joined by " × "; "seed" for the noise floor. held: the values that
    the other axes were held at, "" where there are none or where the metric was averaged over them (`averaged` names
    them). size: m of the correction; rows of other held values may share it. baseline: None for interactions.
    letters: the compact letter display where all pairs were judged. sentences: what can be quoted of each
    comparison; outlook: how many seeds it would take to show what was not shown.
    """

    axis: str
    held: str = ""
    averaged: tuple[str, ...] = ()
    baseline: VariantEstimate | None
    comparisons: tuple[Comparison, ...]
    size: int
    letters: Mapping[str, str] = field(default_factory=dict)
    sentences: tuple[str, ...] = ()
    outlook: tuple[str, ...] = ()

    @property
    def against_baseline(self) -> tuple[Comparison, ...]:
        """Return the comparisons with the baseline, without the other pairs."""
        return tuple(c for c in self.comparisons if self.baseline is None or c.baseline == self.baseline.variant)

    @property
    def decided(self) -> bool:
        """Tell whether more seeds are not called for."""
        return all(comparison.decided for comparison in self.comparisons)

    def rows(self, metric: str) -> list[dict[str, ParameterValue]]:
        """Return the rows of comparison.csv; the baseline's own comes first and has no difference."""
        place: dict[str, ParameterValue] = {"axis": self.axis, "held": self.held}
        rows: list[dict[str, ParameterValue]] = []
        if self.baseline:
            own: dict[str, ParameterValue] = {
                "metric": metric,
                "baseline": self.baseline.variant,
                "dropped": 0,
                "verdict": "baseline",
            }
            rows.append(_row({**place, **own, **asdict(self.baseline)}))
        return rows + [_row({**place, **asdict(comparison)}) for comparison in self.comparisons]


def _row(cells: Mapping[str, ParameterValue]) -> dict[str, ParameterValue]:
    """Return cells in the order of the columns; what does not exist is None, not NaN."""
    found = {column: cells.get(column) for column in COLUMNS}
    return {key: None if isinstance(x, float) and math.isnan(x) else x for key, x in found.items()}


def judge_values(
    axis: str,
    values: Mapping[str, Series],
    rules: Rules,
    *,
    all_pairs: bool = False,
    held: str = "",
    averaged: tuple[str, ...] = (),
) -> Family:
    """Judge series by variant, the baseline's the first of them: each against it, or all pairs."""
    from dlbench.statistics.comparisons import compare_pairs

    base = next(iter(values))
    pairs = [(variant, baseline) for baseline, variant in combinations(values, 2) if all_pairs or baseline == base]
    found = compare_pairs(values, pairs, rules)
    letters = _letters(values, found, rules) if all_pairs else {}
    estimate = estimate_variant(base, values[base], rules)
    return family(axis, found, rules, baseline=estimate, letters=letters, held=held, averaged=averaged)


def family(
    axis: str,
    comparisons: Sequence[Comparison],
    rules: Rules,
    *,
    baseline: VariantEstimate | None = None,
    size: int = 0,
    held: str = "",
    averaged: tuple[str, ...] = (),
    letters: Mapping[str, str] | None = None,
) -> Family:
    """Put judged comparisons into words. size: m, where it is more than their number."""
    from dlbench.statistics.power import pairs_to_show

    size = size or len(comparisons)
    spoken = [name_values(comparison, axis) for comparison in comparisons]
    missed = [c for c in spoken if c.verdict == "not shown"]
    outlook = (more_seeds_sentence(c, rules, pairs_to_show(c, rules, size)) for c in missed)
    return Family(
        axis=axis,
        held=held,
        averaged=averaged,
        baseline=baseline,
        comparisons=tuple(comparisons),
        size=size,
        letters=letters or {},
        sentences=tuple(sentence(c, rules, size) for c in spoken),
        outlook=tuple(outlook),
    )


def name_values(comparison: Comparison, axis: str) -> Comparison:
    """Name the values of a setting with the setting: "learning rate 0.01" where 0.01 alone would be a riddle."""
    if axis not in SETTINGS:
        return comparison
    name = axis.replace("_", " ")
    return replace(comparison, variant=f"{name} {comparison.variant}", baseline=f"{name} {comparison.baseline}")


def estimate_variant(variant: str, series: Series, rules: Rules) -> VariantEstimate:
    """Return a variant's own numbers, over every seed that gave one."""
    from dlbench.statistics.effects import standard_deviation
    from dlbench.statistics.intervals import t_interval

    found = known(series)
    if not found or not all(map(math.isfinite, found)):
        mean = math.inf if found else math.nan
        return VariantEstimate(
            variant=variant, n=len(found), mean=mean, std=math.nan, mean_low=math.nan, mean_high=math.nan
        )
    low, high = t_interval(found, 1 - rules.alpha)
    return VariantEstimate(
        variant=variant,
        n=len(found),
        mean=math.fsum(found) / len(found),
        std=float(standard_deviation(found)),
        mean_low=float(low),
        mean_high=float(high),
    )


def known(series: Series) -> list[float]:
    """Return the values that are there, by seed."""
    values = (series[seed] for seed in sorted(series))
    return [value for value in values if value is not None and not math.isnan(value)]


def average(rows: Sequence[Series]) -> Series:
    """Return the mean of several series, seed by seed; None for a seed that one of them lacks."""
    means: dict[int, float | None] = {}
    for seed in dict.fromkeys(seed for row in rows for seed in row):
        values = known(dict(enumerate(row.get(seed) for row in rows)))
        means[seed] = math.fsum(values) / len(rows) if len(values) == len(rows) else None
    return means


def _letters(values: Mapping[str, Series], comparisons: Iterable[Comparison], rules: Rules) -> dict[str, str]:
    from dlbench.statistics.letters import compact_letters

    sign = -1 if rules.higher_is_better else 1
    means = {name: estimate_variant(name, series, rules).mean for name, series in values.items()}
    names = sorted(values, key=lambda name: (math.isnan(means[name]), sign * means[name], name))
    return compact_letters(names, [(c.variant, c.baseline) for c in comparisons if c.separated])
