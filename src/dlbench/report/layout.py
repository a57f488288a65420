"""How all tables on the screen look."""

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text


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
