"""What the pool does when a node's memory runs out, on a stand-in for Ray."""

import threading
import time
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from ray_stand_in import PATIENCE, Actor, OutOfMemoryError, RayError, StandIn, finish, lost, make_units, seeds

from dlbench import Emit, Event, TrialFinished, TrialNoted, TrialStarted, WorkUnit
from dlbench_ray import memory

pytest_plugins = ["ray_stand_in"]

REST = 0.3
#: Ray's message has a page of advice at its end.
PAGE = "2 worker(s) were killed due to the node running low on memory.\n" + "Consider this. " * 90


@pytest.fixture(autouse=True)
def _short_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "REST_SECONDS", REST)


def begin(unit: WorkUnit, emit: Emit) -> None:
    emit(TrialStarted(trial_id=unit.trials[0].trial_id))


def run_out(ray: StandIn, node: str, after: float = 0.4) -> None:
    """Have Ray end all actors of a node a little later."""
    threading.Timer(after, lambda: ray.end(node, OutOfMemoryError(PAGE), stays=True)).start()


def noted(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, TrialNoted)]


def statuses(events: list[Event]) -> Counter[str]:
    return Counter(event.record.status for event in events if isinstance(event, TrialFinished))


def test_a_trial_alone_on_a_node_without_memory_is_a_record_and_costs_the_others_of_its_unit_an_attempt(
    ray: StandIn, run: Any
) -> None:
    def act(unit: WorkUnit, node: str, emit: Emit, stop: threading.Event) -> None:
        begin(unit, emit)
        run_out(ray, node)
        stop.wait(PATIENCE)

    events = run(make_units(1, trials=2), act, jobs=1)
    (record,) = [event.record for event in events if isinstance(event, TrialFinished)]
    assert (record.trial.seed, record.status) == (0, "oom")
    assert record.message == "Ray ended it because the memory of n1 had run out, where no other trial ran"
    assert [len(each.trial_ids) for each in lost(events)] == [1]


class Hog:
    """Trials of which the first takes all memory, whoever runs beside it; the others train a while.

    together: how many ran on the node at once, at each begin.
    """

    def __init__(self, ray: StandIn, wait_for: int) -> None:
        self.ray, self.wait_for, self.running, self.together = ray, wait_for, 0, list[tuple[int, int]]()

    def __call__(self, unit: WorkUnit, node: str, emit: Emit, stop: threading.Event) -> None:
        self.running += 1
        self.together.append((unit.attempt, self.running))
        begin(unit, emit)
        seed, first = unit.trials[0].seed, unit.attempt == 1
        if seed == 0:
            while first and self.running < self.wait_for:
                time.sleep(0.01)
            run_out(self.ray, node)
        if not stop.wait(PATIENCE if seed == 0 or (first and seed < self.wait_for) else 0.1):
            finish(unit, node, emit, stop)
        self.running -= 1


def test_trials_that_shared_a_node_without_memory_run_again_alone_there(ray: StandIn, run: Any) -> None:
    ray.alive, ray.cpus = {"n1"}, 3.0
    hog = Hog(ray, wait_for=3)
    events = run(make_units(3), hog, again=True)
    assert statuses(events) == {"oom": 1, "done": 2}
    (ended,) = [event.record for event in events if isinstance(event, TrialFinished) and event.record.status == "oom"]
    assert ended.trial.seed == 0
    reason = "Ray ended its process because the memory of n1, where other trials ran too, had run out"
    assert {(each.reason, each.node, each.status) for each in lost(events)} == {(reason, "", "oom")}
    assert len(lost(events)) == 3
    assert [running for attempt, running in hog.together if attempt == 2] == [1, 1, 1]


def test_a_node_takes_all_that_it_has_room_for_once_that_is_known(ray: StandIn, run: Any) -> None:
    ray.alive, ray.cpus = {"n1"}, 3.0
    hog = Hog(ray, wait_for=3)
    assert statuses(run(make_units(12), hog, again=True)) == {"oom": 1, "done": 11}
    last = max(place for place, (attempt, _) in enumerate(hog.together) if attempt == 2)
    assert max(running for _, running in hog.together[last:]) == 3


def test_where_other_nodes_take_all_actors_that_may_run_they_take_such_trials_too(ray: StandIn, run: Any) -> None:
    ray.alive, ray.cpus = {"n1", "n2"}, 2.0
    assert statuses(run(make_units(2), Hog(ray, wait_for=2), again=True, jobs=2)) == {"oom": 1, "done": 1}


def test_a_trial_that_had_not_begun_is_lost(ray: StandIn, run: Any) -> None:
    def act(unit: WorkUnit, node: str, emit: Emit, stop: threading.Event) -> None:
        if unit.attempt > 1:
            return finish(unit, node, emit, stop)
        run_out(ray, node)
        stop.wait(PATIENCE)
        return None

    events = run(make_units(1), act, again=True, jobs=1)
    assert statuses(events) == {"done": 1}
    (loss,) = lost(events)
    assert loss.reason == "Ray ended its process because the memory of n1 had run out"


def test_actors_that_are_ended_as_they_start_are_replaced_after_a_rest_while_others_train(
    ray: StandIn, run: Any
) -> None:
    begun: list[float] = []
    trained: list[str] = []

    def starting(actor: Actor) -> None:
        if actor.node == "n1":
            begun.append(time.monotonic())
            actor.error = OutOfMemoryError(PAGE) if len(begun) <= 3 else None

    def act(unit: WorkUnit, node: str, emit: Emit, stop: threading.Event) -> None:
        stop.wait(0.05)
        trained.append(node)
        finish(unit, node, emit, stop)

    ray.alive, ray.starting = {"n1", "n2"}, starting
    events = run(make_units(60), act)
    assert seeds(events) == list(range(60))
    assert not lost(events)
    assert all(later - earlier >= REST for earlier, later in pairwise(begun))
    assert "n1" in trained, "three deaths for memory have not cost it its place"
    assert "n2" in trained[:5]
    (text,) = set(noted(events))
    assert text.startswith("Ray ended an actor on n1 because the memory there had run out; the next one starts after")
    assert len(text) < 200


def test_while_all_nodes_rest_the_pool_waits_and_looks_seldom(ray: StandIn, run: Any) -> None:
    looked: list[float] = []
    nodes = ray.nodes
    ray.nodes = lambda: looked.append(time.monotonic()) or nodes()  # type: ignore[func-returns-value, method-assign]
    ray.starting = lambda actor: setattr(actor, "error", OutOfMemoryError(PAGE) if len(ray.actors) == 1 else None)
    ray.alive = {"n1"}
    events = run(make_units(1), finish)
    assert seeds(events) == [0]
    assert looked[-1] - looked[0] >= REST
    assert len(looked) < 10


def test_a_stop_ends_a_run_whose_nodes_rest(ray: StandIn, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "REST_SECONDS", 600.0)
    ray.starting = lambda actor: setattr(actor, "error", OutOfMemoryError(PAGE))
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    assert not seeds(run(make_units(5), finish, stop))


def test_what_ray_says_of_memory_is_shortened_where_nodes_are_asked_what_they_are(ray: StandIn) -> None:
    from dlbench_ray.cluster import describe

    assert describe(OutOfMemoryError(PAGE)) == "Ray ended its process since the node's memory had run out"
    assert describe(RayError("It failed.\n  The actor is dead.")) == "The actor is dead"
