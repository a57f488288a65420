"""A place for one unit: an actor on a node, and the unit that it trains."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import ray

from dlbench import Event, Resources, TrialFinished, TrialStarted, UnitLost, WorkUnit
from dlbench_ray.cluster import Place, on
from dlbench_ray.trainer import Trainer


@dataclass(eq=False)
class Slot:
    """An actor.

    call: what it has been asked; None while it waits for a unit.
    unit: what it trains.
    left: the trials of the unit that have not ended.
    current: the trial that began last.
    retired: whether it takes no further unit.
    """

    place: Place
    actor: Any
    call: Any
    unit: WorkUnit | None = None
    left: list[str] = field(default_factory=list)
    current: str = ""
    retired: bool = False

    @classmethod
    def start(cls, place: Place, needs: Resources, *arguments: Any) -> "Slot":
        """Start an actor. needs: what is reserved for it. arguments: of its trainer."""
        make = ray.remote(
            num_cpus=needs.cpus,
            num_gpus=needs.gpus,
            memory=int((needs.memory_mb or 0.0) * 2**20) or None,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=2,  # one waits for events, the other stops
            scheduling_strategy=on(place),
        )
        actor = make(Trainer).remote(*arguments, ray.get)
        return cls(place, actor, actor.greet.remote())

    @property
    def idle(self) -> bool:
        """Return whether it waits for a unit."""
        return self.call is None and not self.retired

    def begin(self, unit: WorkUnit, data: Mapping[str, Any], pause: float) -> None:
        """Begin a unit."""
        self.unit, self.left, self.current = unit, [trial.trial_id for trial in unit.trials], ""
        self.call = self.actor.begin.remote(json.dumps(unit.to_json()), dict(data), pause)

    def note(self, event: Event) -> None:
        """Keep account of what an event says."""
        match event:
            case TrialStarted():
                self.current = event.trial_id
            case TrialFinished() if event.record.trial_id in self.left:
                self.left.remove(event.record.trial_id)
            case UnitLost():
                self.left = [trial_id for trial_id in self.left if trial_id not in event.trial_ids]

    def end(self) -> None:
        """Kill the actor; what it trains ends with it."""
        self.retired, self.call = True, None
        ray.kill(self.actor, no_restart=True)
