"""The attempts of a session at its trials: a trial that an executor loses is given out again, and counts once."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from dlbench.trials.events import (
    ArtifactSaved,
    EpochFinished,
    Event,
    TrialFinished,
    TrialNoted,
    UnitLost,
    event_trial_ids,
)
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import COMPLETED, Status
from dlbench.trials.work_unit import WorkUnit

#: How often a trial that was lost is tried again.
RETRIES = 3


@dataclass
class _Given:
    """A trial that was given out.

    unit: the last one that it was in.
    out: whether the executor has yet to say how that ended.
    epoch: the last one that was passed on.
    status: of its record, once there is one.
    winner: the attempt that the record is of.
    """

    trial: Trial
    unit: WorkUnit
    out: bool = True
    epoch: int = 0
    status: Status | None = None
    winner: int = 0


class Attempts:
    """What was given out, how often, and which of the events that come back count.

    prepare: what a unit is given along at the last moment.
    """

    def __init__(self, prepare: Callable[[WorkUnit], WorkUnit] = lambda unit: unit) -> None:
        self._prepare = prepare
        self._given: dict[str, _Given] = {}
        self._again: deque[Trial] = deque()

    def give(self, unit: WorkUnit) -> WorkUnit:
        """Note a unit as given out for the first time."""
        for trial in unit.trials:
            self._given[trial.trial_id] = _Given(trial, unit)
        return self._prepare(unit)

    def give_again(self) -> WorkUnit | None:
        """Return the next unit of a lost trial, each alone, since one trial may be what ends the others."""
        while self._again:
            trial = self._again.popleft()
            state = self._given[trial.trial_id]
            if state.status is None:
                state.unit, state.out = replace(state.unit, trials=(trial,), attempt=state.unit.attempt + 1), True
                return self._prepare(state.unit)
        return None

    @property
    def waiting(self) -> bool:
        """Return whether a lost trial waits for its next attempt."""
        return any(self._given[trial.trial_id].status is None for trial in self._again)

    @property
    def silent(self) -> tuple[Trial, ...]:
        """Return the trials that were given out, and of whose end the executor has said nothing."""
        return tuple(state.trial for state in self._given.values() if state.out)

    def counts(self, event: Event) -> bool:
        """Return whether an event counts, and take note of it.

        Of a trial's records the first counts, unless one that is completed follows one that is not: the first result
        wins, whichever attempt it comes from. Everything else counts if it is of the last attempt, each epoch once.
        """
        state = self._given.get(event_trial_ids(event)[0])
        if state is None or isinstance(event, UnitLost):
            return True
        current = event.attempt in (0, state.unit.attempt)
        match event:
            case TrialFinished(record=record):
                completed = record.status in COMPLETED
                if state.status in COMPLETED or not (completed or (current and state.status is None)):
                    return False
                state.status, state.winner, state.out = record.status, event.attempt or state.unit.attempt, False
                return True
            case ArtifactSaved(artifact="weights"):
                return event.attempt in (0, state.winner)
            case TrialNoted():
                return current
            case EpochFinished(epoch=epoch):
                if not current or state.status or epoch <= state.epoch:
                    return False
                state.epoch = epoch
                return True
        return current and state.status is None

    def take_back(self, event: UnitLost) -> Iterator[tuple[Trial, int]]:
        """Yield each trial that an event says is lost, with how many attempts are left, and give it out again if any.

        What an earlier attempt says of itself is known already.
        """
        for trial_id in event.trial_ids:
            state = self._given.get(trial_id)
            if state is None or not state.out or event.attempt not in (0, state.unit.attempt):
                continue
            state.out = False
            left = 1 + RETRIES - state.unit.attempt
            if event.node:
                state.unit = replace(state.unit, avoid=(*dict.fromkeys([*state.unit.avoid, event.node]),))
            if left > 0:
                self._again.append(state.trial)
            yield state.trial, left


class Source:
    """The units of a run of an executor, made as they are asked for: lost trials first, then new ones.

    After there was none left there may be more: another was lost meanwhile.
    """

    def __init__(
        self, attempts: Attempts, fresh: Iterator[WorkUnit], before: Callable[[], None] = lambda: None
    ) -> None:
        self._attempts, self._fresh, self._before = attempts, fresh, before
        self._ready: deque[WorkUnit] = deque()

    def __iter__(self) -> "Source":
        return self

    def __next__(self) -> WorkUnit:
        self._before()
        return self._ready.popleft() if self._ready else self._make()

    def _make(self) -> WorkUnit:
        if again := self._attempts.give_again():
            return again
        return self._attempts.give(next(self._fresh))

    def has_more(self) -> bool:
        """Return whether there is a unit now; it is made for that."""
        if not self._ready:
            try:
                self._ready.append(self._make())
            except StopIteration:
                return False
        return True
