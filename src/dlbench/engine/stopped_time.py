"""How long this process has been stopped: by SIGSTOP, a debugger, a frozen container, a suspended machine.

No clock leaves all of this out. A thread looks at the time every so often; where it did not for long, and the process
computed hardly anything meanwhile, it was stopped. Code that keeps all threads waiting computes.
"""

import threading
import time
from collections.abc import Callable
from functools import lru_cache

_LOOK_SECONDS = 0.1
#: A shorter time between two looks is nothing unusual on a busy machine.
_LONGEST_SECONDS = 0.5
#: The part of such a time that a process computes at most which was stopped.
_COMPUTED = 0.5


class StoppedTime:
    """Adds up the time for which the process was stopped.

    clock: seconds that pass. computed: seconds of computing of the whole process.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.perf_counter,
        computed: Callable[[], float] = time.process_time,
    ) -> None:
        self._clock, self._computed = clock, computed
        self._lock = threading.Lock()
        self._last = clock(), computed()
        self._seconds = 0.0

    def running_time(self) -> float:
        """Look at the clock; return its time without that for which the process was stopped."""
        with self._lock:
            now, computed = self._clock(), self._computed()
            gap, busy = now - self._last[0], computed - self._last[1]
            if gap > _LONGEST_SECONDS and busy < _COMPUTED * gap:
                self._seconds += gap - busy
            self._last = now, computed
            return now - self._seconds

    def watch(self) -> None:
        """Look without end."""
        while True:
            time.sleep(_LOOK_SECONDS)
            self.running_time()


@lru_cache(maxsize=1)
def _watched() -> StoppedTime | None:
    """Return this process's, None where there is no room for its thread: seldom looks would take waiting for a stop."""
    stopped = StoppedTime()
    try:
        threading.Thread(target=stopped.watch, name="stopped time", daemon=True).start()
    except RuntimeError:
        return None
    return stopped


def running_time() -> float:
    """Return the time of a clock that stands still while this process is stopped."""
    stopped = _watched()
    return stopped.running_time() if stopped else time.perf_counter()
