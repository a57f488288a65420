"""The table of a comparison's metrics, with as many columns as fit, and notes on failed trials."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlbench.analysis.summary import CUT_SHORT, FailureGroup, VariantSummary
from dlbench.components.metric_table import METRICS
from dlbench.components.metrics import Metric
from dlbench.plans.plan_record import PlanRecord
from dlbench.report.terminal.layout import fitting_table, plain_table
from dlbench.statistics.verdicts import MINIMUM_PAIRS
from dlbench.trials.trial_record import COMPLETED

_ABSENT = "–"


@dataclass(frozen=True)
class Column:
    """A column of numbers.

    rank: 0 for a column that always stays; of the others the highest is dropped first.
    deviation: whether the standard deviation is shown beside the mean.
    """

    metric: Metric
    rank: int
    deviation: bool = False


COLUMNS = (
    Column(METRICS["validation_accuracy"], 0, deviation=True),
    Column(METRICS["test_accuracy"], 0, deviation=True),
    Column(METRICS["test_loss"], 1),
    Column(METRICS["train_seconds"], 2),
    Column(METRICS["images_per_second"], 3),
    Column(METRICS["parameters"], 4),
)


def print_comparison(
    console: Console,
    summaries: Sequence[VariantSummary],
    plan: PlanRecord,
    title: str = "",
    judged: str = "",
    left_out: Collection[str] = (),
) -> None:
    """Print a comparison's metrics and the trials without results.

    judged: the metric that the table of verdicts has shown, or "".
    left_out: metrics that are not the same for all variants.
    """
    summaries = [
        replace(each, metrics={k: v for k, v in each.metrics.items() if k not in left_out}) for each in summaries
    ]
    console.print(comparison_table(summaries, tuple(plan.axes), console.width, title=title, judged=judged))
    for note in failure_notes(summaries):
        console.print(Text(note), soft_wrap=True)


def comparison_table(
    summaries: Sequence[VariantSummary], axes: Sequence[str], width: int, *, title: str = "", judged: str = ""
) -> Table:
    """Return a table with a row per variant and the columns that fit into a width; the accuracies always stay.

    Accuracies are percentages. No mean is marked as the best: that would be a verdict without a test.
    """
    shown = {judged} if any(summary.n >= MINIMUM_PAIRS for summary in summaries) else set()
    present = {metric for summary in summaries for metric in summary.metrics} - shown
    columns = [column for column in COLUMNS if column.metric.name in present]
    return fitting_table(
        columns,
        width,
        lambda kept: _table(summaries, axes, kept, title, judged),
        rank=lambda column: column.rank,
    )


def _table(
    summaries: Sequence[VariantSummary], axes: Sequence[str], columns: Sequence[Column], title: str, judged: str
) -> Table:
    table = plain_table(title, _caption(summaries, judged), edge=True)
    for axis in axes or ("variant",):
        table.add_column(axis.replace("_", " "), overflow="fold")
    table.add_column("n", justify="right", no_wrap=True)
    for column in columns:
        table.add_column(column.metric.short, justify="right", no_wrap=True)
    for summary in summaries:
        names = [Text(summary.values.get(axis, _ABSENT)) for axis in axes] or [Text(summary.label)]
        cells = [_cell(summary, column) for column in columns]
        table.add_row(*names, str(summary.n), *cells)
    return table


def _cell(summary: VariantSummary, column: Column) -> Text:
    metric = column.metric
    found = summary.metrics.get(metric.name)
    if found is None:
        return Text(_ABSENT)
    return Text(found.text(metric) if column.deviation else metric.format(found.mean))


def _caption(summaries: Sequence[VariantSummary], judged: str) -> str:
    lines = []
    if any(summary.n >= MINIMUM_PAIRS for summary in summaries):
        lines.append("± standard deviation over n seeds")
    if any(summary.n == 2 for summary in summaries):
        lines.append("n = 2: both values")
    if any(summary.n == 1 for summary in summaries) and not judged:
        lines.append("n = 1: no claim")
    for use in dict.fromkeys(summary.test_use for summary in summaries if summary.test_use):
        concerned = [summary.label for summary in summaries if summary.test_use == use]
        lines.append(use if len(concerned) == len(summaries) else f"{use}: {', '.join(concerned)}")
    return "\n".join(lines)


def failure_notes(summaries: Iterable[VariantSummary]) -> tuple[str, ...]:
    """Return a line per group of failures of a variant: how many trials, why, and the log file."""
    return tuple(_note(summary, failure) for summary in summaries for failure in summary.failures)


def _note(summary: VariantSummary, failure: FailureGroup) -> str:
    total = summary.n + sum(len(each.seeds) for each in summary.failures if each.status not in COMPLETED)
    seeds = ", ".join(str(seed) for seed in failure.seeds)
    word = CUT_SHORT.get(failure.status, failure.status)
    note = f"{summary.label}: {len(failure.seeds)} of {total} {word} (seed {seeds})"
    if failure.message:
        note += f": {' '.join(failure.message.split())}"
    return note + (f" [logs/{failure.trial_ids[0]}.log]" if failure.status == "failed" else "")
