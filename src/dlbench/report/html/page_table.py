"""A table of the HTML page, as text."""

from collections.abc import Sequence
from dataclasses import dataclass

ABSENT = "–"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table.

    name: its heading.
    cells: its other cells, as text.
    verdict: its verdict, or "".
    tone: of the verdict or answer: good, bad, other, maybe, same, open, or "".
    variant: the number of the variant that the row is about, so that the legend hides it; None for several or none.
    """

    name: str
    cells: Sequence[str]
    verdict: str = ""
    tone: str = ""
    variant: int | None = None


@dataclass(frozen=True, kw_only=True)
class PageTable:
    """A table.

    heading: above it, or "".
    first: heading of the column of names.
    columns: headings of the cells.
    verdicts: heading of the column of verdicts, "" for none.
    words: whether cells are sentences, not numbers.
    sentences: those below the table.
    quotable: whether they only say what the table says, to be quoted; then they are folded.
    fold: whether it is folded until somebody asks.
    """

    heading: str = ""
    first: str = "variant"
    columns: Sequence[str]
    rows: Sequence[Row]
    verdicts: str = ""
    words: bool = False
    sentences: Sequence[str] = ()
    quotable: bool = False
    fold: bool = False


def as_sentence(text: str) -> str:
    """Return a text with a capital letter and a full stop; a symbol, as in "n = 1", stays small."""
    return f"{text if text[1:2] == ' ' else text[:1].upper() + text[1:]}."
