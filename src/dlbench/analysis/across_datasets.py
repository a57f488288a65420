"""Variants over several data sets: mean ranks, interquartile means and performance profiles."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dlbench.components.records import ParameterValue
from dlbench.statistics.notation import p_equation
from dlbench.statistics.sums import mean
from dlbench.statistics.verdicts import Rules

if TYPE_CHECKING:
    from dlbench.statistics.ranking import Ranking

#: The distances to the best at which tables read a performance profile: of shares, and of other metrics.
POINTS, RATIOS = (0.002, 0.01, 0.05), (0.01, 0.1, 1.0)
COLUMNS = (
    "variant",
    "datasets",
    "runs",
    "mean_rank",
    "interquartile_mean",
    "interquartile_mean_low",
    "interquartile_mean_high",
)
#: With fewer data sets than this, a ranking shows only what nearly all of them agree on.
FEW = 5
#: More data sets than these are counted, not named.
_NAMED = 6


@dataclass(frozen=True, kw_only=True)
class AcrossRow:
    """A variant over all data sets. What is not known is NaN.

    variant: its values on the other axes.
    runs: number of runs with a value.
    mean_rank: mean over the data sets; 1 is best.
    score: interquartile mean of its runs.
    score_low: lower end of its interval, over other runs on these data sets.
    score_high: its upper end.
    within: share of its runs that come within each distance of the best.
    """

    variant: str
    runs: int
    mean_rank: float
    score: float
    score_low: float
    score_high: float
    within: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class AcrossDatasets:
    """The variants of a run over the data sets on which all of them have a value.

    rules: rules of the run.
    axis: the other axes, in words.
    baseline: the variant that others are compared with.
    datasets: the data sets.
    values: the metric of each run, by variant and data set.
    introduction: how the variants were tuned, with which its sentence on the ranks begins; "" if they were not.
    """

    rules: Rules
    axis: str
    baseline: str
    datasets: tuple[str, ...]
    values: Mapping[str, Mapping[str, Sequence[float]]]
    introduction: str = ""

    @cached_property
    def ranking(self) -> "Ranking":
        """Return the variants ranked by their means on each data set."""
        from dlbench.statistics.ranking import rank_variants

        means = {variant: {name: mean(runs) for name, runs in row.items()} for variant, row in self.values.items()}
        return rank_variants(means, alpha=self.rules.alpha, higher_is_better=self.rules.higher_is_better)

    @property
    def is_relative(self) -> bool:
        """Return whether values are divided by the baseline's mean on their data set: only shares have one scale."""
        return not self.rules.metric.share

    @cached_property
    def scores(self) -> Mapping[str, Sequence[Sequence[float]]]:
        """Return the runs of each variant on each data set, on a scale that data sets share; empty if there is none."""
        if not self.is_relative:
            return {variant: [row[name] for name in self.datasets] for variant, row in self.values.items()}
        usual = {name: mean(self.values[self.baseline][name]) for name in self.datasets}
        if not all(0 < value < math.inf for value in usual.values()) or not self._positive:
            return {}
        return {
            variant: [[value / usual[name] for value in row[name]] for name in self.datasets]
            for variant, row in self.values.items()
        }

    @cached_property
    def gaps(self) -> Mapping[str, Sequence[Sequence[float]]]:
        """Return how far each run stays behind the best variant's mean on its data set; empty if it has no scale.

        Shares by a difference, other metrics by a ratio: 0.1 is a tenth worse.
        """
        pick = max if self.rules.higher_is_better else min
        best = {name: pick(mean(row[name]) for row in self.values.values()) for name in self.datasets}
        if self.is_relative and not (self._positive and all(0 < value < math.inf for value in best.values())):
            return {}
        return {
            variant: [[self._gap(value, best[name]) for value in row[name]] for name in self.datasets]
            for variant, row in self.values.items()
        }

    @property
    def _positive(self) -> bool:
        return all(value > 0 for row in self.values.values() for runs in row.values() for value in runs)

    def _gap(self, value: float, best: float) -> float:
        ahead, behind = (best, value) if self.rules.higher_is_better else (value, best)
        return ahead / behind - 1 if self.is_relative else ahead - behind

    @property
    def distances(self) -> tuple[float, ...]:
        """Return the distances at which tables read the profiles."""
        return RATIOS if self.is_relative else POINTS

    @cached_property
    def rows(self) -> tuple[AcrossRow, ...]:
        """Return a row per variant, in the order of the plan."""
        ranks = dict(zip(self.ranking.variants, self.ranking.mean_ranks, strict=True))
        return tuple(self._row(variant, ranks[variant]) for variant in self.values)

    def _row(self, variant: str, rank: float) -> AcrossRow:
        from dlbench.statistics.profiles import performance_profile

        score, low, high = self._score(variant)
        gaps = self.gaps.get(variant)
        return AcrossRow(
            variant=variant,
            runs=sum(map(len, self.values[variant].values())),
            mean_rank=rank,
            score=score,
            score_low=low,
            score_high=high,
            within=tuple(map(float, performance_profile(gaps, self.distances))) if gaps else (),
        )

    def _score(self, variant: str) -> tuple[float, float, float]:
        """Return the interquartile mean of a variant and its interval."""
        import numpy as np

        from dlbench.statistics.ranking import interquartile_mean, interquartile_mean_interval

        runs = self.scores.get(variant)
        if not runs:
            return math.nan, math.nan, math.nan
        score = interquartile_mean(runs)
        if min(map(len, runs)) < 2 or not all(math.isfinite(value) for row in runs for value in row):
            return score, math.nan, math.nan
        generator = np.random.default_rng(self.rules.random_seed)
        return score, *interquartile_mean_interval(runs, generator, level=1 - self.rules.alpha)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return what the ranks show, what they could show, and over what the interquartile means run."""
        return (", ".join(filter(None, (self.introduction, ranking_sentence(self)))), *limits(self))

    def document(self) -> dict[str, Any]:
        """Return it as JSON content."""
        return {
            "datasets": list(self.datasets),
            "rows": [asdict(row) for row in self.rows],
            "distances": list(self.distances),
            "relative_to_baseline": self.is_relative,
            "sentences": list(self.sentences),
        }

    def table(self) -> tuple[tuple[str, ...], list[dict[str, ParameterValue]]]:
        """Return columns and rows of a table for other programs."""
        within = [f"within_{distance:g}" for distance in self.distances]
        rows: list[dict[str, ParameterValue]] = []
        for row in self.rows:
            scores = (row.score, row.score_low, row.score_high)
            numbers = (len(self.datasets), row.runs, row.mean_rank, *scores, *(row.within or [math.nan] * len(within)))
            cells = [None if math.isnan(number) else number for number in numbers]
            rows.append(dict(zip((*COLUMNS, *within), (row.variant, *cells), strict=True)))
        return (*COLUMNS, *within), rows


def named(datasets: Sequence[str]) -> str:
    """Return how many data sets there are, and which: "3 data sets (digits, mnist, letters)"; many have no names."""
    return f"{len(datasets)} data sets" + (f" ({', '.join(datasets)})" if len(datasets) <= _NAMED else "")


def ranking_sentence(across: AcrossDatasets) -> str:
    """Return what the mean ranks over several data sets show, as a sentence."""
    ranking = across.ranking
    ranked = sorted(zip(ranking.mean_ranks, ranking.variants, strict=True))
    ranks = ", ".join(f"{variant} {rank:.2f}" for rank, variant in ranked)
    title = across.rules.metric.title
    head = f"over {named(across.datasets)}, mean ranks by {title} (1 is best): {ranks}"
    if not ranking.could_show:
        return head
    test = "Friedman" if len(ranking.variants) > 2 else "sign test"
    head += f"; {test} {p_equation(ranking.p)}"
    if not ranking.different:
        return f"{head}: not shown that any of them differ on data sets like these"
    pairs = ", ".join(f"{first} and {second}" for first, second in ranking.different)
    if len(ranking.variants) == 2:
        return f"{head}: {pairs} differ on data sets like these"
    return f"{head}; apart by more than Nemenyi's {ranking.critical_difference:.2f}: {pairs}"


def limits(across: AcrossDatasets) -> tuple[str, ...]:
    """Return what so few data sets could show, and what the intervals of the interquartile means are about."""
    from dlbench.statistics.ranking import least_datasets

    ranking, count = across.ranking, len(across.datasets)
    sentences = []
    if not ranking.could_show:
        least = least_datasets(len(ranking.variants), ranking.alpha)
        sentences.append(
            f"with {count} data sets no ranking of {len(ranking.variants)} variants can be shown, however well they "
            f"agree: {least} could show one"
        )
    elif count < FEW and len(ranking.variants) > 2:
        places = math.ceil(ranking.critical_difference)
        sentences.append(
            f"with {count} data sets a ranking of {len(ranking.variants)} variants can show only those to differ that "
            f"are {places} places apart in one order on all data sets"
        )
    if across.scores:
        sentences.append(
            "the interquartile means and their intervals are about other seeds on these data sets, not about other "
            "data sets"
        )
    return tuple(sentences)
