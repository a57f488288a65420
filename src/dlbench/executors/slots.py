"""A place for one worker process: a pool of one, so that a worker's death touches no other and can break nothing.

Workers of one pool share pipes and locks. One that is killed with the lock in its hand would stop all of them.
"""

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dlbench.executors.processes import make_pool

if TYPE_CHECKING:
    from concurrent.futures import Future

    from pebble import ProcessPool


_ANSWER_SECONDS = 10.0


class Slot:
    """One worker process at a time, replaced when it has died. It starts when work arrives.

    preloaded: the modules that the server of worker processes imports.
    """

    def __init__(self, preloaded: Sequence[str]) -> None:
        self._preloaded = preloaded
        self._pool: ProcessPool | None = None

    def submit(
        self, function: Callable[..., None], arguments: tuple[Any, ...], timeout: float | None
    ) -> "Future[None]":
        """Run a function in the worker; the future fails with what it raises, or with how the worker ended."""
        if self._pool and not self._pool.active:  # its idle worker has died
            self.renew()
        self._pool = self._pool or make_pool(1, self._preloaded)
        future: Future[None] = self._pool.schedule(function, args=arguments, timeout=timeout)
        return future

    def renew(self) -> None:
        """Leave a pool whose worker has died or was ended, as it may have died with a lock in its hand.

        The pool starts another one at once, which would complain aloud if its pipes were closed while it begins.
        """
        if self._pool and self._pool.active:
            with suppress(Exception):
                self._pool.schedule(answer).result(timeout=_ANSWER_SECONDS)
        self.stop()
        self.join()

    def stop(self) -> None:
        """Tell the pool to end."""
        if self._pool:
            self._pool.stop()

    def join(self) -> None:
        """Wait until its processes and threads are gone."""
        if self._pool:
            self._pool.join()
            self._pool = None


def answer() -> None:
    """Show that a worker is there."""


def kill(pid: int | None) -> None:
    """End a process now, if it is still there."""
    if pid:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def is_gone(pid: int | None) -> bool:
    """Tell whether a process has ended."""
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
