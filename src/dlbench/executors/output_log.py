"""The output of a unit's worker: a file that stays small, however much is printed."""

import os
from pathlib import Path

_KEPT_BYTES = 32 * 1024
_FILE_BYTES = 1024 * 1024
#: A component that prints more than this never ends.
ENDLESS_BYTES = 256 * 1024 * 1024


class OutputLog:
    """The beginning and the end of what is appended to a file by another process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._head = b""
        self._tail = b""
        self._trimmed = 0

    @property
    def endless(self) -> bool:
        """Return whether more was printed than by any component that ends."""
        return self._trimmed > ENDLESS_BYTES

    def trim(self) -> None:
        """Empty the file if it has grown large; the process that appends to it continues at its new end."""
        if self.path.exists() and self.path.stat().st_size > _FILE_BYTES:
            head, tail, size = _ends(self.path)
            self._head, self._tail = self._head or head, tail
            self._trimmed += size
            os.truncate(self.path, 0)

    def text(self) -> str:
        """Return what was printed, without the middle if it is long."""
        head, tail, size = _ends(self.path) if self.path.exists() else (b"", b"", 0)
        if not self._trimmed and size <= 2 * _KEPT_BYTES:
            return (head + tail[max(0, len(head) + len(tail) - size) :]).decode(errors="replace")
        head, tail = self._head or head, (self._tail + tail)[-_KEPT_BYTES:]
        omitted = self._trimmed + size - len(head) - len(tail)
        return f"{_decoded(head)}\n[{omitted:,} bytes omitted]\n{_decoded(tail)}"


def _ends(path: Path) -> tuple[bytes, bytes, int]:
    """Return the beginning and the end of a file, which overlap if it is short, and its size."""
    with path.open("rb") as file:
        head = file.read(_KEPT_BYTES)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _KEPT_BYTES))
        return head, file.read(_KEPT_BYTES), size


def _decoded(data: bytes) -> str:
    return data.decode(errors="replace")
