"""Messages through files that a session and its jobs share: lines of JSON, one writer a file.

A file is opened anew each time it is read or written. That makes NFS look at what it is now, and show what was written.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

Message = dict[str, Any]


class Writer:
    """Writes messages, at once or together with later ones."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: list[Message] = []
        self._lock = threading.Lock()

    def hold(self, message: Message) -> None:
        """Keep a message that can wait for a flush()."""
        with self._lock:
            self._held.append(message)

    def write(self, message: Message) -> None:
        """Write a message, and what was held before it."""
        self.hold(message)
        self.flush()

    def flush(self) -> None:
        """Write what is held."""
        with self._lock:
            if not self._held:
                return
            lines = "".join(json.dumps(message) + "\n" for message in self._held)
            self._held.clear()
            with self._path.open("ab") as file:
                file.write(lines.encode())


class Reader:
    """Reads the messages that are new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> Iterator[Message]:
        """Yield messages; one that is not whole yet comes later."""
        data = b""
        with suppress(FileNotFoundError), self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            yield json.loads(line)


def inbox(folder: Path, number: int) -> Path:
    """Return the file of what a session tells a job."""
    return folder / f"{number}.in"


def outbox(folder: Path, number: int) -> Path:
    """Return the file of what a job tells its session."""
    return folder / f"{number}.out"


def pulse(folder: Path) -> Path:
    """Return the file that a session changes as long as it lives."""
    return folder / "pulse"
