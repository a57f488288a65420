"""A table of a run in a format for other programs and documents."""

import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence

from dlbench.analysis.across_datasets import COLUMNS as ACROSS_COLUMNS
from dlbench.analysis.per_class import per_class, per_class_table
from dlbench.analysis.summary import VariantSummary, summarize, summary_table
from dlbench.components.metric_table import find_metric
from dlbench.components.records import ParameterValue
from dlbench.components.spelling import resolve
from dlbench.errors import DlbenchError, suggest
from dlbench.files import strict_json
from dlbench.runs.folder import RunFolder
from dlbench.runs.latex import latex_table
from dlbench.runs.tables import TABLE_DEFINITIONS, cell, table, to_csv

TABLES = (*TABLE_DEFINITIONS, "comparison", "data-sets", "summary", "per-class")
FORMATS = ("csv", "json", "markdown", "latex", "parquet")
# An underscore inside a word is plain text in Markdown; elsewhere it may open an emphasis.
_MARKDOWN = re.compile(r"[\\`*\[\]<>|~]|(?<!\w)_|_(?!\w)")

#: Digits of a number in a document.
_DIGITS = 4

Table = tuple[Sequence[str], Sequence[Mapping[str, ParameterValue]]]


def export(folder: RunFolder, table: str, format: str) -> str | bytes:  # noqa: A002  # the option's name
    """Return a table of a run folder in a format; bytes for parquet, text for the others.

    csv, json and parquet hold every digit, fractions for accuracies. Markdown and LaTeX are meant for documents:
    their summary shows percentages and mean ± standard deviation.
    """
    table, format = _check(table, TABLES, "table"), _check(format, FORMATS, "format")  # noqa: A001
    for_people = format in ("markdown", "latex")
    columns, rows = _summary(folder, for_people=for_people) if table == "summary" else _view(folder, table)
    match format:
        case "csv":
            return to_csv(tuple(columns), rows)
        case "json":
            return strict_json([{column: row.get(column) for column in columns} for row in rows]) + "\n"
        case "markdown":
            return _markdown(columns, rows)
        case "latex":
            return _latex(columns, rows)
    return _parquet(columns, rows)


def _check(name: str, known: Sequence[str], kind: str) -> str:
    meant = resolve(name, known)
    if meant is None:
        raise DlbenchError(
            f"There is no {kind} {name!r} to export.", suggest(name, known, f"It takes {', '.join(known)}.")
        )
    return meant


def _view(folder: RunFolder, name: str) -> Table:
    if name == "comparison":
        return folder.judge().table()
    if name == "data-sets":
        across = folder.judge().across
        return across.table() if across else (ACROSS_COLUMNS, [])
    if name == "per-class":
        return per_class_table(per_class(folder.planned, folder.plan))
    return table(TABLE_DEFINITIONS[name], folder.records, folder.manifest.plan if folder.manifest else None)


def _summary(folder: RunFolder, *, for_people: bool) -> Table:
    summaries = summarize(folder.planned, folder.plan)
    return _readable(summaries) if for_people else summary_table(summaries)


def _readable(summaries: Sequence[VariantSummary]) -> Table:
    axes = dict.fromkeys(axis for summary in summaries for axis in summary.values) or {"label": None}
    rows = []
    for summary in summaries:
        row: dict[str, ParameterValue] = {axis: summary.values.get(axis, summary.label) for axis in axes}
        row |= {"n": summary.n, "failed": summary.failed}
        row |= {find_metric(name).heading: metric.text(find_metric(name)) for name, metric in summary.metrics.items()}
        rows.append(row)
    return tuple(dict.fromkeys([*axes, "n", "failed", *(column for row in rows for column in row)])), rows


def _text(value: ParameterValue) -> str:
    """Return a cell of a document: a number with four digits, more only where it is larger."""
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.{_DIGITS}g}"
    shown = cell(value)
    return "" if shown is None else " ".join(str(shown).split())


def _markdown(columns: Sequence[str], rows: Iterable[Mapping[str, ParameterValue]]) -> str:
    lines = [list(columns), *([_text(row.get(column)) for column in columns] for row in rows)]
    header, *body = ["| " + " | ".join(_MARKDOWN.sub(r"\\\g<0>", text) for text in line) + " |" for line in lines]
    rule = "| " + " | ".join("---" for _ in columns) + " |"
    return "\n".join([header, rule, *body]) + "\n"


def _latex(columns: Sequence[str], rows: Iterable[Mapping[str, ParameterValue]]) -> str:
    return latex_table(columns, [[_text(row.get(column)) for column in columns] for row in rows])


def _parquet(columns: Sequence[str], rows: Sequence[Mapping[str, ParameterValue]]) -> bytes:
    from dlbench.runs.frames import frame

    file = io.BytesIO()
    try:
        frame(columns, rows).to_parquet(file, engine="pyarrow", index=False)
    except ImportError as error:
        raise DlbenchError("Writing parquet needs pyarrow.", "Type pip install 'dlbench[parquet]'.") from error
    return file.getvalue()
