"""What journals gain while sessions write to them: each line is read once."""

import contextlib
import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dlbench.runs.journal_line import parse_damaged, parse_line
from dlbench.trials.trial_record import TrialRecord

#: Where a record stands: the name of its journal, and its line there.
Position = tuple[str, int]


@dataclass(frozen=True)
class _Place:
    """How far a journal file was read: the number of bytes and of lines, and which file it was."""

    size: int = 0
    lines: int = 0
    inode: int = 0


class JournalTail:
    """Reads the journals in a folder as they grow; keeps no record."""

    def __init__(self, journals: Path) -> None:
        self._folder = journals
        self._places: dict[str, _Place] = {}
        self.warnings: list[str] = []
        #: Last lines without their line feed: torn, or still being written.
        self.unfinished: list[str] = []

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

    def pass_line(self, path: Path) -> Position:
        """Count a line that this process has just appended to a journal as read; return its position."""
        state, lines = path.stat(), self._places.get(path.name, _Place()).lines + 1
        self._places[path.name] = _Place(state.st_size, lines, state.st_ino)
        return path.name, lines

    def new_records(self, *, to_the_end: bool = False) -> Iterator[tuple[Position, TrialRecord]]:
        """Yield the records that were added since the last call, with their positions.

        to_the_end: a last line without its line feed counts too; otherwise it is still being written.
        """
        self.unfinished.clear()
        with _without_garbage_collection():
            for path in self._files():
                for number, line, ended in self._new_lines(path, to_the_end=to_the_end):
                    for record in self._records_of(path, number, line, ended=ended):
                        yield (path.name, number), record

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
                warnings.append(f"{self._folder.name}/{path.name}, line {number} is left out: {part.reason}.")

    def _files(self) -> Iterator[Path]:
        """Yield the journals; what has such a name and is none gets a warning, once."""
        for path in sorted(self._folder.glob("*.jsonl")):
            if path.is_file() and os.access(path, os.R_OK):
                yield path
            elif (warning := f"{self._folder.name}/{path.name} is left out: it cannot be read.") not in self.warnings:
                self.warnings.append(warning)

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
