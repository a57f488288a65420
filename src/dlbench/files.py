"""The one door to the disk for everything that is kept of runs: files are whole, or as they were before.

Whatever writes below a results folder does it through these functions, and these through `os` alone; so a test can let
each call fail in turn.
"""

import contextlib
import errno
import json
import math
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dlbench.errors import DlbenchError

#: What a reader sees of one write is whole only within a page: the kernel lets a file grow page by page.
PAGE = 4096
#: Half-written files carry this in their names, behind that of the file they would become.
PARTIAL = ".partial-"
#: Where a run folder keeps copies of changed files, a folder for each time.
KEPT = "kept"
# Where a file was put in the place of another by means of a link, nothing is written through it.
_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)


@contextlib.contextmanager
def writing_to(path: Path, remedy: str) -> Iterator[None]:
    """Turn an operating system's refusal to write into a DlbenchError that names the place."""
    try:
        yield
    except OSError as error:
        raise DlbenchError(f"{path} cannot be written: {error.strerror or error}.", remedy) from error


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Do the same for a run folder; what it holds already stays usable, and the remedy fits the cause."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOENT and not folder.exists():
            raise DlbenchError(
                f"{folder} is gone: it was moved or deleted while dlbench wrote to it.",
                "Put it back and type the same command again, which continues from there; without it, it starts over.",
            ) from error
        raise DlbenchError(f"{folder} cannot be written: {error.strerror or error}.", _remedy(error)) from error


def _remedy(error: OSError) -> str:
    elsewhere = "choose another folder with --results-dir, or set DLBENCH_RESULTS_DIR."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"What has finished is kept. Make room and type the same command again, or {elsewhere}"
    if error.errno == errno.ENOLCK:
        return f"Its file system has no locks, which keep two processes from mixing their results: {elsewhere}"
    return elsewhere[0].upper() + elsewhere[1:]


def make_folder(path: Path, *, parents: bool = False) -> None:
    """Make a folder that need not be absent. parents: those above it too."""
    if parents:
        os.makedirs(path, exist_ok=True)
        return
    try:
        os.mkdir(path)
    except FileExistsError:
        if not path.is_dir():
            raise


def to_bytes(text: str) -> bytes:
    r"""Return a text in UTF-8; odd bytes of a file's name, which it lacks, become \udcff and the like, as in JSON."""
    return text.encode(errors="backslashreplace")


def replace_file(path: Path, content: str | bytes, *, parents: bool = True) -> None:
    """Write a file under another name beside its place, then put it there: readers see the old or the new one.

    parents: make the folders above it; without, its own folder alone.
    """
    data = to_bytes(content) if isinstance(content, str) else content
    make_folder(path.parent, parents=parents)
    temporary = path.with_name(f".{path.name}{PARTIAL}{os.getpid()}-{os.urandom(3).hex()}")
    descriptor = os.open(temporary, _CREATE | _BINARY, 0o666)
    try:
        try:
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def write_output(path: Path, data: bytes) -> None:
    """Write a file that a user named, whole or not at all; into a pipe or a device as into any."""
    if path.exists() and not path.is_file():
        with open(path, "wb") as stream:
            stream.write(data)
        return
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    replace_file(path.resolve(), data, parents=False)


def append(path: Path, data: bytes, *, sync: bool = False) -> None:
    """Append whole lines, all or none. sync: only return once they are on the disk.

    A torn line that an earlier writer left behind is ended first, so that it costs itself alone.
    """
    _append(path, [data], sync=sync)


def append_rows(path: Path, rows: Iterable[bytes]) -> bool:
    """Append rows of a table, all or none, and each so that a reader sees it whole or not at all.

    A row that would cross the end of a page is led into the next one by empty lines, which readers of CSV pass over.
    Returns False, with nothing written, where a row is longer than a page.
    """
    lines = list(rows)
    if any(len(line) > PAGE for line in lines):
        return False
    _append(path, lines, aligned=True)
    return True


def _append(path: Path, lines: Iterable[bytes], *, aligned: bool = False, sync: bool = False) -> None:
    descriptor = os.open(path, _APPEND | _BINARY, 0o666)
    try:
        before = size = os.fstat(descriptor).st_size
        try:
            if before and os.pread(descriptor, 1, before - 1) != b"\n":
                size += _write_all(descriptor, b"\n")
            for chunk in _pages(lines, size) if aligned else lines:
                _write_all(descriptor, chunk)
            if sync:
                os.fsync(descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def _pages(lines: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Join lines to chunks none of which crosses the end of a page, in a file that has a size already."""
    chunk = b""
    for line in lines:
        room = PAGE - (size + len(chunk)) % PAGE
        if len(line) > room:
            yield chunk + b"\n" * room
            size += len(chunk) + room
            chunk = b""
        chunk += line
    yield chunk


def _write_all(descriptor: int, data: bytes) -> int:
    """Write all of data, in as many calls as the system makes of it; Python repeats interrupted ones itself."""
    rest = memoryview(data)
    while rest:
        written = os.write(descriptor, rest)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest = rest[written:]
    return len(data)


def remove_file(path: Path) -> None:
    """Remove a file that need not be there."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def remove_empty(path: Path) -> None:
    """Remove a folder that is empty; one that is not is an error."""
    os.rmdir(path)


def touch(path: Path) -> None:
    """Set a file's time of change to now, by the file system's clock."""
    os.utime(path)


def move(source: Path, target: Path) -> None:
    """Rename a file or folder in one step; a target that is there is an error, not replaced."""
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    os.rename(source, target)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all."""
    replace_file(target, source.read_bytes())


def remove_folder(path: Path) -> None:
    """Remove a folder with all that is in it: out of sight in one step, then bit by bit. Links are not followed."""
    hidden = path.with_name(f".{path.name}{PARTIAL}{os.getpid()}-{os.urandom(3).hex()}")
    os.rename(path, hidden)
    shutil.rmtree(hidden)


def partial_files(folder: Path) -> list[Path]:
    """Return what killed writers left half-written in a run folder."""
    found = (path for path in folder.rglob(f".*{PARTIAL}*") if path.is_file())
    return sorted(path for path in found if path.relative_to(folder).parts[0] != KEPT)


def strict_json(content: Any, *, escaped: bool = False) -> str:
    """Return JSON that every reader takes: NaN and the infinities, which JSON has not, become null.

    escaped: in ASCII alone, for a stream that takes no more.
    """
    return json.dumps(_finite(content), indent=2, ensure_ascii=escaped, allow_nan=False)


def _finite(content: Any) -> Any:
    match content:
        case float():
            return content if math.isfinite(content) else None
        case Mapping():
            return {key: _finite(value) for key, value in content.items()}
        case list() | tuple():
            return [_finite(value) for value in content]
    return content
