"""The journal: one line of JSON per finished trial, one writer per file. All tables are derived from it."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from dlbench.files import append
from dlbench.runs.journal_line import record_line
from dlbench.runs.journal_tail import JournalTail, Position
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


class _Entry(NamedTuple):
    """A trial's record, with the positions (file name and line) of its first line and of the line that counts."""

    first: Position
    last: Position
    record: TrialRecord


class JournalReader(JournalTail):
    """Reads the journals of a run folder as they grow, and keeps the records."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / FOLDER)
        self._entries: dict[str, _Entry] = {}
        self._records: Mapping[str, TrialRecord] | None = None

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

    def append(self, session: str, record: TrialRecord) -> None:
        """Add a record to a session's journal, which only this reader's process writes."""
        path = self._folder / f"{session}.jsonl"
        append_record(path, record)
        self._keep(self.pass_line(path), record)

    def _keep(self, position: Position, record: TrialRecord) -> None:
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

    def read(self, *, to_the_end: bool = False) -> Mapping[str, TrialRecord]:
        """Read what was added since the last call; return the new records by trial_id.

        to_the_end: a last line without its line feed counts too; otherwise it is still being written.
        """
        new: dict[str, TrialRecord] = {}
        for position, record in self.new_records(to_the_end=to_the_end):
            self._keep(position, record)
            new[record.trial_id] = record
        return new
