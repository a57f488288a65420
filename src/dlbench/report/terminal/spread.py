"""Where the spread comes from, on the terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlbench.analysis.spread import SpreadTable
from dlbench.analysis.spread_wording import advice, percent, sentences, size
from dlbench.report.terminal.layout import plain_table


def print_spread(console: Console, table: SpreadTable) -> None:
    """Print a row a source, what it means in sentences, and advice on the last line."""
    if table.is_known:
        console.print(_table(table))
    for sentence in sentences(table):
        console.print(f"{sentence[:1].upper()}{sentence[1:]}.", soft_wrap=True)
    if found := advice(table):
        console.print(Text(f"{found[:1].upper()}{found[1:]}.", style="bold"), soft_wrap=True)


def heading(table: SpreadTable) -> str:
    """Return what spreads, and by how much: "test accuracy of mlp: ± 0.91 points [0.72, 1.24]"."""
    low, high = (size(each, table.metric).split(" ")[0] for each in (table.std_low, table.std_high))
    return f"{table.metric.title} of {table.subject}: ± {size(table.std, table.metric)} [{low}, {high}]"


def caption(table: SpreadTable) -> str:
    """Return what the columns mean, and what they rest on."""
    lost, most = (f", {table.lost} missing", "up to ") if table.lost else ("", "")
    return "\n".join(
        [
            "shares of the variance, [ ] 95 % interval; they do not add up to 100 %",
            f"{table.count} values{lost}, each source varied at {most}{table.backgrounds} seeds of the others",
        ]
    )


def rows(table: SpreadTable) -> list[tuple[str, str, str, str]]:
    """Return for each source its name, what it keeps alone, what fixing it removes, and the spread of it alone."""
    return [
        (each.source, percent(each.kept), percent(each.removed) or "–", f"± {size(each.std, table.metric)}")
        for each in table.sources
    ]


HEADINGS = ("source", "varied alone, it keeps", "fixed, it removes", "alone")


def _table(table: SpreadTable) -> Table:
    shown = plain_table(heading(table), caption(table), gap=2)
    for place, name in enumerate(HEADINGS):
        shown.add_column(name, justify="right" if place else "left", no_wrap=not place)
    for row in rows(table):
        shown.add_row(*map(Text, row))
    return shown
