"""What the pool does when nodes and processes die, on a stand-in for Ray whose actors are objects in threads."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from dlbench import (
    DlbenchError,
    Emit,
    Event,
    Selection,
    Settings,
    Trial,
    TrialFinished,
    TrialNoted,
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
    """The functions of Ray that the plugin calls. alive: the nodes, each with one CPU. actors: all that were made."""

    def __init__(self) -> None:
        super().__init__("ray")
        self.alive = {"n1", "n2", "n3"}
        self.actors: list[Actor] = []

    def is_initialized(self) -> bool:
        return True

    def nodes(self) -> list[dict[str, Any]]:
        facts = {"Alive": True, "Resources": {"CPU": 1.0}}
        return [{"NodeID": name, "NodeManagerHostname": name, **facts} for name in sorted(self.alive)]

    def remote(self, scheduling_strategy: Any, **options: Any) -> Any:
        def decorate(made: Any) -> Any:
            return SimpleNamespace(remote=lambda *arguments: self._start(scheduling_strategy.node_id, made, arguments))

        return decorate

    def _start(self, node: str, made: Any, arguments: tuple[Any, ...]) -> Actor:
        self.actors.append(Actor(self, node, lambda: made(*arguments)))
        return self.actors[-1]

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
    """Run units whose trials do what a function says; return the events. `node` is where it runs."""
    from dlbench_ray import trainer
    from dlbench_ray.executor import RayExecutor

    def run(units: list[WorkUnit], act: Act, stop: threading.Event | None = None, **parameters: Any) -> list[Event]:
        def train(unit: WorkUnit, data_dir: Path, emit: Emit, stop: threading.Event, timeout: float | None) -> None:
            act(unit, _node_of(ray, stop), emit, stop)

        monkeypatch.setattr(trainer, "resolve_name", lambda name: train)
        events: list[Event] = []
        executor, told = RayExecutor(shares_files=True, **parameters), stop or threading.Event()
        thread = threading.Thread(target=lambda: _into(events, executor, units, told), daemon=True)
        thread.start()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "run() does not return"
        if events and isinstance(events[-1], BaseException):
            raise events[-1]
        return events

    return run


def _node_of(ray: StandIn, stop: threading.Event) -> str:
    return next(actor.node for actor in ray.actors if actor._made._stop is stop)


def _into(events: list[Any], executor: Any, units: list[WorkUnit], stop: threading.Event) -> None:
    try:
        executor.run(iter(units), events.append, stop)
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


def test_units_run_on_all_nodes_and_no_actor_is_left(ray: StandIn, run: Any) -> None:
    events = run(make_units(20), finish)
    assert seeds(events) == list(range(20))
    assert {actor.node for actor in ray.actors} == {"n1", "n2", "n3"}
    assert all(actor.error for actor in ray.actors)


def test_of_a_unit_whose_node_goes_what_has_no_record_is_lost_and_nothing_more_runs_there(
    ray: StandIn, run: Any
) -> None:
    gone = threading.Event()

    def act(unit: WorkUnit, node: str, emit: Emit, stop: threading.Event) -> None:
        if node != "n2" or gone.is_set():
            assert node != "n2"
            return finish(unit, node, emit, stop)
        gone.set()
        finish(replace(unit, trials=unit.trials[:1]), node, emit, stop)
        threading.Timer(1.0, lambda: ray.end("n2", RayError("the node is dead"))).start()
        stop.wait(PATIENCE)
        return None

    units = make_units(6, trials=3)
    events = run(units, act)
    (loss,) = lost(events)
    assert (loss.node, loss.reason) == ("n2", "the Ray node n2 is gone")
    assert len(loss.trial_ids) == 2
    assert len(seeds(events)) == 16
    assert len([actor for actor in ray.actors if actor.node == "n2"]) == 1


def test_a_node_that_loses_a_process_gets_another(ray: StandIn, run: Any) -> None:
    died: list[str] = []

    def act(unit: WorkUnit, node: str, emit: Emit, stop: threading.Event) -> None:
        if died:
            return finish(unit, node, emit, stop)
        died.append(node)
        ray.end(node, RayError("The actor is dead\n  killed by a signal."), stays=True)
        return None

    ray.alive = {"n1"}
    events = run(make_units(3), act)
    (loss,) = lost(events)
    assert loss.reason == "the Ray node n1 lost the process that trained it (killed by a signal)"
    assert len(seeds(events)) == 2
    assert len(ray.actors) == 2


def test_a_lack_of_memory_is_a_record_and_costs_the_other_trials_an_attempt(ray: StandIn, run: Any) -> None:
    def act(unit: WorkUnit, node: str, emit: Emit, stop: threading.Event) -> None:
        emit(TrialStarted(trial_id=unit.trials[0].trial_id))
        threading.Timer(0.8, lambda: ray.end(node, OutOfMemoryError("killed"), stays=True)).start()
        stop.wait(PATIENCE)

    events = run(make_units(1, trials=2), act, jobs=1)
    (record,) = [event.record for event in events if isinstance(event, TrialFinished)]
    assert (record.trial.seed, record.status) == (0, "oom")
    assert record.message == "Ray ended it because the memory of n1 had run out"
    assert [len(each.trial_ids) for each in lost(events)] == [1]


def test_a_node_that_refuses_a_unit_gets_no_other(ray: StandIn, run: Any) -> None:
    refused: list[str] = []

    def act(unit: WorkUnit, node: str, emit: Emit, stop: threading.Event) -> None:
        if node != "n3":
            stop.wait(0.02)
            return finish(unit, node, emit, stop)
        refused.append(node)
        raise DlbenchError("The disk is full.")

    events = run(make_units(30), act)
    assert len(refused) == 1
    assert [each.node for each in lost(events)] == ["n3"]
    assert len(seeds(events)) == 29


def test_where_no_node_takes_trials_any_more_the_reason_is_said(ray: StandIn, run: Any) -> None:
    def act(unit: WorkUnit, node: str, emit: Emit, stop: threading.Event) -> None:
        raise DlbenchError("The disk is full.")

    with pytest.raises(DlbenchError, match=r"No node of the Ray cluster takes trials any more: .*The disk is full"):
        run(make_units(10), act)


def test_what_no_node_has_is_an_error_that_says_what_to_choose(ray: StandIn, run: Any) -> None:
    with pytest.raises(DlbenchError, match="No node of the Ray cluster has 8 CPUs, which a unit needs"):
        run(make_units(1), finish, cpus=8.0)


def test_stop_reaches_every_unit_and_no_other_begins(ray: StandIn, run: Any) -> None:
    stop, begun = threading.Event(), []

    def act(unit: WorkUnit, node: str, emit: Emit, told: threading.Event) -> None:
        begun.append(node)
        if len(begun) == 3:
            stop.set()
        assert told.wait(PATIENCE)
        emit(TrialNoted(trial_id=unit.trials[0].trial_id, text="has kept its checkpoint"))

    events = run(make_units(30), act, stop)
    assert sorted(begun) == ["n1", "n2", "n3"]
    assert [type(event) for event in events] == [TrialNoted] * 3


def test_a_lost_unit_runs_on_another_node_if_there_is_one(ray: StandIn, run: Any) -> None:
    where: list[str] = []

    def act(unit: WorkUnit, node: str, emit: Emit, stop: threading.Event) -> None:
        where.append(node)
        finish(unit, node, emit, stop)

    run([replace(unit, avoid=("n1", "n3")) for unit in make_units(4)], act)
    assert where == ["n2"] * 4


def test_where_nobody_listens_is_said_at_once(ray: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from dlbench_ray.executor import RayExecutor

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(DlbenchError) as raised:
            RayExecutor(address=address)
    assert str(raised.value).startswith("There is no Ray cluster at 127.0.0.1:")
    assert "(Connection refused)" in str(raised.value)


def test_of_what_rays_server_says_the_reason_is_quoted(ray: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from dlbench_ray.executor import RayExecutor

    def init(**options: Any) -> None:
        raise ConnectionAbortedError("Initialization failure from server:\nThe port is taken.\n")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", init, raising=False)
    with pytest.raises(DlbenchError, match=r"There is no Ray cluster to connect to \(The port is taken\)\."):
        RayExecutor()


def test_without_ray_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from dlbench_ray.executor import RayExecutor

    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "dlbench_ray.cluster", raising=False)
    with pytest.raises(DlbenchError) as raised:
        RayExecutor()
    assert str(raised.value).startswith("Ray is not installed here.")
