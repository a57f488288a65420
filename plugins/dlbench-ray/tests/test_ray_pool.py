"""Which node gets which unit, and when the pool stops."""

import importlib
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from ray_stand_in import PATIENCE, Actor, RayError, StandIn, finish, make_units, seeds

from dlbench import DlbenchError, Emit, TrialNoted, WorkUnit

pytest_plugins = ["ray_stand_in"]


def test_units_run_on_all_nodes_and_no_actor_is_left(ray: StandIn, run: Any) -> None:
    events = run(make_units(20), finish)
    assert seeds(events) == list(range(20))
    assert {actor.node for actor in ray.actors} == {"n1", "n2", "n3"}
    assert all(actor.error for actor in ray.actors)


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


def test_that_no_trial_has_begun_is_said_only_where_none_has(
    ray: StandIn, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act(unit: WorkUnit, node: str, emit: Emit, stop: threading.Event) -> None:
        if not (late or unit.attempt > 1):
            ray.end(node, RayError("killed"), stays=True)
        finish(unit, node, emit, stop)

    def start_slowly(actor: Actor) -> None:
        if late or len(ray.actors) > 1:
            monkeypatch.setattr(actor._made, "greet", lambda: time.sleep(0.6))

    monkeypatch.setattr(importlib.import_module("dlbench_ray.pool"), "_ROOM_SECONDS", 0.1)
    ray.alive, ray.starting = {"n1"}, start_slowly
    said = {}
    for late in (True, False):
        ray.actors.clear()
        events = run(make_units(1), act, again=True)
        said[late] = [event.text for event in events if isinstance(event, TrialNoted)]
        assert seeds(events) == [0]
    begun_none = "The Ray cluster has begun no trial yet: they wait for room there, or for processes that start."
    assert said == {True: [begun_none], False: []}
