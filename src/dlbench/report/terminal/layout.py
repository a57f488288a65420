"""How all tables on the screen look."""

from rich.box import SIMPLE_HEAD
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from dlbench.report.terminal.console import plain_console


def plain_table(title: str = "", caption: str = "", *, edge: bool = False, gap: int = 1) -> Table:
    """Return an empty table: a rule under its head, title and caption on the left.

    edge: an empty line above and below, where tables follow one another. gap: blanks between columns.
    """
    return Table(
        box=SIMPLE_HEAD,
        show_edge=edge,
        pad_edge=False,
        padding=(0, gap, 0, 0),
        title=Text(title, style="bold") if title else None,
        caption=Text(caption, style="dim") if caption else None,
        title_justify="left",
        caption_justify="left",
    )


def natural_width(table: Table) -> int:
    """Return how many columns a table takes where it is given all that it wants."""
    console = plain_console(width=10_000)
    return Measurement.get(console, console.options, table).maximum
