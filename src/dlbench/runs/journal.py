"""The journal: one line of JSON per finished trial, one writer per file. All tables are derived from it."""

import contextlib
import gc
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from dlbench.files import append
from dlbench.runs.journal_line import parse_damaged, parse_line, record_line
from dlbench.trials.trial_record import TrialRecord

FOLDER = "journal"
_MOMENT = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True)
class Journal:
    """The content of a run folder's journals.

    records: the last record of each trial, by trial_id.
    warnings: a sentence for each line that was skipped.
    """

    records: Mapping[str, TrialRecord]
    warnings: tuple[str, ...] = ()


def session_name(started: datetime, others: Iterable[str] = ()) -> str:
    """Return the name of a session: its start (UTC), or a moment after the latest of other sessions if that is later.

    So names sort in the order in which sessions began, also after one of a process whose clock is fast.
    """
    moment = max([started, *filter(None, map(_just_after, others))])
    return f"{moment:{_MOMENT}}-{os.getpid()}"


def session_moment(name: str) -> datetime | None:
    """Return the moment in the name of a session, None where it has none."""
    try:
        return datetime.strptime(f"{name.partition('Z')[0]}Z", _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _just_after(name: str) -> datetime | None:
    moment = session_moment(name)
    try:
        return moment and moment + timedelta(microseconds=1)
    except OverflowError:  # of the year 9999
        return moment


def journal_path(folder: Path, session: str) -> Path:
    """Return the path of a session's journal."""
    return folder / FOLDER / f"{session}.jsonl"


def append_record(path: Path, record: TrialRecord) -> None:
    """Append a record to a journal in an existing folder; it is on the disk when this returns."""
    append(path, record_line(record), sync=True)


def read_journal(folder: Path) -> Journal:
    """Read all journals of a run folder, in the order of their sessions; a trial's last record wins.

    A line that is not a complete record is skipped, with a warning.
    """
    reader = JournalReader(folder)
    reader.read(to_the_end=True)
    return Journal(reader.records, (*reader.warnings, *reader.unfinished))


@dataclass(frozen=True)
class _Place:
    """How far a journal file was read: the number of bytes and of lines, and which file it was."""

    size: int = 0
    lines: int = 0
    inode: int = 0


class _Entry(NamedTuple):
    """A trial's record, with the positions (file name and line) of its first line and of the line that counts."""

    first: tuple[str, int]
    last: tuple[str, int]
    record: TrialRecord


class JournalReader:
    """Reads the journals of a run folder as they grow: what was read once is not read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._places: dict[str, _Place] = {}
        self._entries: dict[str, _Entry] = {}
        self._records: Mapping[str, TrialRecord] | None = None
        self.warnings: list[str] = []
        #: Last lines without their line feed: torn, or still being written.
        self.unfinished: list[str] = []

    @property
    def records(self) -> Mapping[str, TrialRecord]:
        """Return the last record of each trial by trial_id, in the order in which trials first ended.

        The same object is returned for as long as no record is added.
        """
        if self._records is None:
            entries = sorted(self._entries.items(), key=lambda item: item[1].first)
            self._records = MappingProxyType({trial_id: entry.record for trial_id, entry in entries})
        return self._records

    def __contains__(self, trial_id: str) -> bool:
        return trial_id in self._entries

    def get(self, trial_id: str) -> TrialRecord | None:
        """Return the last record of a trial; None where it has none."""
        entry = self._entries.get(trial_id)
        return entry and entry.record

    def is_current(self) -> bool:
        """Return whether the journals have only grown: none of those that were read is gone or was replaced."""
        return all(self._continues(self._folder / name, place) for name, place in self._places.items())

    @staticmethod
    def _continues(path: Path, place: _Place) -> bool:
        try:
            found = path.stat()
        except OSError:
            return False
        return found.st_ino == place.inode and found.st_size >= place.size

    def append(self, session: str, record: TrialRecord) -> None:
        """Add a record to a session's journal, which only this reader's process writes."""
        path = self._folder / f"{session}.jsonl"
        append_record(path, record)
        state, lines = path.stat(), self._places.get(path.name, _Place()).lines + 1
        self._places[path.name] = _Place(state.st_size, lines, state.st_ino)
        self._keep((path.name, lines), record)

    def read(self, *, to_the_end: bool = False) -> Mapping[str, TrialRecord]:
        """Read what was added since the last call; return the new records by trial_id.

        to_the_end: a last line without its line feed counts too; otherwise it is still being written.
        """
        new: dict[str, TrialRecord] = {}
        self.unfinished.clear()
        with _without_garbage_collection():
            for path in self._files():
                for number, line, ended in self._new_lines(path, to_the_end=to_the_end):
                    for record in self._records_of(path, number, line, ended=ended):
                        self._keep((path.name, number), record)
                        new[record.trial_id] = record
        return new

    def _records_of(self, path: Path, number: int, line: bytes, *, ended: bool) -> Iterator[TrialRecord]:
        """Yield the record of a line, or those that are left of a damaged one; the rest gets a warning."""
        found = parse_line(line)
        if isinstance(found, TrialRecord):
            yield found
            return
        for _, part in parse_damaged(line):
            if isinstance(part, TrialRecord):
                yield part
            else:
                warnings = self.warnings if ended else self.unfinished
                warnings.append(f"{FOLDER}/{path.name}, line {number} is left out: {part.reason}.")

    def _files(self) -> Iterator[Path]:
        """Yield the journals; what has such a name and is none gets a warning, once."""
        for path in sorted(self._folder.glob("*.jsonl")):
            if path.is_file() and os.access(path, os.R_OK):
                yield path
            elif (warning := f"{FOLDER}/{path.name} is left out: it cannot be read.") not in self.warnings:
                self.warnings.append(warning)

    def _keep(self, position: tuple[str, int], record: TrialRecord) -> None:
        """Keep a trial's record, unless a later session, or a later line, has another one."""
        trial_id = record.trial_id
        known = self._entries.get(trial_id)
        if known is None:
            self._entries[trial_id] = _Entry(position, position, record)
        elif position >= known.last:
            self._entries[trial_id] = _Entry(known.first, position, record)
        else:
            self._entries[trial_id] = known._replace(first=min(position, known.first))
        self._records = None

    def _new_lines(self, path: Path, *, to_the_end: bool) -> Iterator[tuple[int, bytes, bool]]:
        """Yield number and content of each new line, and whether it ends with a line feed.

        A line without one is read again the next time, when the rest of it may be there.
        """
        before = self._places.get(path.name, _Place())
        with path.open("rb") as file:
            file.seek(before.size)
            content = file.read()
            inode = os.fstat(file.fileno()).st_ino
        end = content.rfind(b"\n") + 1
        lines = content[:end].split(b"\n")[:-1]
        self._places[path.name] = _Place(before.size + end, before.lines + len(lines), inode)
        for number, line in enumerate(lines, start=before.lines + 1):
            if line.strip():
                yield number, line, True
        if to_the_end and (rest := content[end:]).strip():
            yield before.lines + len(lines) + 1, rest, False


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Disable the cyclic garbage collector while parsing, which saves half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
