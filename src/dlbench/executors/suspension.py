"""Workers are suspended and continued with the command (Ctrl-Z, fg), though their groups are their own."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType


@contextlib.contextmanager
def suspended_together(groups: Callable[[], Iterable[int]]) -> Iterator[None]:
    """Pass on SIGTSTP, unless somebody else handles it. groups: returns the process groups of the workers."""
    number = getattr(signal, "SIGTSTP", None)
    ours = threading.current_thread() is threading.main_thread()
    if number is None or not ours or signal.getsignal(number) != signal.SIG_DFL:
        yield
        return

    def suspend(number: int, frame: FrameType | None) -> None:
        stopped = list(groups())
        _send(stopped, signal.SIGSTOP)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)  # this process stops here
        signal.signal(number, suspend)
        _send(stopped, signal.SIGCONT)

    signal.signal(number, suspend)
    try:
        yield
    finally:
        signal.signal(number, signal.SIG_DFL)


def _send(groups: Iterable[int], number: int) -> None:
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, number)
