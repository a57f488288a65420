"""Families: comparisons that are judged together, with their table rows and sentences."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations

from dlbench.components.records import ParameterValue
from dlbench.statistics.sentences import Lead
from dlbench.statistics.sums import mean
from dlbench.statistics.verdicts import MINIMUM_PAIRS, Comparison, LookOf, Rules
from dlbench.trials.settings import SETTINGS

Annotate = Callable[[Iterable[Comparison]], tuple[Comparison, ...]]
#: A metric by seed; None if a trial has no value.
Series = Mapping[int, float | None]

COLUMNS = (
    "axis",
    "held",  # the file format's name of `Family.conditioned_on`
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
    "p_holm",  # the file format's name of `Comparison.p_adjusted`, from when Holm's correction adjusted it
    "probability_of_improvement",
    "verdict",
    "difference_std",
    "p_beyond",
    "p_equivalent",
    "correlation",
    "broke_down",
    "images",
    "images_low",
    "images_high",
    "groups",
    "test",
    "alpha",
)


@dataclass(frozen=True, kw_only=True)
class VariantEstimate:
    """The estimate of one variant. A number that n or an infinite value leaves undefined is NaN.

    variant: label of the variant.
    n: number of seeds with a value.
    mean: mean over the seeds.
    std: sample standard deviation (n − 1).
    mean_low: lower end of the interval of the mean.
    mean_high: upper end of the interval of the mean.
    """

    variant: str
    n: int
    mean: float
    std: float
    mean_low: float
    mean_high: float


@dataclass(frozen=True, kw_only=True)
class Family:
    """Comparisons under one correction.

    axis: what varies; two axes joined by " × " for an interaction; "seed" for the noise floor.
    place: fixed values of other axes, by axis.
    averaged_values: the values that the metric is averaged over, by axis.
    baseline: estimate of the baseline; None for interactions.
    comparisons: the judged comparisons.
    size: m of the correction; families at other values may share it.
    letters: compact letter display, if all pairs are judged.
    leads: of an interaction, what each comparison compares.
    lost: trials that ran out of time or memory, by variant: "1 out of time".
    sentences: a sentence for each comparison, to be quoted.
    outlook: for each difference that was not shown, how large one would have been.
    values: the metric by seed, by the names of the comparisons.
    labels: of the plan's variants behind each name that is compared.
    """

    axis: str
    place: Mapping[str, str] = field(default_factory=dict)
    averaged_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    baseline: VariantEstimate | None
    comparisons: tuple[Comparison, ...]
    size: int
    letters: Mapping[str, str] = field(default_factory=dict)
    leads: tuple[Lead, ...] = ()
    lost: Mapping[str, str] = field(default_factory=dict)
    sentences: tuple[str, ...] = ()
    outlook: tuple[str, ...] = ()
    values: Mapping[str, Series] = field(default_factory=dict)
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def averaged(self) -> tuple[str, ...]:
        """Return the axes that the metric is averaged over."""
        return tuple(self.averaged_values)

    @property
    def conditioned_on(self) -> str:
        """Return the fixed values of other axes as text, "learning_rate=0.1, …"; "" if there are none."""
        return ", ".join(f"{axis}={value}" for axis, value in self.place.items())

    @property
    def is_interaction(self) -> bool:
        """Return whether effects are compared, not variants."""
        return self.baseline is None and self.axis != "seed"

    @property
    def against_baseline(self) -> tuple[Comparison, ...]:
        """Return the comparisons with the baseline."""
        return tuple(c for c in self.comparisons if self.baseline is None or c.baseline == self.baseline.variant)

    @property
    def decided(self) -> bool:
        """Return whether every verdict needs no more seeds."""
        return all(comparison.decided for comparison in self.comparisons)

    def rows(self, metric: str) -> list[dict[str, ParameterValue]]:
        """Return the rows of comparison.csv; the first is that of the baseline and has no difference."""
        place: dict[str, ParameterValue] = {"axis": self.axis, "held": self.conditioned_on}
        rows: list[dict[str, ParameterValue]] = []
        if self.baseline:
            own: dict[str, ParameterValue] = {
                "metric": metric,
                "baseline": self.baseline.variant,
                "dropped": 0,
                "verdict": "baseline",
            }
            rows.append(_row({**place, **own, **asdict(self.baseline)}))
        return rows + [
            _row({**place, **asdict(each), "n": each.own_n, "p_holm": each.p_adjusted}) for each in self.comparisons
        ]


def _row(cells: Mapping[str, ParameterValue]) -> dict[str, ParameterValue]:
    """Return cells in the order of the columns; undefined numbers are None, not NaN."""
    found = {column: cells.get(column) for column in COLUMNS}
    return {key: None if isinstance(x, float) and math.isnan(x) else x for key, x in found.items()}


def judge_values(
    axis: str,
    values: Mapping[str, Series],
    rules: Rules,
    annotate: Annotate = tuple,
    look_of: LookOf | None = None,
    *,
    all_pairs: bool = False,
    averaged: Mapping[str, tuple[str, ...]] | None = None,
    place: Mapping[str, str] | None = None,
) -> Family:
    """Return the family of variants given by their series, the baseline first: each against it, or all pairs.

    annotate: adds to the comparisons what is known besides the series.
    look_of: see `comparisons.compare_pairs`.
    """
    from dlbench.statistics.comparisons import compare_pairs

    base = next(iter(values))
    pairs = [(variant, baseline) for baseline, variant in combinations(values, 2) if all_pairs or baseline == base]
    found = annotate(compare_pairs(values, pairs, rules, look_of))
    letters = letters_of(values, found, rules) if all_pairs else {}
    estimate = estimate_variant(base, values[base], rules)
    return family(axis, found, baseline=estimate, letters=letters, averaged=averaged, place=place, values=values)


def family(
    axis: str,
    comparisons: Sequence[Comparison],
    *,
    baseline: VariantEstimate | None = None,
    size: int = 0,
    place: Mapping[str, str] | None = None,
    averaged: Mapping[str, tuple[str, ...]] | None = None,
    letters: Mapping[str, str] | None = None,
    leads: Sequence[Lead] = (),
    values: Mapping[str, Series] | None = None,
) -> Family:
    """Return judged comparisons as a family. size: m, if it is more than their number. leads: of an interaction."""
    return Family(
        axis=axis,
        place=place or {},
        averaged_values=averaged or {},
        baseline=baseline,
        comparisons=tuple(comparisons),
        size=size or len(comparisons),
        letters=letters or {},
        leads=tuple(leads),
        values=values or {},
    )


def interval_levels(comparisons: Iterable[Comparison], rules: Rules) -> str:
    """Return the level of intervals: "95 %", or that of each look: "99.92 % at n = 12, 95.78 % at n = 30"."""
    looks = sorted({(c.n, c.alpha) for c in comparisons})
    if len({alpha for _, alpha in looks}) <= 1:
        return _percentage(looks[0][1] if looks else rules.alpha)
    return ", ".join(f"{_percentage(alpha)} at n = {n}" for n, alpha in looks)


def _percentage(alpha: float) -> str:
    return f"{100 * (1 - alpha):.4g} %"


def name_values(comparison: Comparison, axis: str) -> Comparison:
    """Return a comparison whose values of a setting have the setting's name: "learning rate 0.01" instead of "0.01"."""
    if axis not in SETTINGS:
        return comparison
    name = axis.replace("_", " ")
    return replace(comparison, variant=f"{name} {comparison.variant}", baseline=f"{name} {comparison.baseline}")


def estimate_variant(variant: str, series: Series, rules: Rules) -> VariantEstimate:
    """Return the estimate of a variant over all seeds with a value."""
    from dlbench.statistics.effects import standard_deviation
    from dlbench.statistics.intervals import t_interval

    found = known(series)
    if not found or not all(map(math.isfinite, found)):
        middle = mean(found) if found else math.nan
        return VariantEstimate(
            variant=variant, n=len(found), mean=middle, std=math.nan, mean_low=math.nan, mean_high=math.nan
        )
    low, high = t_interval(found, 1 - rules.alpha) if len(found) >= MINIMUM_PAIRS else (math.nan, math.nan)
    return VariantEstimate(
        variant=variant,
        n=len(found),
        mean=mean(found),
        std=float(standard_deviation(found)),
        mean_low=float(low),
        mean_high=float(high),
    )


def known(series: Series) -> list[float]:
    """Return the values that exist, sorted by seed."""
    values = (series[seed] for seed in sorted(series))
    return [value for value in values if value is not None and not math.isnan(value)]


def average(rows: Sequence[Series]) -> Series:
    """Return the mean of several series by seed; None for a seed that one of them lacks."""
    means: dict[int, float | None] = {}
    for seed in dict.fromkeys(seed for row in rows for seed in row):
        values = known(dict(enumerate(row.get(seed) for row in rows)))
        means[seed] = mean(values) if len(values) == len(rows) else None
    return means


def letters_of(values: Mapping[str, Series], comparisons: Iterable[Comparison], rules: Rules) -> dict[str, str]:
    """Return the compact letter display of variants that were all compared."""
    from dlbench.statistics.letters import compact_letters

    sign = -1 if rules.higher_is_better else 1
    means = {name: estimate_variant(name, series, rules).mean for name, series in values.items()}
    names = sorted(values, key=lambda name: (math.isnan(means[name]), sign * means[name], name))
    return compact_letters(names, [(c.variant, c.baseline) for c in comparisons if c.separated])
