"""Work units: the trials that are trained together, as they travel to a worker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dlbench.components.user_code import UserCode
from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan
from dlbench.trials.events import ArtifactKind
from dlbench.trials.identity import shallow_fields
from dlbench.trials.resources import Resources
from dlbench.trials.trial import Trial


@dataclass(frozen=True, kw_only=True)
class WorkUnit:
    """One or more trials that are trained together, as they travel to a worker.

    trials: the trials, trained in this order.
    weights_folder: folder for the selected weights, "" if they are not saved.
    keep_steps: whether the records contain the loss of each step.
    diagnostics: what is measured during training.
    checkpoint_folder: folder for checkpoints, "" if there are none.
    resources: what it needs of its node.
    carried: which files travel with units and events, since its node does not share the session's folders:
        "checkpoint", "weights".
    checkpoints: the content of carried checkpoints as base64, by trial_id.
    checkpoint_every: seconds between two checkpoints.
    provenance_id: versions and hardware of the session; a checkpoint with another one is not resumed.
    attempt: which attempt at its trials it is, from 1; its events say so.
    provenance: that of the session's own process; a node with other versions of dlbench, torch, numpy or the plugins,
        or with other sources of these, does not train the unit. {} where nothing is known.
    components: qualified names of the plan's components whose sources count in it.
    avoid: the nodes on which earlier attempts were lost; an executor that chooses nodes takes others if there are any.
    user_code: the source of components of the user's own, which no node needs to have.
    """

    trials: tuple[Trial, ...]
    weights_folder: str = ""
    keep_steps: bool = False
    diagnostics: DiagnosticsPlan = NO_DIAGNOSTICS
    checkpoint_folder: str = ""
    checkpoint_every: float = 60.0
    resources: Resources = field(default_factory=Resources)
    carried: tuple[ArtifactKind, ...] = ()
    checkpoints: Mapping[str, str] = field(default_factory=dict)
    provenance_id: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    components: tuple[str, ...] = ()
    attempt: int = 1
    avoid: tuple[str, ...] = ()
    user_code: tuple[UserCode, ...] = ()

    def host_elsewhere(self, provenance: Mapping[str, Any]) -> str:
        """Return the host of a process that trains the unit, or "" if it is the session's."""
        host: str = provenance.get("host", "")
        return host if host != self.provenance.get("host") else ""

    def to_json(self) -> dict[str, Any]:
        """Return the unit as JSON content."""
        return {
            **shallow_fields(self),
            "trials": [trial.to_json() for trial in self.trials],
            "diagnostics": self.diagnostics.to_json(),
            "resources": self.resources.to_json(),
            "user_code": [code.to_json() for code in self.user_code],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "WorkUnit":
        """Read a unit back from JSON content."""
        trials = tuple(Trial.from_json(trial) for trial in content["trials"])
        known = {
            "trials": trials,
            "diagnostics": DiagnosticsPlan.from_json(content.get("diagnostics")),
            "resources": Resources(**content.get("resources", {})),
            "user_code": tuple(map(UserCode.from_json, content.get("user_code", ()))),
        }
        names = {name: tuple(content.get(name, ())) for name in ("carried", "components", "avoid")}
        return cls(**{**content, **known, **names})
