"""Several dlbench processes in one run folder: which sessions are active, and which trials each has claimed.

Each session keeps a file in the journal folder, `.<session>.live`, and holds a lock on it; the lock goes with its
process, however that ends. The file's first line describes the process, the others are the trials that it has claimed.
A process that reads or writes these files, the manifest or the tables holds the lock on `.lock` meanwhile.
"""

import contextlib
import errno
import json
import os
import platform
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.errors import DlbenchError
from dlbench.files import append, remove_file, replace_file, touch
from dlbench.runs.journal import FOLDER

if TYPE_CHECKING:
    from filelock import BaseFileLock

LOCK = ".lock"
LIVE = ".live"
#: Seconds between updates of a session's file, and after how many without one a session elsewhere counts as dead.
HEARTBEAT, SILENCE = 15.0, 120.0
#: Seconds after which the holder of the folder's lock is considered stuck; it is held for moments only.
PATIENCE = 120.0


@dataclass(frozen=True)
class Peer:
    """An active session of another process in the same run folder.

    session: its name, as in the manifest.
    host, pid: where its process runs.
    claimed: the trials that it runs or has run.
    """

    session: str
    host: str
    pid: int
    claimed: frozenset[str]

    def __str__(self) -> str:
        """Return where its process is."""
        here = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"process {self.pid}{here}"


class ActiveSessions:
    """The sessions in a run folder, seen from one of them."""

    def __init__(self, folder: Path, session: str = "") -> None:
        self._journal = folder / FOLDER
        self._session = session
        self._thread = threading.RLock()
        self._mutex: BaseFileLock | None = None
        self._life: BaseFileLock | None = None
        self._ended = threading.Event()

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the folder's lock, which keeps other processes and threads from writing. May be nested."""
        with self._thread:
            if not self._journal.is_dir():  # filelock would make it
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._journal))
            self._mutex = self._mutex or _lock(self._journal / LOCK)
            try:
                self._mutex.acquire(timeout=PATIENCE, poll_interval=0.005)
            except TimeoutError:
                raise DlbenchError(
                    f"Another process has held {self._journal / LOCK} for {PATIENCE:.0f} s.",
                    "If it is suspended, resume or end it; then type the same command again.",
                ) from None
            try:
                yield
            finally:
                self._mutex.release()

    def join(self) -> None:
        """Register this session as active from now on."""
        path = self._live(self._session)
        about = {"host": socket.gethostname(), "pid": os.getpid()}
        with self.exclusive():
            replace_file(path, json.dumps(about) + "\n", parents=False)
            self._life = _lock(path)
            self._life.acquire(timeout=5.0, poll_interval=0.005)  # another process may be probing it right now
        threading.Thread(target=self._beat, args=(path,), daemon=True).start()

    def leave(self) -> None:
        """Unregister this session; harmless when repeated, or if the folder is gone."""
        self._ended.set()
        if self._life:
            with contextlib.suppress(OSError, DlbenchError), self.exclusive():
                remove_file(self._live(self._session))
                if not self.peers():
                    # A process waiting for this lock notices that its file was unlinked, and creates a new one.
                    remove_file(self._journal / LOCK)
            self._life.release(force=True)
            self._life = None

    def claim(self, trial_id: str) -> None:
        """Record that this session runs a trial. Call it only while exclusive."""
        append(self._live(self._session), trial_id.encode() + b"\n")

    def peers(self) -> tuple[Peer, ...]:
        """Return the other active sessions, and remove the files of dead ones. Call it only while exclusive."""
        found, now = [], self._now()
        for path in sorted(self._journal.glob(f".*{LIVE}")):
            if path == self._live(self._session):
                continue
            if is_alive(path, now):
                found.append(_read(path))
            else:
                remove_file(path)
        return tuple(found)

    def _now(self) -> float:
        """Return the time by the clock that the files of this folder are stamped with."""
        own = self._live(self._session)
        with contextlib.suppress(OSError):
            touch(own)
            return own.stat().st_mtime
        return time.time()

    def _live(self, session: str) -> Path:
        return self._journal / f".{session}{LIVE}"

    def _beat(self, path: Path) -> None:
        while not self._ended.wait(HEARTBEAT):
            with contextlib.suppress(OSError):
                touch(path)


def active_peers(folder: Path) -> tuple[Peer, ...]:
    """Return the active sessions of a run folder, without writing anything there."""
    now = time.time()
    return tuple(_read(path) for path in sorted((folder / FOLDER).glob(f".*{LIVE}")) if is_alive(path, now))


def dead_sessions(folder: Path) -> list[Path]:
    """Return the files of sessions that have died."""
    now = time.time()
    return [path for path in sorted((folder / FOLDER).glob(f".*{LIVE}")) if not is_alive(path, now)]


def is_alive(path: Path, now: float) -> bool:
    """Return whether a file's session is alive: it holds the lock or, on another machine, has updated the file lately.

    Locks may not reach beyond a machine, so a session elsewhere counts as dead only if its file is old as well.
    """
    try:
        lock = _lock(path)
        lock.acquire(blocking=False)
    except TimeoutError:
        return True
    except OSError:  # not ours to lock: then its age decides alone
        return now - _touched(path) < SILENCE
    lock.release()
    return _read(path).host != socket.gethostname() and now - _touched(path) < SILENCE


def _touched(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _lock(path: Path) -> "BaseFileLock":
    from filelock import FileLock

    options: dict[str, Any] = {"thread_local": False}
    if platform.system() == "Windows":
        return FileLock(path, **options)
    return FileLock(path, mode=0o666, **options)


def _read(path: Path) -> Peer:
    about: dict[str, Any] = {}
    lines: list[str] = []
    with contextlib.suppress(OSError, ValueError):
        first, *lines = path.read_text(encoding="utf-8").split("\n")
        about = json.loads(first)
    return Peer(
        session=path.name.removeprefix(".").removesuffix(LIVE),
        host=str(about.get("host", "?")),
        pid=int(about.get("pid", 0)),
        claimed=frozenset(line for line in lines if line),
    )
