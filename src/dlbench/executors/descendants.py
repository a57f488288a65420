"""The processes that a process has started, and those that these have: found and ended, on Linux.

A process that has adopted orphans (prctl's PR_SET_CHILD_SUBREAPER) is the parent of those that left their own.
"""

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends: a daemon, say."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def children(process: int) -> set[int]:
    """Return the running children of a process; none where the system does not tell."""
    found: set[int] = set()
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found |= {int(number) for number in path.read_text().split()}
    return {child for child in found if is_running(child)}


def descendants(process: int) -> set[int]:
    """Return the running descendants of a process."""
    found: set[int] = set()
    generation = children(process)
    while generation := generation - found:
        found |= generation
        generation = set().union(*map(children, generation))
    return found


def is_helper(process: int) -> bool:
    """Return whether a process is one of multiprocessing's own: a server or a tracker that a first child starts."""
    command = _command(process)
    if command == _command(os.getpid()):  # a copy of this process, which such a server may have started itself
        return False
    return b"multiprocessing.forkserver" in command or b"multiprocessing.resource_tracker" in command


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def kill_with_descendants(process: int) -> None:
    """Kill a process and its descendants."""
    for each in (process, *descendants(process)):
        with contextlib.suppress(OSError):
            os.kill(each, signal.SIGKILL)


def is_running(process: int) -> bool:
    """Return whether a process runs; a zombie has ended."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] not in ("Z", "X")
