"""Limits of what is read: by the memory that is free, and by what a published file holds, packed or not."""

import contextlib
import gzip
import os
import struct
import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

_CHUNK = 1 << 20
_MATLAB_PACKED = 15
_MEMORY = Path("/proc/meminfo")
_GROUPS = Path("/proc/self/cgroup")
_MOUNT = Path("/sys/fs/cgroup")
#: Files of a control group of version 2 and 1: its limit, its use, its statistics, and there the files it can let go.
_FILES = (
    ("", "memory.max", "memory.current", "file"),
    ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache"),
)


def read_bounded(path: Path, most: int) -> bytes:
    """Return a file's content, unpacked where its name ends in .gz.

    Raises ValueError for what has more than `most` bytes, without reading more, and for what does not unpack.
    """
    with path.open("rb") as file:
        if path.suffix == ".gz":
            return unpack_bounded(file, most, str(path))
        return read_at_most(file, most, f"{path} has")


def unpack_bounded(file: IO[bytes], most: int, name: str) -> bytes:
    """Return the content of a gzip file, named so in errors, with the same limit."""
    try:
        with gzip.GzipFile(fileobj=file) as unpacked:
            return read_at_most(unpacked, most, f"{name} unpacks to")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        size = file.seek(0, os.SEEK_END)
        raise ValueError(f"{name} is corrupt or truncated, its {size:,} bytes do not unpack: {error}.") from None


def read_at_most(file: IO[bytes] | gzip.GzipFile, most: int, subject: str) -> bytes:
    """Return all of an open file. subject: begins the sentence of the ValueError for more than `most` bytes."""
    chunks, size = [], 0
    while chunk := file.read(_CHUNK):
        size += len(chunk)
        _check_size(size, most, subject)
        chunks.append(chunk)
    return b"".join(chunks)


def _check_size(size: int, most: int, subject: str) -> None:
    if size > most:
        raise ValueError(f"{subject} more than {most:,} bytes, the limit for such a file.")


def check_matlab(path: Path, most: int) -> None:
    """Raise ValueError for a MATLAB file (version 5) that has, or whose parts unpack to, more than `most` bytes.

    So it does where a part does not unpack.
    """
    packed_size, size = path.stat().st_size, 0
    _check_size(packed_size, most, f"{path} has")
    try:
        with path.open("rb") as file:
            for chunk in _unpacked_parts(file):
                size += len(chunk)
                _check_size(size, most, f"{path} unpacks to")
    except zlib.error as error:
        raise ValueError(f"{path} is corrupt or truncated, its {packed_size:,} bytes do not unpack: {error}.") from None


def _unpacked_parts(file: IO[bytes]) -> Iterator[bytes]:
    for packed in _matlab_parts(file):
        unpacker = zlib.decompressobj()
        while packed:
            yield unpacker.decompress(packed, _CHUNK)
            packed = unpacker.unconsumed_tail


def _matlab_parts(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the packed parts of a file: after 128 bytes, each begins with its kind and its size."""
    order = {b"IM": "<", b"MI": ">"}.get(file.read(128)[126:])
    while order and len(tag := file.read(8)) == 8:
        kind, size = struct.unpack(f"{order}II", tag)
        content = file.read(size)
        if kind == _MATLAB_PACKED:
            yield content


class Room:
    """Lets as much be in hand at a time as there is room for; what needs more than is free waits.

    size: of all the room; nothing may need more.
    """

    def __init__(self, size: int) -> None:
        self._free = size
        self._change = threading.Condition()

    @contextlib.contextmanager
    def taken(self, count: int) -> Iterator[None]:
        """Take a part of the room meanwhile."""
        with self._change:
            self._change.wait_for(lambda: count <= self._free)
            self._free -= count
        try:
            yield
        finally:
            with self._change:
                self._free += count
                self._change.notify_all()


def check_fits(needed: int, what: str, remedy: str) -> None:
    """Raise ValueError if `needed` bytes are more than the memory that is free."""
    free = free_memory()
    if free is not None and needed > free:
        raise ValueError(f"{what} needs {needed / 1e9:,.1f} GB of memory, and {free / 1e9:,.1f} GB are free.\n{remedy}")


def free_memory() -> int | None:
    """Return the bytes that this process may still take: of the machine, and of its control groups; None if unknown."""
    found = [_of_machine(), *_of_groups()]
    return min((free for free in found if free is not None), default=None)


def _of_machine() -> int | None:
    if (available := _entry(_read(_MEMORY), "MemAvailable:")) is not None:
        return available * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _of_groups() -> Iterable[int]:
    paths = {line.split(":", 2)[2].strip("/") for line in _read(_GROUPS).splitlines() if line.count(":") >= 2}
    for folder, limit, use, cache in _FILES:
        for path in {"", *paths}:
            group = _MOUNT / folder / path
            most, used = _read(group / limit).strip(), _read(group / use).strip()
            if most.isdecimal() and used.isdecimal():
                yield max(0, int(most) - int(used) + (_entry(_read(group / "memory.stat"), cache) or 0))


def _entry(text: str, name: str) -> int | None:
    """Return the number after a name in a file of names and numbers."""
    rows = (line.split() for line in text.splitlines())
    return next((int(row[1]) for row in rows if len(row) > 1 and row[0] == name and row[1].isdecimal()), None)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
