"""How much memory is free, so that a file that needs more is refused before it takes it."""

import os
from collections.abc import Iterable
from pathlib import Path

_MEMORY = Path("/proc/meminfo")
_GROUPS = Path("/proc/self/cgroup")
_MOUNT = Path("/sys/fs/cgroup")
#: Files of a control group of version 2 and 1: its limit, its use, its statistics, and there the files it can let go.
_FILES = (
    ("", "memory.max", "memory.current", "file"),
    ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache"),
)


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
