"""One run of the executor: units are pulled when there is an actor for them, and what is lost is said."""

import json
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import ray
from ray.exceptions import OutOfMemoryError, RayError

from dlbench import DlbenchError, Emit, Event, TrialFinished, TrialNoted, TrialRecord, UnitLost, WorkUnit
from dlbench import event_from_json as read_event
from dlbench_ray.cluster import Place, describe, places
from dlbench_ray.memory import what_happened
from dlbench_ray.shipping import Shipping
from dlbench_ray.slot import Slot

if TYPE_CHECKING:
    from dlbench_ray.executor import RayExecutor

#: How long the pool waits for news before it looks whether it is to stop.
_LOOK_SECONDS = 0.2
#: How often the pool looks for nodes that have joined.
_NODES_SECONDS = 10.0
#: How long units may take to save their checkpoints: a little longer than the guards on the node give them.
_GRACE_SECONDS = 70.0
#: How long a cluster may have no room before somebody is told.
_ROOM_SECONDS = 20.0
#: How often actors of a node may die, one after another, before the node takes no more.
_DEATHS = 5
#: How many times a second the actors report, all together, at most; each at most every half second.
_REPORTS_PER_SECOND = 200.0


class Pool:
    """The actors of one run."""

    def __init__(self, executor: "RayExecutor", units: Iterable[WorkUnit], emit: Emit) -> None:
        self._executor, self._units, self._emit = executor, iter(units), emit
        self._shipping = Shipping(executor.data_dir, travels=not executor.shares_files)
        self._slots: list[Slot] = []
        self._held: deque[WorkUnit] = deque()
        self._needs = executor.needs(WorkUnit(trials=()).resources)
        self._unfit, self._memory = executor.unfit, executor.memory
        self._deaths: Counter[str] = Counter()
        self._look_at, self._waits_since = 0.0, time.monotonic()
        self._known = ""  # a trial, for notes about all
        self._stopping: float | None = None

    def run(self, stop: threading.Event) -> None:
        """Run units until there are none; with `stop` set, let those that run end."""
        try:
            self._until_done(stop)
        except KeyboardInterrupt:
            if not stop.is_set():  # a script's first Ctrl-C; the command sets `stop` instead, and raises at the second
                stop.set()
                self._until_done(stop)
            raise
        finally:
            for slot in self._slots:
                slot.end()

    def _until_done(self, stop: threading.Event) -> None:
        while True:
            if stop.is_set() and self._stopping is None:
                self._ask_to_stop()
            if self._stopping is None:
                self._give_out()
            if not (self._busy or (self._held and self._stopping is None)):
                return
            if self._stopping and time.monotonic() - self._stopping > _GRACE_SECONDS:
                return
            self._wait()

    @property
    def _busy(self) -> list[Slot]:
        return [slot for slot in self._slots if slot.unit]

    def _ask_to_stop(self) -> None:
        self._stopping = time.monotonic()
        self._held.clear()
        for slot in self._busy:
            slot.actor.stop.remote()

    def _give_out(self) -> None:
        """Give units to idle actors; a unit is asked for when there is one."""
        if not self._busy and not self._held:
            if (first := self._next_unit()) is None:
                return
            self._held.append(first)
        self._fit()
        for unit in list(self._held):
            if slot := self._slot_for(unit):
                self._held.remove(unit)
                self._begin(slot, unit)
        while len(self._held) < sum(slot.idle for slot in self._slots):
            if (another := self._next_unit()) is None:
                return
            if slot := self._slot_for(another):
                self._begin(slot, another)
            else:
                self._held.append(another)

    def _next_unit(self) -> WorkUnit | None:
        if unit := next(self._units, None):
            self._known = unit.trials[0].trial_id
        return unit

    def _begin(self, slot: Slot, unit: WorkUnit) -> None:
        self._waits_since = math.inf
        pause = max(0.5, len(self._slots) / _REPORTS_PER_SECOND)
        slot.begin(unit, self._shipping.of(unit), pause)

    def _slot_for(self, unit: WorkUnit) -> Slot | None:
        """Return an idle actor for a unit, not where it was lost before if there is another node."""
        needs = self._executor.needs(unit.resources)
        if needs.gpus > self._needs.gpus or needs.cpus > self._needs.cpus:
            return None
        trial_ids = [trial.trial_id for trial in unit.trials]
        fit = [slot for slot in self._slots if not slot.retired and self._memory.suits(slot.place.node_id, trial_ids)]
        if not fit and not self._busy and not self._memory.rest:  # no actor may start where it suits: others are there
            fit = [slot for slot in self._slots if not slot.retired]
        fit = [slot for slot in fit if slot.place.name not in unit.avoid] or fit
        return next((slot for slot in fit if slot.idle), None)

    def _fit(self) -> None:
        """Start actors where there is room, on nodes that have joined too, and where one has died."""
        if self._held and not self._busy:
            self._grow()
        now = time.monotonic()
        if self._slots and now < self._look_at:
            return
        there = Counter(slot.place.node_id for slot in self._slots if not slot.retired)
        fit = [place for place in places() if place.node_id not in self._unfit]
        self._memory.look({place.node_id for place in fit})
        for place in fit:
            room = self._memory.room(place.node_id, place.room(self._needs))
            for _ in range(room - there[place.node_id]):
                self._start(place)
        self._look_at = min([now + _NODES_SECONDS, *self._memory.rest])
        if not self._busy and not self._slots and not self._memory.rest:
            raise self._none_left()

    def _grow(self) -> None:
        """Start the actors anew where what is held needs more than they have."""
        asked = [self._executor.needs(unit.resources) for unit in self._held]
        most = max(asked, key=lambda needs: (needs.gpus, needs.cpus))
        if most.gpus > self._needs.gpus or most.cpus > self._needs.cpus or not self._slots:
            for slot in self._slots:
                slot.end()
            self._slots, self._needs, self._look_at = [], most, 0.0

    def _start(self, place: Place) -> None:
        executor = self._executor
        if not executor.jobs or len(self._slots) < executor.jobs:
            arguments = (executor.engine, executor.node_data_dir, executor.timeout)
            self._slots.append(Slot.start(place, self._needs, *arguments))

    def _wait(self) -> None:
        """Handle what arrives, if something arrives soon."""
        calls = {slot.call: slot for slot in self._slots if slot.call is not None}
        if not calls:
            time.sleep(_LOOK_SECONDS)
            return
        ready, waiting = ray.wait([*calls], timeout=_LOOK_SECONDS)
        if ready and waiting:
            ready += ray.wait(waiting, num_returns=len(waiting), timeout=0)[0]
        for call in ready:
            self._receive(calls[call])
        if not any(slot.unit or slot.idle for slot in self._slots):
            self._say_that_it_waits()

    def _receive(self, slot: Slot) -> None:
        if slot.retired and not slot.unit:
            return
        call, slot.call = slot.call, None
        try:
            answer = ray.get(call)
        except RayError as error:
            self._lose(slot, error)
            return
        if answer is None:  # it has started
            return
        events, over = answer
        for text in events:
            self._take(slot, read_event(json.loads(text)))
        if not over:
            slot.call = slot.actor.take.remote(max(0.5, len(self._slots) / _REPORTS_PER_SECOND))
        else:
            self._finish(slot)

    def _take(self, slot: Slot, event: Event) -> None:
        """Hand on an event. A node that refuses a unit takes no other."""
        slot.note(event)
        if isinstance(event, UnitLost):
            event = replace(event, node=slot.place.name)
            self._leave(slot.place, event.reason)
        elif isinstance(event, TrialFinished):
            self._deaths[slot.place.node_id] = 0
            self._memory.settled(event.record.trial_id)
        self._emit(event)

    def _say(self, text: str) -> None:
        self._emit(TrialNoted(trial_id=self._known, text=text, of_plan=True))

    def _finish(self, slot: Slot) -> None:
        """Let an actor take its next unit. Trials of whose end its node has said nothing are lost, unless stopped."""
        if slot.left and slot.unit and self._stopping is None:
            self._lost(slot, f"{slot.place.name} ended its unit without a record")
        slot.unit = None
        if slot.retired or (self._beside(slot) and self._memory.is_scarce(slot.place.node_id)):
            self._remove(slot)

    def _remove(self, slot: Slot) -> None:
        slot.unit = None
        slot.end()
        self._slots.remove(slot)

    def _beside(self, slot: Slot) -> list[Slot]:
        """Return the other actors of its node."""
        return [other for other in self._slots if other.place.node_id == slot.place.node_id and other is not slot]

    def _lose(self, slot: Slot, error: RayError) -> None:
        """An actor has died, or its node."""
        place, starting = slot.place, slot.unit is None
        gone = place.node_id not in {each.node_id for each in places()}
        if isinstance(error, OutOfMemoryError) and not gone:
            self._lose_for_memory(slot)
            return
        if slot.unit and self._stopping is None:
            happened = "is gone" if gone else f"lost the process that trained it ({describe(error)})"
            self._lost(slot, f"the Ray node {place.name} {happened}")
        self._remove(slot)
        self._deaths[place.node_id] += 1
        if gone:
            self._leave(place, "it is gone")
        elif self._deaths[place.node_id] >= _DEATHS or (starting and self._deaths[place.node_id] > 1):
            self._leave(place, describe(error))
            self._say(f"The Ray node {place.name} takes no trials: {describe(error)}.")
        self._look_at = 0.0  # there may be room for another actor, there or elsewhere

    def _lose_for_memory(self, slot: Slot) -> None:
        """Ray has ended an actor for its node's memory, which a trial has taken if it was alone there."""
        place, beside = slot.place, self._beside(slot)
        alone = not any(other.unit for other in beside) and not self._memory.rests(place.node_id)
        ran = slot.current if slot.current in slot.left else ""
        if slot.unit and self._stopping is None:
            if ran and alone:
                self._end_for_memory(slot, slot.unit)
            if lost := tuple(slot.left):
                shared = "" if alone else ", where other trials ran too,"
                reason = f"Ray ended its process because the memory of {place.name}{shared} had run out"
                self._emit(UnitLost(trial_ids=lost, reason=reason, status="oom", attempt=slot.unit.attempt))
        again = self._memory.ran_out(place.node_id, "" if alone else ran)
        self._remove(slot)
        for other in beside:
            if not other.unit:  # Ray would end it next
                self._remove(other)
        self._look_at = min(self._look_at, again)
        self._say(what_happened(place.name))

    def _end_for_memory(self, slot: Slot, unit: WorkUnit) -> None:
        """Record the trial that ran as out of memory: another node's memory may not be larger."""
        trial = next(trial for trial in unit.trials if trial.trial_id == slot.current)
        message = f"Ray ended it because the memory of {slot.place.name} had run out, where no other trial ran"
        record = TrialRecord(trial=trial, status="oom", message=message)
        self._take(slot, TrialFinished(record=record, attempt=unit.attempt))

    def _lost(self, slot: Slot, reason: str) -> None:
        if slot.unit and slot.left:
            lost, attempt = tuple(slot.left), slot.unit.attempt
            self._memory.settled(*lost)  # so it was not the memory
            self._emit(UnitLost(trial_ids=lost, reason=reason, node=slot.place.name, attempt=attempt))

    def _leave(self, place: Place, reason: str) -> None:
        """Give a node no further unit."""
        self._unfit.setdefault(place.node_id, reason)
        for slot in [slot for slot in self._slots if slot.place.node_id == place.node_id]:
            slot.retired = True
            if not slot.unit:
                slot.end()
        self._slots = [slot for slot in self._slots if slot.unit or not slot.retired]

    def _none_left(self) -> DlbenchError:
        if self._unfit:
            return DlbenchError(f"No node of the Ray cluster takes trials any more: {[*self._unfit.values()][-1]}.")
        needs = f"{self._needs.cpus:g} CPUs" + (f" and {self._needs.gpus:g} GPUs" if self._needs.gpus else "")
        return DlbenchError(
            f"No node of the Ray cluster has {needs}, which a unit needs.",
            "Choose with --threads, --device, or the executor's cpus= and gpus=.",
        )

    def _say_that_it_waits(self) -> None:
        if time.monotonic() - self._waits_since > _ROOM_SECONDS and self._held:
            self._waits_since = math.inf
            self._say("The Ray cluster has begun no trial yet: they wait for room there, or for processes that start.")
