"""What killed writers and other programs leave in a run folder: removed, or copied, before a session writes."""

import contextlib
import time
from datetime import UTC, datetime
from pathlib import Path

from dlbench.files import KEPT, copy_file, partial_files, remove_empty, remove_file
from dlbench.runs.folder_lock import LOCK
from dlbench.runs.journal import FOLDER
from dlbench.runs.tables import TABLE_DEFINITIONS

#: Seconds after which a half-written file counts as abandoned.
_AGE = 60.0


def remove_leftovers(folder: Path) -> None:
    """Remove half-written files of killed processes, except recent ones, which may still be written."""
    for path in partial_files(folder):
        if time.time() - path.stat().st_mtime > _AGE:
            remove_file(path)


def remove_unused(folder: Path) -> None:
    """Remove a run folder in which no session has ever begun, as its lock could not be held; others stay."""
    journals = folder / FOLDER
    with contextlib.suppress(OSError):
        if [path.name for path in journals.iterdir()] == [LOCK]:
            remove_file(journals / LOCK)
            remove_empty(journals)
            remove_empty(folder)


def keep_copy(folder: Path, path: Path, moment: datetime | None = None) -> Path:
    """Copy a file of a run folder into its folder `kept`; return the path of the copy."""
    moment = moment or datetime.now(UTC)
    target = folder / KEPT / f"{moment:%Y%m%dT%H%M%S.%fZ}" / path.relative_to(folder)
    copy_file(path, target)
    return target


def keep_changed_tables(folder: Path) -> list[str]:
    """Copy each table that another program has modified before it is rebuilt; return a sentence for each."""
    notes = []
    for definition in TABLE_DEFINITIONS.values():
        path = folder / definition.file_name
        if reason := foreign_change(path, definition.columns):
            copy = keep_copy(folder, path)
            notes.append(f"{definition.file_name} {reason}; it is rebuilt, and a copy is kept as {copy}.")
    return notes


def foreign_change(path: Path, columns: tuple[str, ...]) -> str:
    """Return how another program modified a table; "" if none did, or if there is no file."""
    try:
        content = path.read_bytes()
    except OSError:
        return ""
    first = content.partition(b"\n")[0]
    if first.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return "was saved by another program (it starts with a byte order mark)"
    if first.endswith(b"\r"):
        return "was saved by another program (its lines end in CR LF)"
    header = first.decode(errors="replace").split(",")
    if header[: len(columns)] != list(columns):
        return "was changed by another program (its columns are not the ones it was written with)"
    return ""
