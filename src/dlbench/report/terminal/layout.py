"""The layout that all tables on the terminal share."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from rich.box import SIMPLE_HEAD
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from dlbench.report.terminal.console import Table as LiteralTable
from dlbench.report.terminal.console import plain_console

Column = TypeVar("Column")


def plain_table(title: str = "", caption: str = "", *, edge: bool = False, gap: int = 1) -> Table:
    """Return an empty table with a rule under its header, and title and caption on the left.

    edge: whether there is an empty line above and below.
    gap: blanks between columns.
    """
    return LiteralTable(
        box=SIMPLE_HEAD,
        show_edge=edge,
        pad_edge=False,
        padding=(0, gap, 0, 0),
        title=Text(title, style="bold") if title else None,
        caption=Text(caption, style="dim") if caption else None,
        title_justify="left",
        caption_justify="left",
    )


def fitting_columns(
    columns: Iterable[Column],
    width: int,
    make: Callable[[Sequence[Column]], Table],
    *,
    rank: Callable[[Column], int],
    shorter: Callable[[Column], Column | None] = lambda column: None,
) -> Sequence[Column]:
    """Return as many columns as fit into a width in the table that is made of them.

    rank: 0 for columns that always stay; of the others the highest is dropped first.
    shorter: the column that takes its place.
    """
    kept = list(columns)
    while droppable := [column for column in kept if rank(column)]:
        if _natural_width(make(kept)) <= width:
            break
        dropped = max(droppable, key=rank)
        place, replacement = kept.index(dropped), shorter(dropped)
        kept[place : place + 1] = [] if replacement is None else [replacement]
    return kept


def fitting_table(
    columns: Iterable[Column], width: int, make: Callable[[Sequence[Column]], Table], *, rank: Callable[[Column], int]
) -> Table:
    """Return the table of as many columns as fit into a width. rank: as fitting_columns takes it."""
    return make(fitting_columns(columns, width, make, rank=rank))


def fits(table: Table, width: int) -> bool:
    """Return whether a table fits into a width without folding."""
    return _natural_width(table) <= width


def _natural_width(table: Table) -> int:
    """Return the width of a table that nothing constrains, in characters."""
    console = plain_console(width=10_000)
    return Measurement.get(console, console.options, table).maximum
