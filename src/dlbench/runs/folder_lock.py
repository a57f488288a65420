"""The lock on a run folder, which keeps other processes and threads from writing there meanwhile.

A lock has a file of its own, without content: what locks may empty its file, or write into it.
"""

import contextlib
import errno
import os
import platform
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.errors import DlbenchError
from dlbench.files import remove_file

if TYPE_CHECKING:
    from filelock import BaseFileLock

LOCK = ".lock"
#: Seconds after which the holder of the folder's lock is considered stuck; it is held for moments only.
PATIENCE = 120.0


def file_lock(path: Path) -> "BaseFileLock":
    """Return the lock of a file; OSError on acquiring it where the file system has no locks.

    The library's substitute for them, a file that exists, would outlive a killed process.
    """
    from filelock import FileLock

    options: dict[str, Any] = {"thread_local": False, "fallback_to_soft": False}
    if platform.system() != "Windows":
        options["mode"] = 0o666
    return FileLock(path, **options)


class FolderLock:
    """The lock on a run folder, by the path of its journals. May be held several times by one thread."""

    def __init__(self, journals: Path) -> None:
        self.path = journals / LOCK
        self._thread = threading.RLock()
        self._lock: BaseFileLock | None = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; raise FileNotFoundError if there is no folder of journals."""
        with self._thread:
            if self._lock:
                yield
                return
            self._lock = self._acquire()
            try:
                yield
            finally:
                self._lock.release()
                self._lock = None

    def _acquire(self) -> "BaseFileLock":
        """Return the lock on the folder that has the path now: it may be moved away, and another put there."""
        while True:
            before, lock = _identity(self.path.parent), file_lock(self.path)
            try:
                lock.acquire(timeout=PATIENCE, poll_interval=0.005)
            except TimeoutError:
                raise DlbenchError(
                    f"Another process has held {self.path} for {PATIENCE:.0f} s.",
                    "If it is suspended, resume or end it; then type the same command again.",
                ) from None
            with contextlib.suppress(OSError):
                if _identity(self.path.parent) == before:
                    return lock
            lock.release()

    def discard(self) -> None:
        """Remove the file. Call it only while holding the lock: a process that waits for it makes a new one."""
        remove_file(self.path)


def _identity(folder: Path) -> tuple[int, int]:
    """Return what distinguishes a folder from others of the same path; raise FileNotFoundError if there is none."""
    if not folder.is_dir():  # a lock would make it
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
    found = folder.stat()
    return found.st_dev, found.st_ino
