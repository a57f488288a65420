"""The table of variants over several data sets: mean ranks, interquartile means, and shares near the best."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlbench.analysis.across_datasets import AcrossDatasets, AcrossRow, named
from dlbench.components.metrics import Metric
from dlbench.report.terminal.layout import fitting_table, plain_table
from dlbench.statistics.notation import with_interval

_ABSENT = "–"


@dataclass(frozen=True)
class ScoreColumn:
    """A column of the table. rank: 0 for one that always stays; of the others the highest is dropped first."""

    heading: str
    rank: int
    cell: Callable[[AcrossRow], str]


def print_across(console: Console, across: AcrossDatasets) -> None:
    """Print the table of variants over several data sets, and what it shows and cannot show."""
    console.print(across_table(across, console.width))
    for line in across.sentences:
        console.print(Text(f"{line[:1].upper()}{line[1:]}."), soft_wrap=True)
    console.print()


def across_table(across: AcrossDatasets, width: int) -> Table:
    """Return a table with a row per variant and the columns that fit into a width."""
    return fitting_table(score_columns(across), width, partial(_table, across), rank=lambda column: column.rank)


def score_columns(across: AcrossDatasets) -> list[ScoreColumn]:
    """Return the columns that apply, for the terminal and for pages."""
    columns = [ScoreColumn("mean\nrank", 0, lambda row: f"{row.mean_rank:.2f}")]
    if across.scores:
        unit = f" ({across.rules.metric.symbol})" if across.rules.metric.symbol and not across.is_relative else ""
        about = f", {across.baseline} = 1" if across.is_relative else unit
        columns.append(ScoreColumn(f"interquartile\nmean{about}", 1, partial(_score, metric=_shown_as(across))))
    if across.gaps:
        columns.append(ScoreColumn(f"runs within {_distances(across)}\nof the best (%)", 2, _shares))
    return columns


def score_notes(across: AcrossDatasets) -> list[str]:
    """Return what the columns mean."""
    notes = ["rank 1: the best mean on a data set"]
    if across.scores:
        level = f"[ ] {100 * (1 - across.rules.alpha):.4g} % interval over seeds on these data sets"
        notes.append(f"interquartile mean: of the middle half of all runs; {level}")
    if across.is_relative and across.scores:
        notes.append(f"a run counts relative to the mean of {across.baseline} on its data set")
    if across.gaps:
        notes.append("the best: the highest mean of a variant on a run's data set" if _higher(across) else _LOWEST)
    return notes


_LOWEST = "the best: the lowest mean of a variant on a run's data set"


def _higher(across: AcrossDatasets) -> bool:
    return across.rules.higher_is_better


def _table(across: AcrossDatasets, columns: Sequence[ScoreColumn]) -> Table:
    title = f"Over {named(across.datasets)}: {across.rules.metric.title}"
    table = plain_table(title, "\n".join(score_notes(across)))
    table.add_column(across.axis, overflow="fold")
    for column in columns:
        table.add_column(column.heading, justify="right", no_wrap=True)
    for row in across.rows:
        table.add_row(Text(row.variant), *(Text(column.cell(row)) for column in columns))
    return table


def _shown_as(across: AcrossDatasets) -> Metric:
    """Return how scores are shown: as the metric, or as plain ratios."""
    return Metric(digits=3) if across.is_relative else across.rules.metric


def _score(row: AcrossRow, metric: Metric) -> str:
    if math.isnan(row.score):
        return _ABSENT
    return with_interval(metric.format(row.score), row.score_low, row.score_high, metric.format)


def _shares(row: AcrossRow) -> str:
    return " / ".join(f"{100 * share:.0f}" for share in row.within) or _ABSENT


def _distances(across: AcrossDatasets) -> str:
    numbers = " / ".join(f"{100 * distance:g}" for distance in across.distances)
    return f"{numbers} %" if across.is_relative else f"{numbers} points"
