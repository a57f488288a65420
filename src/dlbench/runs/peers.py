"""Several dlbench processes in one run folder: which sessions are active, and which trials each has claimed.

Each session keeps two files in the journal folder: `.<session>.live`, whose first line describes its process and whose
other lines are the trials that it has claimed, and `.<session>.lock`, which it holds locked; the lock goes with its
process, however that ends. A third one, `.<session>.running`, shows what it trains now (see `running_trials`). Whoever
reads or writes the first two, the manifest or the tables holds the folder's lock.
"""

import contextlib
import errno
import json
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.errors import DlbenchError
from dlbench.files import append, remove_file, replace_file, touch
from dlbench.machine import has_ended, own_process
from dlbench.runs.folder_lock import FolderLock, file_lock
from dlbench.runs.journal import FOLDER, session_name

if TYPE_CHECKING:
    from filelock import BaseFileLock

LIVE, RUNNING = ".live", ".running"
#: Seconds between updates of a session's file, and after how many without one a session elsewhere counts as dead.
HEARTBEAT, SILENCE = 15.0, 120.0


class FolderTakenError(DlbenchError):
    """A session's run folder was moved or removed while it ran."""


@dataclass(frozen=True)
class Peer:
    """An active session of another process in the same run folder.

    session: its name, as in the manifest.
    host, pid: where its process runs.
    claimed: the trials that it runs or has run.
    started: when its process started, by the system's own count; "" if that is not known.
    namespace: in which set of process numbers (a container has its own); "" likewise.
    """

    session: str
    host: str
    pid: int
    claimed: frozenset[str] = frozenset()
    started: str = ""
    namespace: str = ""

    def __str__(self) -> str:
        """Return where its process is."""
        here = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"process {self.pid}{here}"

    def has_ended(self) -> bool:
        """Return whether its process, which holds no lock, has ended; of one elsewhere that is not known.

        Where the system does not tell when a process started, the lock decides.
        """
        here = self.host == socket.gethostname()
        return here and (not self.started or has_ended(asdict(self)))


class ActiveSessions:
    """The sessions in a run folder, seen from one of them once it has joined, else from outside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.session = ""
        self.met_others = False
        self.lock = FolderLock(folder / FOLDER)
        self._life: BaseFileLock | None = None
        self._ended = threading.Event()

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the folder's lock, which keeps other processes and threads from writing. May be nested.

        Raises FolderTakenError where the path no longer names the folder that this session has joined.
        """
        self.check_joined()
        with self.lock.held():
            self.check_joined()
            yield

    def check_joined(self) -> None:
        """Raise FolderTakenError if this session's file is gone: whatever is there now is another's."""
        if self.session and not self._live(self.session).exists():
            if not self.folder.exists():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.folder))
            raise FolderTakenError(
                f"{self.folder} is no longer the folder of this session: it was moved or removed meanwhile.",
                "The session has stopped; what it had finished went with the folder. Type the same command again to "
                f"compute what {self.folder} lacks.",
            )

    def join(self, others: Iterable[str] = ()) -> str:
        """Register a session as active from now on; return its name, which sorts after those of the folder's others."""
        with self.exclusive():
            known = {*others, *(path.stem for path in self._journals.glob("*.jsonl"))}
            session = session_name(datetime.now(UTC), known | {peer.session for peer in self.peers()})
            self._life = _register(self._live(session))
            self.session = session
        threading.Thread(target=self._beat, args=(self._live(session),), daemon=True).start()
        return session

    def leave(self) -> None:
        """Unregister this session; harmless when repeated, or if the folder is gone."""
        self._ended.set()
        if self._life:
            with contextlib.suppress(OSError, DlbenchError), self.exclusive():
                _remove(self._live(self.session))
                self.session = ""
                if not self.peers():
                    for orphan in _orphans(self._journals):
                        remove_file(orphan)
                    self.lock.discard()
            self._life.release(force=True)
            self._life = None

    def claim(self, trial_id: str) -> None:
        """Record that this session runs a trial. Call it only while exclusive."""
        append(self._live(self.session), trial_id.encode() + b"\n")

    def peers(self) -> tuple[Peer, ...]:
        """Return the other active sessions, and remove the files of dead ones. Call it only while exclusive."""
        found, now = [], self._now()
        for path in self._others():
            if is_alive(path, now):
                found.append(_read(path))
            else:
                _remove(path)
        self.met_others |= bool(found)
        return tuple(found)

    def _others(self) -> list[Path]:
        """Return the files of the other sessions."""
        return [path for path in sorted(self._journals.glob(f".*{LIVE}")) if path != self._live(self.session)]

    def check_alone(self, remedy: str = "Wait until it ends.") -> None:
        """Raise DlbenchError if another session is active. Call it only while exclusive."""
        if peers := [_read(path) for path in self._others() if is_alive(path, self._now())]:
            raise in_use(self.folder, peers, remedy)

    @property
    def _journals(self) -> Path:
        return self.folder / FOLDER

    def _now(self) -> float:
        """Return the time by the clock that the files of this folder are stamped with."""
        with contextlib.suppress(OSError):
            touch(self.lock.path)
            return self.lock.path.stat().st_mtime
        return time.time()

    def _live(self, session: str) -> Path:
        return self._journals / f".{session}{LIVE}"

    def _beat(self, path: Path) -> None:
        while not self._ended.wait(HEARTBEAT):
            with contextlib.suppress(OSError):
                touch(path)


@contextlib.contextmanager
def alone_in(folder: Path, remedy: str = "Wait until it ends.") -> Iterator[None]:
    """Hold a run folder's lock while no session is active there; raise DlbenchError if one is."""
    active = ActiveSessions(folder)
    journals = folder / FOLDER
    if not journals.is_dir() or journals.is_symlink():  # so no session has ever begun there
        yield
        return
    with active.exclusive():
        active.check_alone(remedy)
        yield


def in_use(folder: Path, peers: Iterable[Peer], remedy: str) -> DlbenchError:
    """Return the error of a folder that other sessions use."""
    return DlbenchError(f"{folder} is in use by {', '.join(map(str, peers))}.", remedy)


def active_peers(folder: Path) -> tuple[Peer, ...]:
    """Return the active sessions of a run folder, without writing anything there."""
    now = time.time()
    return tuple(_read(path) for path in sorted((folder / FOLDER).glob(f".*{LIVE}")) if is_alive(path, now))


def dead_sessions(folder: Path) -> list[Path]:
    """Return the files of sessions that have died."""
    now = time.time()
    dead = [path for path in sorted((folder / FOLDER).glob(f".*{LIVE}")) if not is_alive(path, now)]
    files = (each for path in dead for each in (path, _life(path), path.with_suffix(RUNNING)))
    return [each for each in files if each.exists()] + _orphans(folder / FOLDER)


def _orphans(journals: Path) -> list[Path]:
    """Return the other files of sessions that were killed while they had no first one, at their begin or end."""
    files = (path for ending in (".lock", RUNNING) for path in sorted(journals.glob(f".*{ending}")))
    return [path for path in files if not path.with_suffix(LIVE).exists()]


def is_alive(path: Path, now: float) -> bool:
    """Return whether a file's session is alive: it holds its lock or, if locks may not reach it, was active lately.

    Locks may not reach beyond a machine, or a mount. Then a session has ended if its process is known to have, or if
    its file is old.
    """
    life = _life(path)
    try:
        if life.exists():
            with file_lock(life).acquire(blocking=False):
                if not path.exists():  # it has just ended, and this made the file again
                    remove_file(life)
    except TimeoutError:
        return True
    except OSError:  # not ours to lock
        pass
    return not _read(path).has_ended() and now - _touched(path) < SILENCE


def _register(live: Path) -> "BaseFileLock":
    """Write the file of this process's session, once its lock is held; return the lock."""
    life = file_lock(_life(live))
    life.acquire(timeout=5.0, poll_interval=0.005)  # another process may be probing it right now
    try:
        replace_file(live, json.dumps(own_process()) + "\n", parents=False)
    except BaseException:
        remove_file(_life(live))
        life.release()
        raise
    return life


def _life(live: Path) -> Path:
    """Return the file that a session holds locked."""
    return live.with_suffix(".lock")


def _remove(live: Path) -> None:
    """Remove the files of a session."""
    remove_file(live)
    remove_file(live.with_suffix(RUNNING))
    remove_file(_life(live))


def _touched(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _read(path: Path) -> Peer:
    about: Any = None
    lines: list[str] = []
    with contextlib.suppress(OSError, ValueError, RecursionError):
        first, *lines = path.read_text(encoding="utf-8").split("\n")
        about = json.loads(first)
    known = about if isinstance(about, dict) else {}
    pid = known.get("pid")
    return Peer(
        session=path.name.removeprefix(".").removesuffix(LIVE),
        host=str(known.get("host", "?")),
        pid=pid if isinstance(pid, int) else 0,
        claimed=frozenset(line for line in lines if line),
        started=str(known.get("started", "")),
        namespace=str(known.get("namespace", "")),
    )
