"""What killed sessions leave: jobs, which end once they have heard nothing for a while, and folders.

A session holds a file in its folder locked, as long as it lives; the file is named by its machine, since locks may not
reach another one.
"""

import os
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench_slurm.mailbox import pulse
from dlbench_slurm.queue_watch import alive, cancel

if TYPE_CHECKING:
    from filelock import BaseFileLock

#: After how long what a session elsewhere has left is removed.
_OLD_SECONDS = 86_400.0


def hold(folder: Path) -> "BaseFileLock":
    """Return the lock of a session's folder, held if the file system has locks; without, nothing counts as dead."""
    life = _life(folder)
    try:
        life.acquire(blocking=False)
    except OSError:
        _file(folder).unlink(missing_ok=True)
    return life


def _life(folder: Path) -> "BaseFileLock":
    from filelock import FileLock

    return FileLock(_file(folder), thread_local=False, fallback_to_soft=False)


def _file(folder: Path) -> Path:
    return folder / f"{socket.gethostname()}.lock"


def clear(folder: Path) -> int:
    """Cancel the jobs of this user's sessions that were killed on this machine, and return how many there were.

    Of a killed session the folder is removed once it has no job any more.
    """
    cancelled = 0
    for left in folder.glob("dlbench-*"):
        with suppress(OSError):  # a session lives (TimeoutError), or has just removed it
            beat = pulse(left).stat()
            if beat.st_uid != os.getuid():
                continue
            if _file(left).exists():
                with _life(left).acquire(blocking=False):
                    cancelled += _end(left)
            elif time.time() - beat.st_mtime > _OLD_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    return cancelled


def _end(left: Path) -> int:
    """Cancel what is in the queue for a folder, or remove the folder; return how many jobs there were."""
    jobs = alive(left.name)
    if jobs:
        cancel(left.name)
    elif jobs is not None:
        shutil.rmtree(left, ignore_errors=True)
    return len(jobs or ())
