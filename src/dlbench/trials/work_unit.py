"""Work units: the trials that are trained together, as they travel to a worker."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan
from dlbench.trials.identity import shallow_fields
from dlbench.trials.trial import Trial


@dataclass(frozen=True, kw_only=True)
class WorkUnit:
    """One or more trials that are trained together, as they travel to a worker.

    weights_folder: where the worker leaves the selected weights, or "" where nobody wants them.
    keep_steps: whether the records keep the loss of each step. diagnostics: what measures them beside the training.
    checkpoint_folder: where a training leaves its state every checkpoint_every seconds, or "" for nowhere.
    provenance_id: what stands around the trials; a checkpoint made with something else is not gone on from.
    """

    trials: tuple[Trial, ...]
    weights_folder: str = ""
    keep_steps: bool = False
    diagnostics: DiagnosticsPlan = NO_DIAGNOSTICS
    checkpoint_folder: str = ""
    checkpoint_every: float = 60.0
    provenance_id: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the unit as JSON content."""
        return {
            **shallow_fields(self),
            "trials": [trial.to_json() for trial in self.trials],
            "diagnostics": self.diagnostics.to_json(),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "WorkUnit":
        """Read a unit back from JSON content."""
        trials = tuple(Trial.from_json(trial) for trial in content["trials"])
        return cls(
            **{**content, "trials": trials, "diagnostics": DiagnosticsPlan.from_json(content.get("diagnostics"))}
        )
