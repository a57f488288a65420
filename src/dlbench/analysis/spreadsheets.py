"""CSV files as people have them: written by a program, or opened in a spreadsheet and saved."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlbench.errors import DlbenchError

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Sheet:
    """A table as text. rows: the number of the line a row ends in, and its cells by column.

    decimal_comma: whether "0,5" is a number there, as where semicolons part the cells.
    """

    columns: Sequence[str]
    rows: Sequence[tuple[int, Mapping[str, str]]]
    decimal_comma: bool = False


def read_sheet(path: Path) -> Sheet:
    """Read a CSV file: parted by commas, semicolons or tabs, in UTF-8 or UTF-16, with or without a byte order mark.

    A line of another length than the header has what it has. Raises OSError, and DlbenchError for what is no CSV file.
    """
    content = path.read_bytes()
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
        delimiter, text = _delimiter(text)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        columns = [name.strip() for name in next(reader, [])]
        rows = [
            (reader.line_num, dict(zip(columns, (cell.strip() for cell in row), strict=False)))
            for row in reader
            if any(row)
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DlbenchError(f"{path} is no CSV file in UTF-8: {error}.", "Save it as CSV, UTF-8.") from None
    return Sheet(columns, rows, decimal_comma=delimiter != ",")


def _delimiter(text: str) -> tuple[str, str]:
    """Return what parts the cells, and the text without the line in which a spreadsheet may say so."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        return first.strip()[4], rest
    return max(_DELIMITERS, key=first.count) if first else ",", text
