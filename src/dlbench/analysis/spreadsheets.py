"""CSV files, written by a program or saved by a spreadsheet."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlbench.errors import DlbenchError
from dlbench.files import read_text

_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Sheet:
    """A table as text.

    columns: names of the columns.
    rows: for each row, the number of its last line and its cells by column.
    decimal_comma: whether "0,5" is a number, as in files separated by semicolons.
    """

    columns: Sequence[str]
    rows: Sequence[tuple[int, Mapping[str, str]]]
    decimal_comma: bool = False


def read_sheet(path: Path) -> Sheet:
    """Return a CSV file, separated by commas, semicolons or tabs, in UTF-8 or UTF-16, with or without a BOM.

    A line that is shorter or longer than the header is accepted. Raises OSError, and DlbenchError if it is not CSV.
    """
    try:
        text = read_text(path)
        delimiter, text = _delimiter(text)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        columns = [name.strip() for name in next(reader, [])]
        rows = [
            (reader.line_num, dict(zip(columns, (cell.strip() for cell in row), strict=False)))
            for row in reader
            if any(row)
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DlbenchError(f"{path} is not a CSV file in UTF-8: {error}.", "Save it as CSV, UTF-8.") from None
    return Sheet(columns, rows, decimal_comma=delimiter != ",")


def is_of_search(cells: Mapping[str, str]) -> bool:
    """Return whether a row of dlbench's trials.csv is a trial of a search, which no verdict is about."""
    return cells.get("role") == "tuning"


def _delimiter(text: str) -> tuple[str, str]:
    """Return the delimiter, and the text without the line "sep=;" that a spreadsheet may have written."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        return first.strip()[4], rest
    return max(_DELIMITERS, key=first.count) if first else ",", text
