"""The table of diagnostics that differ, with a sentence for each."""

import math
from collections.abc import Iterable, Sequence
from functools import partial

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlbench.analysis.explain import Difference, Explanation
from dlbench.components.metrics import Metric
from dlbench.report.terminal.layout import fitting_table, plain_table
from dlbench.statistics.notation import p_text, with_interval
from dlbench.statistics.verdicts import MINIMUM_PAIRS

_WHERE = "The values are in diagnostics.csv"
_COLUMNS = ("diagnostic", "variant", "mean", "baseline", "difference", "adjusted\np", "verdict")
_WORDS = ("diagnostic", "variant", "verdict")
#: Columns that are dropped on a narrow screen, the highest rank first.
_RANKS = {"adjusted\np": 2, "baseline": 1}


def print_explanation(console: Console, found: Explanation) -> None:
    """Print the diagnostics that differ between variants, or why there are none."""
    for line in _empty(found):
        console.print(Text(line), soft_wrap=True)
    if found.differences:
        console.print(explanation_table(found, console.width))
        for difference in found.differences:
            console.print(Text(difference.sentence), soft_wrap=True)
    console.print()


def _empty(found: Explanation) -> Iterable[str]:
    if not found.epochs:
        yield "No trial has diagnostics. Run it with --diagnostics all, or with a list of them."
    elif not found.judged:
        yield f"There is one variant, and nothing to compare its diagnostics with. {_WHERE}."
    elif found.one_sided:
        names = " and ".join(found.one_sided)
        yield f"No comparison has {names} on both sides: choose a --baseline that has values. {_WHERE}."
    if not found.judged or not found.n:
        return
    if found.n < MINIMUM_PAIRS:
        yield f"n = {found.n}: no claim on diagnostics. {_WHERE}."
    elif not found.differences:
        yield f"Of {found.judged} comparisons of diagnostics none is shown to differ, n = {found.n}. {_WHERE}."


def explanation_table(found: Explanation, width: int) -> Table:
    """Return a table with a row per difference and the columns that fit into a width."""
    return fitting_table(_COLUMNS, width, partial(_table, found), rank=lambda heading: _RANKS.get(heading, 0))


def _table(found: Explanation, headings: Sequence[str]) -> Table:
    epochs = f"epoch {found.epochs[-1]}" if found.epochs else ""
    caption = (
        f"without a margin, corrected over {found.judged} comparisons: {len(found.differences)} differ\n"
        "without @: the mean over layers, or the whole model's value; shares in %"
    )
    table = plain_table(f"Diagnostics that differ ({epochs})", caption)
    for heading in headings:
        folds = heading in ("diagnostic", "variant")
        table.add_column(heading, justify="left" if heading in _WORDS else "right", no_wrap=not folds, overflow="fold")
    for difference in found.differences:
        cells = difference_cells(difference)
        table.add_row(*(Text(cells[heading]) for heading in headings))
    return table


def difference_cells(difference: Difference) -> dict[str, str]:
    """Return the cells of a difference by heading."""
    c, metric = difference.comparison, difference.metric
    difference_text = _number(c.difference, metric, sign="+")
    show = partial(_number, metric=metric)
    return {
        "diagnostic": metric.name,
        "variant": c.variant,
        "mean": _number(c.mean, metric),
        "baseline": _number(difference.baseline_mean, metric),
        "difference": with_interval(difference_text, c.difference_low, c.difference_high, show),
        "adjusted\np": p_text(c.p_adjusted),
        "verdict": difference.word,
    }


def _number(value: float, metric: Metric, sign: str = "") -> str:
    if math.isnan(value):
        return "–"
    return f"{100 * value:{sign}.1f}" if metric.share else f"{value:{sign}.3g}"
