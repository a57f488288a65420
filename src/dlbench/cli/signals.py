"""How signals end a command: as if by itself, so that what it had made for a while is removed."""

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from dlbench.cli.streams.errors import discard_output, on_terminal

#: SIGHUP says that the terminal has ended; not every system has it.
HANGUP = getattr(signal, "SIGHUP", None)


@contextlib.contextmanager
def exit_on_signals() -> Iterator[None]:
    """Exit on SIGTERM, and on SIGHUP unless nohup has it ignored; commands that run trials stop more gently."""
    terminal = on_terminal()

    def leave(number: int, frame: FrameType | None) -> None:
        if number == HANGUP:
            discard_output(terminal)
        sys.exit(128 + number)

    before: dict[int, Any] = {}
    for number in filter(None, (signal.SIGTERM, HANGUP)):
        if signal.getsignal(number) == signal.SIG_DFL:
            before[number] = signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
