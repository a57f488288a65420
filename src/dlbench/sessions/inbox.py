"""The events of an executor, handled one after another in the session's own thread."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

from dlbench.trials.events import Event


class Inbox:
    """What an executor is given as `emit`: it handles an event at once in the thread that made it.

    That is the thread that calls the executor's run(). What another thread emits waits until this one emits, asks for a
    unit, or ends: journal, observers and display are used by one thread alone.
    """

    def __init__(self, handle: Callable[[Event], None]) -> None:
        self._handle = handle
        self._thread = threading.get_ident()
        self._waiting: SimpleQueue[Event] = SimpleQueue()

    def __call__(self, event: Event) -> None:
        """Take an event; what handling it raises is raised here."""
        self._waiting.put(event)
        if threading.get_ident() == self._thread:
            self.empty()

    def empty(self) -> None:
        """Handle what waits."""
        while not self._waiting.empty():
            self._handle(self._waiting.get_nowait())
