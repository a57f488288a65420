"""A stand-in for Ray whose actors are objects in threads, and what runs units on it: fixtures for tests of the pool.

PYTEST_DONT_REWRITE, since tests also import it, before pytest does.
"""

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from dlbench import (
    Emit,
    Event,
    Selection,
    Settings,
    Trial,
    TrialFinished,
    TrialRecord,
    TrialStarted,
    UnitLost,
    WorkUnit,
)

#: Seconds after which a test that waits goes on, and fails.
PATIENCE = 20.0


class RayError(Exception):
    """What Ray raises."""


class OutOfMemoryError(RayError):
    """Ray has killed an actor for its node's memory."""


class Actor:
    """An object whose methods run in threads, until it is killed."""

    def __init__(self, ray: "StandIn", node: str, make: Callable[[], Any]) -> None:
        self._ray, self.node, self._threads, self._calls = ray, node, ThreadPoolExecutor(2), set[Future[Any]]()
        self.error: RayError | None = None if node in ray.alive else RayError("its node is not there")
        self._made = make()

    def __getattr__(self, name: str) -> Any:
        return SimpleNamespace(remote=lambda *arguments: self._call(getattr(self._made, name), arguments))

    def _call(self, method: Callable[..., Any], arguments: tuple[Any, ...]) -> "Future[Any]":
        answer: Future[Any] = Future()
        self._calls.add(answer)

        def run() -> None:
            returned = method(*arguments)
            if not answer.done():
                answer.set_result(returned)

        if self.error:
            answer.set_exception(self.error)
        else:
            self._threads.submit(run)
        return answer

    def die(self, error: RayError) -> None:
        self.error = error
        self._made.stop()
        for answer in self._calls:
            if not answer.done():
                answer.set_exception(error)
        self._threads.shutdown(wait=False)


class StandIn(ModuleType):
    """The functions of Ray that the plugin calls.

    alive: the nodes. cpus: of each. actors: all that were made. starting: called with each that starts.
    """

    def __init__(self) -> None:
        super().__init__("ray")
        self.alive, self.cpus = {"n1", "n2", "n3"}, 1.0
        self.starting: Callable[[Actor], None] = lambda actor: None
        self.actors: list[Actor] = []

    def is_initialized(self) -> bool:
        return True

    def nodes(self) -> list[dict[str, Any]]:
        facts = {"Alive": True, "Resources": {"CPU": self.cpus}}
        return [{"NodeID": name, "NodeManagerHostname": name, **facts} for name in sorted(self.alive)]

    def remote(self, scheduling_strategy: Any, **options: Any) -> Any:
        def decorate(made: Any) -> Any:
            return SimpleNamespace(remote=lambda *arguments: self._start(scheduling_strategy.node_id, made, arguments))

        return decorate

    def _start(self, node: str, made: Any, arguments: tuple[Any, ...]) -> Actor:
        self.actors.append(actor := Actor(self, node, lambda: made(*arguments)))
        self.starting(actor)
        return actor

    def wait(self, calls: list["Future[Any]"], num_returns: int = 1, timeout: float | None = None) -> Any:
        done, _ = wait(calls, timeout, return_when="FIRST_COMPLETED" if num_returns == 1 else "ALL_COMPLETED")
        return [call for call in calls if call in done], [call for call in calls if call not in done]

    def get(self, call: "Future[Any]", timeout: float | None = None) -> Any:
        return call.result(timeout)

    def kill(self, actor: Actor, no_restart: bool = True) -> None:
        actor.die(RayError("killed"))

    def end(self, node: str, error: RayError, *, stays: bool = False) -> None:
        """End the actors of a node, and the node unless it stays."""
        if not stays:
            self.alive.discard(node)
        for actor in [*self.actors]:  # not those that the pool starts meanwhile
            if actor.node == node and not actor.error:
                actor.die(error)


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    made, exceptions, scheduling = StandIn(), ModuleType("ray.exceptions"), ModuleType("ray.util.scheduling_strategies")
    vars(exceptions).update(RayError=RayError, OutOfMemoryError=OutOfMemoryError, GetTimeoutError=RayError)
    vars(scheduling).update(NodeAffinitySchedulingStrategy=lambda **facts: SimpleNamespace(**facts))
    for module in (made, exceptions, ModuleType("ray.util"), scheduling):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    for name in ("cluster", "pool", "shipping", "slot"):
        monkeypatch.delitem(sys.modules, f"dlbench_ray.{name}", raising=False)
    yield made
    for actor in made.actors:
        actor.die(RayError("the test has ended"))
    for name in ("cluster", "pool", "shipping", "slot"):
        sys.modules.pop(f"dlbench_ray.{name}", None)


def make_units(count: int, trials: int = 1) -> list[WorkUnit]:
    chosen = {name: Selection(f"standard/{name}") for name in ("model", "activation", "dataset", "optimizer")}
    chosen["scheduler"] = Selection("standard/constant")
    trial = Trial(**chosen, settings=Settings(), seed=0)  # type: ignore[arg-type]  # each by its name
    seeds = [[unit * trials + each for each in range(trials)] for unit in range(count)]
    return [WorkUnit(trials=tuple(replace(trial, seed=seed) for seed in each)) for each in seeds]


Act = Callable[[WorkUnit, str, Emit, threading.Event], None]


@pytest.fixture
def run(ray: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[Event]]:
    """Run units whose trials do what a function says; return the events. again: whether the lost ones too."""
    from dlbench_ray import trainer
    from dlbench_ray.executor import RayExecutor

    def run(
        units: list[WorkUnit], act: Act, stop: threading.Event | None = None, again: bool = False, **parameters: Any
    ) -> list[Event]:
        def train(unit: WorkUnit, data_dir: Path, emit: Emit, stop: threading.Event, timeout: float | None) -> None:
            act(unit, _node_of(ray, stop), emit, stop)

        monkeypatch.setattr(trainer, "resolve_name", lambda name: train)
        events: list[Event] = []
        executor, told = RayExecutor(shares_files=True, **parameters), stop or threading.Event()
        given = Again(units, events) if again else iter(units)
        thread = threading.Thread(target=lambda: _into(events, executor, given, told), daemon=True)
        thread.start()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "run() does not return"
        if events and isinstance(events[-1], BaseException):
            raise events[-1]
        return events

    return run


class Again:
    """Gives out units, and each trial that events say is lost again, alone, as a session does."""

    def __init__(self, units: list[WorkUnit], events: list[Event]) -> None:
        self._events, self._seen = events, 0
        self._given, self._left = (
            {trial.trial_id: replace(unit, trials=(trial,)) for unit in units for trial in unit.trials},
            deque(units),
        )

    def __iter__(self) -> "Again":
        return self

    def __next__(self) -> WorkUnit:
        fresh, self._seen = self._events[self._seen :], len(self._events)
        for event in fresh:
            if not isinstance(event, UnitLost):
                continue
            for trial_id in event.trial_ids:
                unit = self._given[trial_id]
                assert unit.attempt < 4, "lost too often"
                avoid = (*unit.avoid, *filter(None, [event.node]))
                self._given[trial_id] = replace(unit, attempt=unit.attempt + 1, avoid=avoid)
                self._left.appendleft(self._given[trial_id])
        if not self._left:
            raise StopIteration
        return self._left.popleft()


def _node_of(ray: StandIn, stop: threading.Event) -> str:
    return next(actor.node for actor in ray.actors if actor._made._stop is stop)


def _into(events: list[Any], executor: Any, units: Iterator[WorkUnit], stop: threading.Event) -> None:
    try:
        executor.run(units, events.append, stop)
    except BaseException as error:
        events.append(error)


def finish(unit: WorkUnit, node: str, emit: Emit, stop: threading.Event) -> None:
    """Train each trial of a unit at once."""
    for trial in unit.trials:
        emit(TrialStarted(trial_id=trial.trial_id))
        emit(TrialFinished(record=TrialRecord(trial=trial, status="done"), attempt=unit.attempt))


def seeds(events: list[Event]) -> list[int]:
    """Return the seeds of the trials that have a record."""
    return sorted(event.record.trial.seed for event in events if isinstance(event, TrialFinished))


def lost(events: list[Event]) -> list[UnitLost]:
    return [event for event in events if isinstance(event, UnitLost)]
