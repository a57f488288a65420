"""Copies of a worker that a component forks: they have nothing to say to the parent, and no work of the worker's."""

import faulthandler
import mmap
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

#: What runs on in a copy whose component returns. Processes of multiprocessing's never return.
_WORK = ("dlbench.engine.", "dlbench.executors.")
_NEVER_RETURNS = "multiprocessing.popen_fork"


class Forks:
    """From now on a copy of this process loses the channel, and ends where it would go on with the worker's work.

    A copy that a component makes for work of its own is left to it.
    """

    def __init__(self, channel: int) -> None:
        self._channel = channel
        self._worker = os.getpid()
        self._went_on = mmap.mmap(-1, 1)  # shared with all copies
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=_hold_sigterm, after_in_parent=_release_sigterm, after_in_child=self._in_copy)

    def take(self) -> bool:
        """Return whether a copy was about to go on with the work since the last call."""
        went_on, self._went_on[0] = self._went_on[0], 0
        return bool(went_on)

    def end_copy(self) -> None:
        """End this process if it is a copy, however it was made."""
        if os.getpid() != self._worker:
            self._went_on[0] = 1
            os._exit(1)

    def _in_copy(self) -> None:
        _end_at_sigterm()
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, self._channel)
        os.close(nowhere)
        frame: FrameType | None = sys._getframe(1)
        while frame and not str(frame.f_globals.get("__name__")).startswith(_WORK):
            if frame.f_globals.get("__name__") == _NEVER_RETURNS:
                return
            frame = frame.f_back
        if frame:  # as a debugger stops where a function returns
            frame.f_trace = self._trace
            sys.settrace(lambda *_: None)

    def _trace(self, frame: FrameType, event: str, argument: Any) -> None:
        self.end_copy()


def _hold_sigterm() -> None:
    """Keep SIGTERM from a copy that does not know yet what to do with it: Python would forget that it came."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _release_sigterm() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _end_at_sigterm() -> None:
    """Let SIGTERM end a copy at once, as whoever made it expects: a Pool ends its processes so, and waits for them.

    The worker's own handler would ask the worker's trial to stop. A component's handler stays.
    """
    if getattr(signal.getsignal(signal.SIGTERM), "__module__", "").startswith(_WORK):
        faulthandler.unregister(signal.SIGTERM)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _release_sigterm()


def described(names: Sequence[str], went_on: bool, left: int) -> str:
    """Return what components did with processes, as the end of a sentence, or ""."""
    who = " or ".join(names)
    if went_on:
        return f"{who} forked the worker's process (os.fork), and the copy went on with the trial; it was ended"
    if not left:
        return ""
    return f"{who} left {left} process{'es' * (left != 1)} running, which {'are' if left != 1 else 'is'} ended"
