"""The rows of a file to audit: a trained model each, from a long or a wide table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dlbench.analysis.spreadsheets import Sheet, is_of_search, read_sheet
from dlbench.components.spelling import is_number
from dlbench.errors import DlbenchError, suggest

_ONE_ROW_EACH = "audit needs one row per trained model: its variant, its seed and its final value"


@dataclass(frozen=True)
class Row:
    """One trained model, as text.

    line: its number in the file.
    variant: name of the variant.
    seed: the seed.
    value: the metric.
    """

    line: int
    variant: str
    seed: str
    value: str


def read_rows(path: Path, columns: Sequence[str]) -> list[Row]:
    """Read three columns of a CSV file: variant, seed and metric. Raises DlbenchError if it has no such columns."""
    if not columns[0]:
        raise DlbenchError("No column of variants.", "Name it with --variant; where each column is one, add --wide.")
    if len({*columns}) < len(columns):
        named = next(column for column in columns if columns.count(column) > 1)
        raise DlbenchError(f"The column {named!r} is named twice.", "Variants, seeds and the metric are three columns.")
    sheet = _read(path)
    known = [name for name in sheet.columns if name]
    for column, option in zip(columns, ("variant", "seed", "metric"), strict=True):
        if column not in known:
            hint = suggest(column, known, f"It has {', '.join(known) or 'none'}; --{option} names one.")
            raise DlbenchError(f"{path} has no column {column!r}.", _other_form(sheet, columns) or hint)
    _refuse_repeated(path, [name for name in known if name in columns])
    variant, seed, metric = columns
    return [
        Row(line, cells.get(variant, ""), cells.get(seed, ""), _cell(cells.get(metric, ""), sheet))
        for line, cells in sheet.rows
        if not is_of_search(cells)
    ]


def read_wide(path: Path, seed: str) -> list[Row]:
    """Read a CSV file in which each column but that of the seeds is a variant. Raises DlbenchError if it is none."""
    sheet = _read(path)
    known = [name for name in sheet.columns if name]
    if seed not in known:
        hint = suggest(seed, known, f"It has {', '.join(known) or 'none'}.")
        raise DlbenchError(f"{path} has no column {seed!r}.", _export_form(known) or hint)
    if form := _export_form(known):
        raise DlbenchError(f"{path} holds curves, not results.", form)
    _refuse_repeated(path, known)
    variants = [name for name in known if name != seed]
    return [
        Row(line, name, cells.get(seed, ""), _cell(cells[name], sheet))
        for line, cells in sheet.rows
        for name in variants
        if cells.get(name)
    ]


def _read(path: Path) -> Sheet:
    try:
        sheet = read_sheet(path)
    except OSError as error:
        siblings = [each.name for each in path.parent.glob("*.csv")] if path.parent.is_dir() else []
        hint = suggest(path.name, siblings, "Give the path of a CSV file with a header line.")
        raise DlbenchError(f"{path} cannot be read: {error.strerror}.", hint) from None
    if not sheet.rows:
        raise DlbenchError(f"{path} has no rows.", "It needs a header line and one row per trained model.")
    return sheet


def _refuse_repeated(path: Path, names: Sequence[str]) -> None:
    """Raise DlbenchError if two columns that are read have one name: which of them is meant is not known."""
    for name in names:
        if names.count(name) > 1:
            raise DlbenchError(f"{path} has {names.count(name)} columns {name!r}.", "Rename or remove all but one.")


def _cell(text: str, sheet: Sheet) -> str:
    """Return a cell with the decimal point and the minus sign of programs."""
    return (text.replace(",", ".") if sheet.decimal_comma else text).replace("\N{MINUS SIGN}", "-")


def _other_form(sheet: Sheet, columns: Sequence[str]) -> str:
    """Return what to type where a file seems to be a table of another form, "" where it does not."""
    known = [name for name in sheet.columns if name]
    if form := _export_form(known):
        return form
    _, seed, metric = columns
    numeric = [name for name in known if name != seed and _holds_numbers(name, sheet)]
    if seed in known and len(numeric) == len(known) - 1 >= 2:
        melt = f"table.melt(id_vars=[{seed!r}], var_name='variant', value_name={metric!r})"
        return (
            f"Is each of its columns {', '.join(numeric[:3])} a variant? "
            f"Then add --wide, and omit --variant. With pandas, {melt} makes it long."
        )
    return ""


def _holds_numbers(name: str, sheet: Sheet) -> bool:
    cells = [_cell(cells.get(name, ""), sheet).removesuffix("%") for _, cells in sheet.rows]
    return any(cells) and all(is_number(cell) for cell in cells if cell)


def _export_form(columns: Sequence[str]) -> str:
    """Return what to do with a chart that a tracker exported, "" where the columns are not those of one."""
    if {"Wall time", "Step", "Value"} <= {*columns}:
        return f"This is one run's curve, exported from TensorBoard; {_ONE_ROW_EACH}: keep the last line of each file."
    if any(name.endswith(("__MIN", "__MAX")) for name in columns):
        return f"This is a chart exported from W&B, a curve per run; {_ONE_ROW_EACH}: export the table of runs instead."
    return ""
