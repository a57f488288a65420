"""The journal: one line of JSON a finished trial, one writer a file. The truth that the views are made from."""

import contextlib
import gc
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dlbench.files import append
from dlbench.trials.trial_record import TrialRecord

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


def record_line(record: TrialRecord) -> bytes:
    """Return a record as its line of a journal."""
    return json.dumps(record.to_json(), separators=(",", ":")).encode() + b"\n"


def append_record(path: Path, record: TrialRecord) -> None:
    """Add a record to a session's journal, whose folder is there; it is on the disk when this returns."""
    append(path, record_line(record), sync=True)


def read_journal(folder: Path) -> Journal:
    """Read all journals of a run folder, sessions by their start; the last record of a trial wins.

    A line that is no whole record is left out and named in the warnings.
    """
    reader = JournalReader(folder)
    records = dict(reader.read(to_the_end=True))
    return Journal(records, (*reader.warnings, *reader.unfinished))


class JournalReader:
    """Reads the journals of a run folder as they grow: what was read once is not read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._places: dict[str, tuple[int, int]] = {}
        self.warnings: list[str] = []
        #: Last lines that have no end: torn, or still being written.
        self.unfinished: list[str] = []

    def skip(self, path: Path) -> None:
        """Take a journal for read as far as it goes now: whoever wrote its last line knows it."""
        _, lines = self._places.get(path.name, (0, 0))
        self._places[path.name] = (path.stat().st_size, lines + 1)

    def read(self, *, to_the_end: bool = False) -> Iterator[tuple[str, TrialRecord]]:
        """Yield the records, with their trial_id, that came since the last call.

        to_the_end: a last line without its line feed counts too; otherwise it is still being written.
        """
        with _without_garbage_collection():
            for path in sorted(self._folder.glob("*.jsonl")):
                for number, line, whole in self._new_lines(path, to_the_end=to_the_end):
                    try:
                        yield parse_line(line)
                    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                        told = self.warnings if whole else self.unfinished
                        told.append(f"{path.name}, line {number}: left out, as it is {_what(line)}.")

    def _new_lines(self, path: Path, *, to_the_end: bool) -> Iterator[tuple[int, bytes, bool]]:
        """Yield number and content of each new line, and whether its end is there."""
        start, number = self._places.get(path.name, (0, 0))
        with path.open("rb") as file:
            file.seek(start)
            content = file.read()
        end = len(content) if to_the_end else content.rfind(b"\n") + 1
        lines = content[:end].split(b"\n")
        self._places[path.name] = (start + end, number + content.count(b"\n", 0, end))
        for offset, line in enumerate(lines, start=1):
            if line.strip():
                yield number + offset, line, offset < len(lines)


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


def parse_line(line: bytes) -> tuple[str, TrialRecord]:
    """Return the trial_id and the record of a line; one that is no whole record raises what reading it raises."""
    content = json.loads(line)
    return str(content["trial_id"]), TrialRecord.from_json(content)


def _what(line: bytes) -> str:
    """Say what a line is that is no record: cut short, or one of a dlbench that keeps more than this one."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return "no whole record of a trial"
    if isinstance(content, dict) and {"trial_id", "trial", "status"} <= content.keys():
        return "a record that this dlbench cannot read, of a newer one perhaps"
    return "no whole record of a trial"
