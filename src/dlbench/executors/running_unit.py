"""A unit that a worker has been given: what has arrived from it, how long it has run, and how it ended."""

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dlbench.executors.messages import Sender
from dlbench.executors.output_log import OutputLog
from dlbench.executors.processes import Worker
from dlbench.plugins.strangers import strangers
from dlbench.trials.events import Event, TrialFinished, event_trial_ids
from dlbench.trials.trial_record import Status, TrialRecord
from dlbench.trials.work_unit import WorkUnit

#: How long to wait for the second of two signs that a worker has ended: the end of its pipe, and its exit code.
GRACE_SECONDS = 5.0
#: The longest time between two checks that counts as running: after a longer one this process itself was stopped.
_LONGEST_CHECK_SECONDS = 1.0
#: How long after a worker this process may handle the SIGTERM that both were sent.
_OURS_SECONDS = 1.0


@dataclass(eq=False)
class RunningUnit:
    """A unit that a worker has been given.

    unit: what runs.
    tries: how often it was begun, this time included.
    worker: where it runs.
    log: what it prints.
    kills_before: out-of-memory kills before it began.
    number: which of its executor's units it is; its messages say so.
    gpu: the GPU that it sees, as CUDA names it; None if it needs none.
    recorded: the trials with a record.
    begun: whether its first message has come.
    seconds: how long it has run since then, without the time for which it was stopped (Ctrl-Z, SIGSTOP).
    stopped: how long it was stopped while this process ran.
    checked: when these were last counted.
    terminated: when it was sent SIGTERM.
    closed: when its pipe ended.
    exited: when its process was first seen to have ended.
    ending: the status and the message of its trials without a record, where already known.
    provenance: of its worker, if not as the unit's session expects it.
    """

    unit: WorkUnit
    tries: int
    worker: Worker
    log: OutputLog
    kills_before: int
    number: int = 0
    gpu: str | None = None
    recorded: set[str] = field(default_factory=set)
    begun: bool = False
    seconds: float = 0.0
    stopped: float = 0.0
    checked: float = field(default_factory=time.monotonic)
    terminated: float | None = None
    closed: float | None = None
    exited: float | None = None
    ending: tuple[Status, str] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def is_of(self, sender: Sender) -> bool:
        """Return whether a message comes from its worker's own process, and is about this unit."""
        return (sender.process, sender.unit) in ((self.worker.process, self.number), (self.worker.process, 0))

    def expects(self, event: Event) -> bool:
        """Return whether an event is about its trials, and not about one that has its record already."""
        about = set(event_trial_ids(event))
        again = isinstance(event, TrialFinished) and about <= self.recorded
        return not again and about <= {trial.trial_id for trial in self.unit.trials}

    def fail(self, reason: str) -> None:
        """Let it fail for a reason, which names components that may be at fault, unless its end is known already."""
        names = strangers(self.unit)
        suspect = f"; {' or '.join(names)} may be the cause" if names else ""
        self.ending = self.ending or ("failed", f"{reason}{suspect}")

    def failures(self, status: Status, message: str) -> Iterator[TrialFinished]:
        """Yield the events of the trials that have no record, as records of a failure."""
        host, log = self.unit.host_elsewhere(self.provenance), self.log.text()
        for trial in self.unit.trials:
            if trial.trial_id not in self.recorded:
                record = TrialRecord(trial=trial, status=status, message=message, log=log, host=host)
                yield TrialFinished(record=record, provenance=self.provenance, attempt=self.unit.attempt)

    def count_time(self) -> None:
        """Count the time since the last call, unless the worker or this process is or was stopped."""
        now = time.monotonic()
        passed_now = min(now - self.checked, _LONGEST_CHECK_SECONDS)
        if self.begun and self.worker.is_stopped:
            self.stopped += passed_now
        elif self.begun:
            self.seconds += passed_now
        self.checked = now

    def time_over(self, limit: float) -> bool:
        """Return whether it has run, or was stopped by something else than this command's own stop, for too long."""
        return max(self.seconds, self.stopped) > limit

    def was_asked_with(self, stop: threading.Event) -> bool:
        """Return whether its worker was ended by a SIGTERM that went to this process too, which then sets `stop`.

        Batch systems send it to all processes of a job, before a preemption say, and a worker may be faster.
        """
        ended = self.ending is None and self.worker.exit_code == -signal.SIGTERM
        return ended and stop.wait(_OURS_SECONDS)

    def is_done(self) -> bool:
        """Return whether its worker has ended and nothing more will arrive from it."""
        if self.exited is None and self.worker.exit_code is not None:
            self.exited = time.monotonic()
        return self.exited is not None and (self.closed is not None or passed(self.exited))


def passed(start: float | None, seconds: float = GRACE_SECONDS) -> bool:
    """Return whether some seconds have passed since a time, if it has come."""
    return start is not None and time.monotonic() - start > seconds
