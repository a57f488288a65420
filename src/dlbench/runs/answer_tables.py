"""The tables that an experiment leaves in its run folder, read back: for runs whose experiment is not available."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from dlbench.analysis.answers import Findings
from dlbench.analysis.claims import ClaimAnswer
from dlbench.analysis.reported import ReportedFigure
from dlbench.components.metric_table import find_metric
from dlbench.errors import DlbenchError
from dlbench.files import replace_file, to_bytes
from dlbench.runs.tables import as_before, to_csv

Cells = Mapping[str, str]
#: The checksums of the tables, as sha256sum writes and checks them; folders of earlier versions have none.
CHECKSUMS = "answers.sha256"


def write_answer_tables(folder: Path, tables: Mapping[str, tuple[Sequence[str], Iterable[Mapping[str, Any]]]]) -> None:
    """Write tables of columns and rows, by file name, and their checksums."""
    texts = {name: to_csv(tuple(columns), rows) for name, (columns, rows) in tables.items()}
    replace_file(folder / CHECKSUMS, "".join(f"{_checksum(to_bytes(text))}  {name}\n" for name, text in texts.items()))
    for name, text in texts.items():
        replace_file(folder / name, text)


def read_answer_tables(folder: Path) -> Findings:
    """Return the rows of reported.csv and claims.csv as records; a file that is missing has none."""
    return Findings(
        figures=tuple(_figure(row) for row in _rows(folder / "reported.csv")),
        claims=tuple(_claims(_rows(folder / "claims.csv"))),
    )


def _figure(row: Cells) -> ReportedFigure:
    return ReportedFigure(
        variant=row.get("variant", ""),
        metric=find_metric(row.get("metric", "")),
        at=row.get("at") or "selected",
        reported=_number(row.get("reported")) or 0.0,
        place=row.get("place", ""),
        n=_count(row.get("n")),
        measured=_number(row.get("measured")),
        low=_number(row.get("low")),
        high=_number(row.get("high")),
        difference=_number(row.get("difference")),
        within=_truth(row.get("within")),
        one_run=_truth(row.get("one_run")),
        problem=row.get("problem", ""),
    )


def _claims(rows: list[Cells]) -> list[ClaimAnswer]:
    """Return a record a claim: rows of the same number are its parts, whose reasons are joined."""
    parts: dict[str, list[Cells]] = {}
    for row in rows:
        parts.setdefault(row.get("claim") or row.get("text", ""), []).append(row)
    return [_claim(rows[0], "; ".join(filter(None, (row.get("why") for row in rows)))) for rows in parts.values()]


def _claim(row: Cells, why: str) -> ClaimAnswer:
    texts: dict[str, Any] = {name: row.get(name, "") for name in ("text", "relation", "metric", "at", "answer")}
    return ClaimAnswer(**texts, why=why)


def _number(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise DlbenchError(f"Cannot read the experiment's tables: {text!r} is not a number.") from None


def _count(text: str | None) -> int:
    number = _number(text) or 0.0
    if not number.is_integer():
        raise DlbenchError(f"Cannot read the experiment's tables: {text!r} is not a whole number.")
    return int(number)


def _truth(text: str | None) -> bool | None:
    return text.lower() == "true" if text else None


def _rows(path: Path) -> list[Cells]:
    if not path.is_file():
        return []
    try:
        _check(path)
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            return [{name: as_before(cell or "") for name, cell in row.items() if name} for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DlbenchError(f"Cannot read the experiment's tables: {path}: {error}.") from error


def _check(path: Path) -> None:
    """Raise DlbenchError for a table that is not as it was written."""
    known = path.with_name(CHECKSUMS)
    lines = known.read_text(encoding="utf-8").splitlines() if known.is_file() else []
    written = {name: checksum for checksum, _, name in (line.partition("  ") for line in lines)}
    if lines and written.get(path.name) != _checksum(path.read_bytes()):
        raise DlbenchError(
            f"{path} was changed after it was written: its checksum does not fit.",
            "Install the experiment's plugin, and its claims are answered from the trials again.",
        )


def _checksum(content: bytes) -> str:
    return sha256(content).hexdigest()
