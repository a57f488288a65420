"""What the pool does when a node's memory runs out, on a stand-in for Ray."""

import threading
from typing import Any

from ray_stand_in import PATIENCE, OutOfMemoryError, StandIn, lost, make_units

from dlbench import Emit, TrialFinished, TrialStarted, WorkUnit

pytest_plugins = ["ray_stand_in"]


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
