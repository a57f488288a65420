"""Consoles and tables that print text of any origin literally.

Brackets are not markup, and names between colons not emoji. Control characters, which a terminal would obey, and marks
that turn the direction of writing are shown as escapes; so are line ends in a name or a sentence, which could pass for
a line of dlbench's own.
"""

import io
from collections.abc import Iterable
from typing import IO, Any

import rich.table
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.text import Text

from dlbench.report.terminal.visible import visible

_ENDLESS = 10_000


class Lines(Text):
    """A text of several lines, where a text is otherwise one line."""


def _literal(content: Any, *, one_line: bool) -> Any:
    one_line = one_line and not isinstance(content, Lines)
    if isinstance(content, str):
        return visible(content, one_line=one_line)
    if isinstance(content, Text) and (shown := visible(content.plain, one_line=one_line)) != content.plain:
        return content.blank_copy(shown)
    return content


class LiteralConsole(Console):
    """A console that shows what a terminal would obey; a text that is printed with soft_wrap is one line."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print objects."""
        one_line = bool(options.get("soft_wrap"))
        super().print(*(_literal(each, one_line=one_line) for each in objects), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of an object, such as the cell of a table."""
        return super().render(_literal(renderable, one_line=False), options)


#: What a column that may be folded is not narrowed below for the sake of those that are kept in one piece.
_NARROWEST = 6


class Table(rich.table.Table):
    """A table whose cells are one line each, wherever their text comes from; its headings may have several.

    Where it is too wide, its cells are folded: nothing is cut off.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table; where even columns in one piece are too wide together, they are folded too."""
        whole = Measurement.get(console, options.update(width=_ENDLESS), self).maximum
        spare = sum(max(0, _width(column) - _NARROWEST) for column in self.columns if not column.no_wrap)
        for column in self.columns:
            column.overflow = "fold"
            column.no_wrap = column.no_wrap and whole - spare <= options.max_width
        yield from super().__rich_console__(console, options)

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:
        """Add a row."""
        super().add_row(*(_literal(cell, one_line=True) for cell in cells), **options)


def _width(column: rich.table.Column) -> int:
    """Return the width of a column that nothing constrains, but its own limit."""
    texts = [each.plain if isinstance(each, Text) else str(each) for each in (column.header, *column.cells)]
    width = max((cell_len(line) for text in texts for line in text.split("\n")), default=0)
    return min(width, column.max_width or width)


def plain_console(*, stderr: bool = False, width: int | None = None, file: IO[str] | None = None) -> Console:
    """Return a console for text of any origin; styled text is passed as rich Text. file: instead of a stream."""
    options: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}
    if isinstance(file, io.StringIO):  # no terminal, even where FORCE_COLOR asks for colors, as in notebooks' kernels
        options["force_terminal"] = False
    return LiteralConsole(stderr=stderr, width=width, file=file, force_jupyter=False, **options)
