"""The journal: one line of JSON a finished trial, one writer a file. The truth that the views are made from."""

import contextlib
import gc
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dlbench.results.files import append
from dlbench.trial import TrialRecord

FOLDER = "journal"


@dataclass(frozen=True)
class Journal:
    """What the journals of a run folder hold: the last record by trial_id, and the lines that were left out."""

    records: Mapping[str, TrialRecord]
    warnings: tuple[str, ...] = ()


def session_name(started: datetime) -> str:
    """Return the name of a session; names sort by the start of their sessions (UTC)."""
    return f"{started:%Y%m%dT%H%M%S.%fZ}-{os.getpid()}"


def journal_path(folder: Path, session: str) -> Path:
    """Return where a session of a run folder writes its journal."""
    return folder / FOLDER / f"{session}.jsonl"


def append_record(path: Path, record: TrialRecord) -> None:
    """Add a record to a session's journal; it is on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    append(path, json.dumps(record.to_json(), separators=(",", ":")).encode() + b"\n", sync=True)


def read_journal(folder: Path) -> Journal:
    """Read all journals of a run folder, sessions by their start; the last record of a trial wins.

    A line that is no whole record is left out and named in the warnings.
    """
    records: dict[str, TrialRecord] = {}
    warnings = []
    with _without_garbage_collection():
        for path in sorted((folder / FOLDER).glob("*.jsonl")):
            for number, line in _lines(path):
                try:
                    trial_id, record = _parse(line)
                except (ValueError, KeyError, TypeError, AttributeError):
                    warnings.append(f"{path.name}, line {number}: left out, as it is no whole record of a trial.")
                else:
                    records[trial_id] = record
    return Journal(records, tuple(warnings))


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Spare the collector a walk over a growing heap of records, none of which is garbage: half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _parse(line: bytes) -> tuple[str, TrialRecord]:
    content = json.loads(line)
    return str(content["trial_id"]), TrialRecord.from_json(content)
