"""Running units in an executor, and again those that it loses."""

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from dlbench.sessions.attempts import RETRIES, Attempts, Source
from dlbench.sessions.inbox import Inbox
from dlbench.trials.events import Event, TrialFinished, UnitLost
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord
from dlbench.trials.work_unit import WorkUnit

if TYPE_CHECKING:
    from dlbench.plugins.protocols import ExecutorProtocol


class Execution:
    """What a session gives to executors, and what counts of that which comes back.

    handle: called with each event that counts, in this thread.
    name: returns what a trial is called on the screen.
    note: called with a sentence.
    prepare: what a unit is given along at the last moment.
    """

    def __init__(
        self,
        handle: Callable[[Event], None],
        name: Callable[[Trial], str],
        note: Callable[[str], None],
        prepare: Callable[[WorkUnit], WorkUnit] = lambda unit: unit,
    ) -> None:
        self._handle, self._name, self._note = handle, name, note
        self._attempts = Attempts(prepare)

    @property
    def waiting(self) -> bool:
        """Return whether a lost trial waits for its next attempt."""
        return self._attempts.waiting

    def run(self, executor: "ExecutorProtocol", fresh: Iterator[WorkUnit], stop: threading.Event) -> bool:
        """Run lost trials and fresh units until there are none; return whether there was one.

        Trials of whose end the executor says nothing are lost too.
        """
        inbox = Inbox(self._receive)
        units = Source(self._attempts, fresh, inbox.empty)
        if not units.has_more():
            return False
        executor.run(units, inbox, stop)
        inbox.empty()
        if (silent := self._attempts.silent) and not stop.is_set():
            trial_ids = tuple(trial.trial_id for trial in silent)
            self._take_back(UnitLost(trial_ids=trial_ids, reason="the executor ended without its record"))
        return True

    def _receive(self, event: Event) -> None:
        if isinstance(event, UnitLost):
            self._take_back(event)
        elif self._attempts.counts(event):
            self._handle(event)

    def _take_back(self, event: UnitLost) -> None:
        """Give lost trials out again, or record that they were lost too often."""
        for trial, left in self._attempts.take_back(event):
            if left > 0:
                more = f"at most {left} time{'s' * (left != 1)} more"
                self._note(f"{self._name(trial)} was lost: {event.reason}. It is tried again, {more}.")
                continue
            message = f"lost {RETRIES + 1} times, the last time because {event.reason}"
            self._receive(TrialFinished(record=TrialRecord(trial=trial, status=event.status, message=message)))
