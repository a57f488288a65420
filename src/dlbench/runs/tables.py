"""The CSV tables of a run folder: appended to as trials end, otherwise rebuilt from the journal's records."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from dlbench.analysis.convergence import epochs_to_target
from dlbench.components.axes import AXES
from dlbench.components.metric_table import names_in_groups
from dlbench.components.records import ParameterValue
from dlbench.components.spelling import is_number
from dlbench.components.syntax import format_value
from dlbench.files import append_rows, remove_file, replace_file, to_bytes
from dlbench.plans.plan_record import PlanRecord
from dlbench.trials.trial_record import TrialRecord

Row = Mapping[str, ParameterValue]

_IDENTITY = ("trial_id", "provenance_id", "role", "status", "message")
_SETTINGS = ("learning_rate", "batch_size", "epochs", "normalization", "validation", "select", "precision")
_PLACE = ("threads", "device", "seed")
_METRICS = names_in_groups("fit", "last", "test", "progress", "target", "cost")
_ROWS_AT_ONCE = 5_000
#: What spreadsheets interpret as the beginning of a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class TableDefinition:
    """One table of a run folder: the columns that it always has, and the rows that a record gives it.

    on_request: there is a file only where some record gives it rows.
    """

    name: str
    columns: tuple[str, ...]
    rows: Callable[[TrialRecord], Iterable[Row]]
    on_request: bool = False

    @property
    def file_name(self) -> str:
        """Return the name of its file."""
        return f"{self.name}.csv"


def _trial_rows(record: TrialRecord) -> Iterable[Row]:
    return [record.row()]


def _epoch_rows(record: TrialRecord) -> Iterable[Row]:
    for epoch, metrics in enumerate(record.epochs, start=1):
        yield {"trial_id": record.trial_id, "epoch": epoch, **metrics}


def _confusion_rows(record: TrialRecord) -> Iterable[Row]:
    """Yield the cells that are not zero: with a hundred classes nearly all are."""
    names = record.class_names or tuple(str(index) for index in range(len(record.confusion)))
    for true_class, counts in zip(names, record.confusion, strict=True):
        for predicted_class, count in zip(names, counts, strict=True):
            if count:
                yield {
                    "trial_id": record.trial_id,
                    "split": "test",
                    "true_class": true_class,
                    "predicted_class": predicted_class,
                    "count": count,
                }


def _step_rows(record: TrialRecord) -> Iterable[Row]:
    for step, loss in enumerate(record.steps, start=1):
        yield {"trial_id": record.trial_id, "step": step, "train_loss": loss}


def _diagnostic_rows(record: TrialRecord) -> Iterable[Row]:
    for reading in record.diagnostics:
        yield {"trial_id": record.trial_id, **reading._asdict()}


TABLE_DEFINITIONS: Mapping[str, TableDefinition] = MappingProxyType(
    {
        definition.name: definition
        for definition in (
            TableDefinition(
                "trials",
                (*_IDENTITY, *AXES, *_SETTINGS, *_PLACE, *_METRICS),
                _trial_rows,
            ),
            TableDefinition(
                "epochs", ("trial_id", "epoch", "learning_rate", *names_in_groups("fit"), "seconds"), _epoch_rows
            ),
            TableDefinition(
                "confusion", ("trial_id", "split", "true_class", "predicted_class", "count"), _confusion_rows
            ),
            TableDefinition("steps", ("trial_id", "step", "train_loss"), _step_rows, on_request=True),
            TableDefinition(
                "diagnostics",
                ("trial_id", "epoch", "layer", "diagnostic", "value"),
                _diagnostic_rows,
                on_request=True,
            ),
        )
    }
)


def table(
    definition: TableDefinition, records: Iterable[TrialRecord], plan: PlanRecord | None = None
) -> tuple[tuple[str, ...], list[Row]]:
    """Return a table's columns and rows: its own columns first, then others in the order of their appearance.

    plan: one that keeps a target fills epochs_to_target.
    """
    rows = list(_rows(definition, records, plan))
    return _columns(definition, rows), rows


def _rows(definition: TableDefinition, records: Iterable[TrialRecord], plan: PlanRecord | None) -> Iterator[Row]:
    for record in records:
        for row in definition.rows(record):
            if plan and plan.target and definition.name == "trials":
                row = {**row, "epochs_to_target": epochs_to_target(record, plan)}
            yield row


def _columns(definition: TableDefinition, rows: Iterable[Row]) -> tuple[str, ...]:
    columns = dict.fromkeys(definition.columns)
    for row in rows:
        columns.update(dict.fromkeys(row))
    return tuple(columns)


def to_csv(columns: tuple[str, ...], rows: Iterable[Row], *, header: bool = True) -> str:
    """Write rows as CSV; floats with every digit, an absent value as an empty cell, NaN as nan."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow([_inert(column) for column in columns])
    writer.writerows([_inert(cell(row.get(column))) for column in columns] for row in rows)
    return text.getvalue()


def _csv_parts(columns: tuple[str, ...], rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield the file that to_csv() makes, a few thousand rows at a time."""
    remaining = iter(rows)
    yield to_bytes(to_csv(columns, islice(remaining, _ROWS_AT_ONCE)))
    while some := list(islice(remaining, _ROWS_AT_ONCE)):
        yield to_bytes(to_csv(columns, some, header=False))


def _inert(value: ParameterValue) -> ParameterValue:
    """Return a cell that no spreadsheet interprets as a formula: an apostrophe is put before text that looks like one.

    Line ends are those of the file: a lone carriage return would go unquoted, and end the row for its readers.
    """
    if not isinstance(value, str):
        return value
    formula = value.lstrip("'").startswith(_FORMULA) and not is_number(value)
    return ("'" if formula else "") + value.replace("\r\n", "\n").replace("\r", "\n")


def as_before(text: str) -> str:
    """Return a text cell as it was before it was made inert."""
    inert = text.startswith("'") and text.lstrip("'").startswith(_FORMULA)
    return text[1:] if inert else text


def cell(value: ParameterValue) -> int | float | str | None:
    """Return a value as a cell: truth values and tuples as the component syntax writes them."""
    return format_value(value) if isinstance(value, bool | tuple) else value


COMPARISON = "comparison.csv"


class TableFiles:
    """The table files of one run folder, as one session writes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def rebuild(self, records: Iterable[TrialRecord], plan: PlanRecord | None = None) -> None:
        """Rebuild all tables from records, each in one step. plan: see `table`."""
        kept = tuple(records)
        for definition in TABLE_DEFINITIONS.values():
            if definition.on_request and not any(True for _ in _rows(definition, kept, plan)):
                remove_file(self._folder / definition.file_name)
                continue
            # Made twice rather than kept: those of all epochs would take more memory than the records.
            columns = _columns(definition, _rows(definition, kept, plan))
            self._replace(definition.file_name, _csv_parts(columns, _rows(definition, kept, plan)))

    def write_comparison(self, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
        """Write comparison.csv in one step."""
        self._replace(COMPARISON, to_csv(columns, rows))

    def append(self, record: TrialRecord) -> bool:
        """Append a record's rows; return False where a file is missing, lacks a column or was replaced.

        So it does for a row that is longer than a page. Then the tables must be rebuilt: some may have rows already.
        """
        tables = {definition: table(definition, [record]) for definition in TABLE_DEFINITIONS.values()}
        tables = {definition: found for definition, found in tables.items() if found[1] or not definition.on_request}
        # Read each time: another session may have put a wider file there.
        headers = {definition: _header(self._folder / definition.file_name) for definition in tables}
        if any(not set(columns) <= set(headers[definition]) for definition, (columns, _) in tables.items()):
            return False
        for definition, (_, rows) in tables.items():
            texts = [to_bytes(to_csv(headers[definition], [row], header=False)) for row in rows]
            if texts and not append_rows(self._folder / definition.file_name, texts):
                return False
        return True

    def _replace(self, name: str, content: str | Iterator[bytes]) -> None:
        replace_file(self._folder / name, content, parents=False)


def _header(path: Path) -> tuple[str, ...]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return tuple(next(csv.reader(file), ()))
    except (OSError, ValueError, csv.Error):
        return ()
