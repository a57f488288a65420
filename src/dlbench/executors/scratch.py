"""The scratch folder of this process: what workers print, and the sockets of their server, for as long as it runs.

A file in it is locked for as long as the process lives. So a later process knows the folders whose process was killed,
and removes them.
"""

import contextlib
import json
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.errors import DlbenchError
from dlbench.files import replace_file, writing_to
from dlbench.machine import has_ended, own_process
from dlbench.runs.folder_lock import file_lock

if TYPE_CHECKING:
    from filelock import BaseFileLock

#: The locked file, and the one that says which process holds it: locks may not reach all that use a shared folder.
PREFIX, OWNER, PROCESS = "dlbench-", ".owner", ".process"
#: The longest path of a socket that every system takes, and what Python adds to a folder's for a socket's.
_LONGEST, _ADDED = 103, len("/listener-01234567")
#: Folders of versions without a lock hold numbered logs alone; after so many seconds without use they are abandoned.
_OLD_LOG, _OLD_AGE = re.compile(r"\d+\.log\Z"), 2 * 86400.0


class _Scratch:
    """The folder of one process; a forked one gets another."""

    def __init__(self) -> None:
        self._thread = threading.Lock()
        self._process = 0
        self._path = Path()
        self._owner: BaseFileLock | None = None

    def folder(self) -> Path:
        with self._thread:
            if self._process != os.getpid() or not self._path.is_dir():
                parent = _parent()
                _remove_abandoned(parent)
                with writing_to(parent, "Make room there, or set TMPDIR to another folder."):
                    self._path, self._owner = _create(parent)
                self._process = os.getpid()
                Finalize(None, shutil.rmtree, args=(self._path, True), exitpriority=-200)  # after the server's socket
            return self._path


_SCRATCH = _Scratch()


def scratch_folder() -> Path:
    """Return this process's scratch folder, which is removed when the process ends."""
    return _SCRATCH.folder()


@contextlib.contextmanager
def scratch_subfolder() -> Iterator[Path]:
    """Make a folder in it for a while."""
    with tempfile.TemporaryDirectory(dir=scratch_folder(), ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _parent() -> Path:
    """Return the system's folder for temporary files or, if its path is too long for a socket, another one."""
    try:
        chosen = Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise DlbenchError(
            f"There is no folder for temporary files: {error.strerror}.", "Set TMPDIR to a folder that has room."
        ) from error
    room = _LONGEST - _ADDED - len(f"/{PREFIX}01234567")
    for path in (chosen, Path("/tmp"), Path("/var/tmp")):  # as Python itself does
        if len(os.fsencode(path)) <= room and os.access(path, os.W_OK | os.X_OK):
            return path
    raise DlbenchError(
        f"The path of the folder for temporary files is too long for sockets: {chosen}.",
        f"Set TMPDIR to a folder whose path has at most {room} characters.",
    )


def _create(parent: Path) -> "tuple[Path, BaseFileLock | None]":
    """Make a folder and lock it; None where there are no locks, and nobody will ever remove it but its owner."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        owner = file_lock(folder / OWNER)
        try:
            owner.acquire(blocking=False)
        except TimeoutError:  # another process just looks whether it is abandoned, and removes it
            continue
        except OSError:
            return folder, None
        if (folder / OWNER).exists():
            replace_file(folder / PROCESS, json.dumps(own_process()))
            return folder, owner


def _remove_abandoned(parent: Path) -> None:
    """Remove the scratch folders of processes that were killed."""
    for folder in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, TimeoutError, ValueError, AttributeError):
            if folder.is_symlink() or not folder.is_dir() or folder.stat().st_uid != os.geteuid():
                continue
            if (folder / OWNER).exists():
                with file_lock(folder / OWNER).acquire(blocking=False):
                    if has_ended(json.loads((folder / PROCESS).read_text(encoding="utf-8"))):
                        shutil.rmtree(folder, ignore_errors=True)
            elif _is_old(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_old(folder: Path) -> bool:
    files = list(folder.iterdir())
    if not all(_OLD_LOG.match(path.name) for path in files):
        return False
    return time.time() - max(path.stat().st_mtime for path in (folder, *files)) > _OLD_AGE
