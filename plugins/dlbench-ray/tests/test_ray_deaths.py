"""What the pool does when nodes and processes die, on a stand-in for Ray."""

import threading
from dataclasses import replace
from typing import Any

from ray_stand_in import PATIENCE, RayError, StandIn, finish, lost, make_units, seeds

from dlbench import DlbenchError, Emit, WorkUnit

pytest_plugins = ["ray_stand_in"]


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
