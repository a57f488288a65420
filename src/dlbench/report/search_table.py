"""The table of a search before a comparison: what was chosen for each variant, and what it was worth."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from dlbench.analysis.tuning_report import TunedVariant, TuningReport
from dlbench.components.metrics import Metric
from dlbench.components.syntax import format_value
from dlbench.plans.tuning_record import name_in_words
from dlbench.report.terminal.progress import duration

ABSENT = "–"


@dataclass(frozen=True)
class SearchColumn:
    """A column of the table. rank: 0 for one that always stays; where they do not fit, the highest is dropped first."""

    heading: str
    rank: int
    cell: Callable[[TunedVariant], str]


def search_columns(report: TuningReport) -> list[SearchColumn]:
    """Return the columns beside that of the variants."""
    metric = report.metric
    unit = "\n(points)" if metric.share else ""
    return [
        *(SearchColumn(name_in_words(name), 0, partial(_change, name=name)) for name in report.record.names),
        SearchColumn(f"{metric.title}\ndefault → tuned", 1, partial(_gain, metric=metric)),
        SearchColumn("on fresh\nseeds", 3, lambda variant: _score(variant.validation, metric)),
        SearchColumn(f"optimism{unit}", 2, partial(_optimism, metric=metric)),
        SearchColumn("points", 4, _points),
    ]


def search_notes(report: TuningReport) -> list[str]:
    """Return what the cells mean, and how the search was done."""
    record = report.record
    ranges = {name: {found.get(name, "") for found in record.ranges.values()} - {""} for name in record.names}
    searched = ", ".join(f"{name_in_words(name)} in {' or '.join(sorted(texts))}" for name, texts in ranges.items())
    seeds = [seed for search in record.searches for seed in search.seeds]
    on = f"seed {seeds[0]:,}" if len(seeds) == 1 else f"{len(seeds)} seeds from {seeds[0]:,} to {seeds[-1]:,}"
    time = "" if record.seconds is None else f" in {duration(record.seconds)} of training"
    return [
        f"{searched}; {record.budget} points each{time}, the default among them",
        f"chosen by {report.metric.title} on {on}; no test image was read",
        "optimism: how much better that was than on the fresh seeds of the comparison",
    ]


def _change(variant: TunedVariant, name: str) -> str:
    """Return a value as it was asked for and as it was chosen, "0.001 → 0.018"; of several searches, their range."""
    before = ABSENT if variant.default(name) is None else format_value(variant.default(name))
    if variant.is_default:
        return f"{before} (default)"
    found = dict.fromkeys(variant.chosen(name))
    numbers = sorted(value for value in found if isinstance(value, int | float))
    if len(numbers) == len(found) > 1:
        return f"{before} → {format_value(numbers[0])} to {format_value(numbers[-1])}"
    return f"{before} → {', '.join(map(format_value, found))}"


def _gain(variant: TunedVariant, metric: Metric) -> str:
    return f"{_score(variant.default_score, metric)} → {_score(variant.tuned_score, metric)}"


def _score(score: float | None, metric: Metric) -> str:
    return ABSENT if score is None else metric.format(score)


def _optimism(variant: TunedVariant, metric: Metric) -> str:
    """Return by how much the chosen score was too good, signed so that more is more optimistic."""
    if variant.optimism is None:
        return ABSENT
    sign = 1 if metric.higher_is_better else -1
    digits = 2 if metric.share else 4
    return f"{metric.difference_scale * sign * variant.optimism:+.{digits}f}"


def _points(variant: TunedVariant) -> str:
    """Return how many points were tried, and how many of them gave nothing."""
    lost = [f"{count} {word}" for count, word in ((variant.diverged, "diverged"), (variant.failed, "failed")) if count]
    return f"{len(variant.points)}" + (f" ({', '.join(lost)})" if lost else "")
