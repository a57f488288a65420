"""File operations for everything that is kept of runs: each completes, or leaves the file as it was.

All code that writes below a results folder uses these functions, and these use `os` alone, so that a test can make each
call fail in turn.
"""

import contextlib
import errno
import json
import math
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dlbench.errors import DlbenchError

#: A reader sees one write as a whole only within a page, as the kernel extends files page by page.
PAGE = 4096
#: Half-written files have this in their names, after the name of the final file. (Weights once ended in ".part".)
PARTIAL = ".partial-"
#: The folder of a run folder that keeps copies of changed files, in one subfolder per occasion.
KEPT = "kept"
#: What a file system without locks answers: Lustre mounted without flock, for example, the first.
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
# O_NOFOLLOW: nothing is written through a link that has replaced a file.
_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_HIDDEN = re.compile(rf"\..+{re.escape(PARTIAL)}\d+-[0-9a-f]{{6}}\Z")


@contextlib.contextmanager
def writing_to(path: Path, remedy: str) -> Iterator[None]:
    """Turn an operating system's error in writing into a DlbenchError that names the path."""
    try:
        yield
    except OSError as error:
        raise DlbenchError(f"{path} cannot be written: {error.strerror or error}.", remedy) from error


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Do the same for a run folder, with a remedy that fits the cause."""
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
    if error.errno in NO_LOCKS:
        return f"Its file system has no locks, which keep two processes from mixing their results: {elsewhere}"
    return elsewhere[0].upper() + elsewhere[1:]


def at_home(path: str | Path) -> Path:
    """Return a path with a leading ~ replaced, as a shell does; that of an unknown user stays."""
    return Path(os.path.expanduser(path))


def make_folder(path: Path, *, parents: bool = False) -> None:
    """Create a folder unless it exists. parents: create those above it too."""
    if parents:
        os.makedirs(path, exist_ok=True)
        return
    try:
        os.mkdir(path)
    except FileExistsError:
        if not path.is_dir():
            raise


def to_bytes(text: str) -> bytes:
    r"""Return a text in UTF-8; undecodable bytes of file names become \udcff and the like, as in JSON."""
    return text.encode(errors="backslashreplace")


def replace_file(path: Path, content: str | bytes | memoryview | Iterator[bytes], *, parents: bool = True) -> None:
    """Write a file under a temporary name, then rename it: readers see the old or the new content.

    content: an iterator's parts are written as they come. parents: create all folders above it; otherwise only its own.
    """
    parts = content if isinstance(content, Iterator) else [to_bytes(content) if isinstance(content, str) else content]
    make_folder(path.parent, parents=parents)
    temporary = path.with_name(f".{path.name}{PARTIAL}{os.getpid()}-{os.urandom(3).hex()}")
    descriptor = os.open(temporary, _CREATE | _BINARY, 0o666)
    try:
        try:
            for part in parts:
                _write_all(descriptor, part)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def write_output(path: Path, data: bytes) -> None:
    """Write a file that a user named, completely or not at all; pipes and devices are written to directly."""
    if path.exists() and not path.is_file():
        with open(path, "wb") as stream:
            stream.write(data)
        return
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    replace_file(path.resolve(), data, parents=False)


def append(path: Path, data: bytes, *, sync: bool = False) -> None:
    """Append complete lines, all or none. sync: return only once they are on the disk.

    An incomplete last line of an earlier writer is ended first, so that no other line is damaged.
    """
    _append(path, [data], sync=sync)


def append_rows(path: Path, rows: Iterable[bytes]) -> bool:
    """Append rows of a table, all or none; readers never see a part of a row.

    Before a row that would cross the end of a page come empty lines, which CSV readers skip, up to the next page.
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
    """Join lines to chunks that do not cross the end of a page, in a file that already has a size."""
    chunk = b""
    for line in lines:
        room = PAGE - (size + len(chunk)) % PAGE
        if len(line) > room:
            yield chunk + b"\n" * room
            size += len(chunk) + room
            chunk = b""
        chunk += line
    yield chunk


def _write_all(descriptor: int, data: bytes | memoryview) -> int:
    """Write all of data, in as many calls as necessary; Python repeats interrupted ones itself."""
    rest = memoryview(data)
    while rest:
        written = os.write(descriptor, rest)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest = rest[written:]
    return len(data)


def remove_file(path: Path) -> None:
    """Remove a file if it exists."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def remove_empty(path: Path) -> None:
    """Remove an empty folder; raise OSError if it is not empty."""
    os.rmdir(path)


def touch(path: Path) -> None:
    """Set a file's modification time to now, by the file system's clock."""
    os.utime(path)


def move(source: Path, target: Path) -> None:
    """Rename a file or folder in one step; raise FileExistsError if the target exists."""
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    os.rename(source, target)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file, completely or not at all."""
    replace_file(target, source.read_bytes())


def hide_folder(path: Path) -> Path:
    """Give a folder a hidden name, so that it counts as removed, and return that."""
    hidden = path.with_name(f".{path.name}{PARTIAL}{os.getpid()}-{os.urandom(3).hex()}")
    os.rename(path, hidden)
    return hidden


def remove_folder(path: Path) -> None:
    """Remove a folder with its content, which another process may be removing too. Links are not followed."""
    while os.path.lexists(path):
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(path)


def remove_hidden_folders(parent: Path) -> None:
    """Remove what processes that were killed have left of the folders that they were removing."""
    with contextlib.suppress(OSError):  # then they stay, hidden
        for path in parent.iterdir():
            if _HIDDEN.match(path.name) and path.is_dir() and not path.is_symlink():
                remove_folder(path)


def partial_files(folder: Path) -> list[Path]:
    """Return the half-written files that killed writers left in a run folder."""
    found = (path for pattern in (f".*{PARTIAL}*", "*.pt.*.part") for path in folder.rglob(pattern) if path.is_file())
    return sorted(path for path in found if path.relative_to(folder).parts[0] != KEPT)


_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_text(path: Path) -> str:
    """Return a text that a person or a spreadsheet wrote: in UTF-8 or UTF-16, with or without a byte-order mark.

    Line ends stay as they are. Raises OSError and UnicodeDecodeError.
    """
    content = path.read_bytes()
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    if encoding == "utf-8" and len(content) > 1 and 0 in content[:2]:
        encoding = "utf-16-be" if content[0] == 0 else "utf-16-le"
    return content.decode(encoding)


def strict_json(content: Any, *, escaped: bool = False) -> str:
    """Return strictly valid JSON: NaN and the infinities, which JSON lacks, become null.

    escaped: in ASCII only, for a stream that cannot encode more.
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
