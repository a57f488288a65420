"""A unit that a worker has been given: what has arrived from it, how long it has run, and how it ended."""

import time
from dataclasses import dataclass, field

from dlbench.executors.output_log import OutputLog
from dlbench.executors.processes import Worker
from dlbench.trials.trial_record import Status
from dlbench.trials.work_unit import WorkUnit

#: How long to wait for the second of two signs that a worker has ended: the end of its pipe, and its exit code.
GRACE_SECONDS = 5.0
#: The longest time between two checks that counts as running: after a longer one this process itself was stopped.
_LONGEST_CHECK_SECONDS = 1.0


@dataclass(eq=False)
class RunningUnit:
    """A unit that a worker has been given.

    unit: what runs.
    tries: how often it was begun, this time included.
    worker: where it runs.
    log: what it prints.
    kills_before: out-of-memory kills before it began.
    recorded: the trials with a record.
    begun: whether its first message has come.
    seconds: how long it has run since then, without the time for which it was stopped (Ctrl-Z, SIGSTOP).
    checked: when that was last counted.
    terminated: when it was sent SIGTERM.
    closed: when its pipe ended.
    exited: when its process was first seen to have ended.
    ending: the status and the message of its trials without a record, where already known.
    """

    unit: WorkUnit
    tries: int
    worker: Worker
    log: OutputLog
    kills_before: int
    recorded: set[str] = field(default_factory=set)
    begun: bool = False
    seconds: float = 0.0
    checked: float = field(default_factory=time.monotonic)
    terminated: float | None = None
    closed: float | None = None
    exited: float | None = None
    ending: tuple[Status, str] | None = None

    def count_time(self) -> None:
        """Count the time since the last call, unless the worker or this process is or was stopped."""
        now = time.monotonic()
        if self.begun and not self.worker.is_stopped:
            self.seconds += min(now - self.checked, _LONGEST_CHECK_SECONDS)
        self.checked = now

    def is_done(self) -> bool:
        """Return whether its worker has ended and nothing more will arrive from it."""
        if self.exited is None and self.worker.exit_code is not None:
            self.exited = time.monotonic()
        return self.exited is not None and (self.closed is not None or passed(self.exited))


def passed(start: float | None, seconds: float = GRACE_SECONDS) -> bool:
    """Return whether some seconds have passed since a time, if it has come."""
    return start is not None and time.monotonic() - start > seconds
