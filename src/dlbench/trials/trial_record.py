"""The record of a trial: its status and its numbers, one line of the journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from dlbench.components.records import ParameterValue
from dlbench.trials.diagnostics import Reading
from dlbench.trials.identity import shallow_fields
from dlbench.trials.outcomes import ImageOutcomes
from dlbench.trials.trial import Trial

Status = Literal["done", "diverged", "failed", "vetoed", "timeout", "oom"]
#: Statuses that count as an answer; trials with other statuses are run again.
COMPLETED: frozenset[str] = frozenset({"done", "diverged"})
Metrics = Mapping[str, float | int | None]


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """The status and the numbers of one trial. Accuracies are fractions; seconds count training alone.

    trial: what was run.
    status: how it ended.
    message: why it ended this way, in a sentence; "" if it is done.
    metrics: its metrics, columns of trials.csv.
    cost: its cost, columns of trials.csv.
    epochs: the rows of epochs.csv.
    confusion: counts on the test set, a row for each true class.
    class_names: names of the classes, in the order of the rows of `confusion`.
    log: what the trial printed, and its traceback.
    provenance_id: versions and hardware of its session; the manifest has the details.
    steps: training loss of each step, if requested.
    diagnostics: the rows of diagnostics.csv.
    watched: epochs at which each diagnostic was tried, whether or not it returned a value.
    outcomes: which test images the selected weights classified correctly; None if the trial is not done, and in
        records from before outcomes were stored.
    """

    trial: Trial
    status: Status
    message: str = ""
    metrics: Metrics = field(default_factory=dict)
    cost: Metrics = field(default_factory=dict)
    epochs: tuple[Metrics, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    class_names: tuple[str, ...] = ()
    log: str = ""
    provenance_id: str = ""
    steps: tuple[float, ...] = ()
    diagnostics: tuple[Reading, ...] = ()
    watched: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    outcomes: ImageOutcomes | None = None

    @property
    def trial_id(self) -> str:
        """Return the trial's identity."""
        return self.trial.trial_id

    def row(self) -> dict[str, ParameterValue]:
        """Return the record as a row of trials.csv."""
        head: dict[str, ParameterValue] = {
            "trial_id": self.trial_id,
            "provenance_id": self.provenance_id,
            "status": self.status,
            "message": self.message,
        }
        return head | self.trial.row() | dict(self.metrics) | dict(self.cost)

    def with_provenance(self, provenance_id: str) -> "TrialRecord":
        """Return the record with another provenance_id."""
        return replace(self, provenance_id=provenance_id)

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON content, with its trial_id for readers of the journal."""
        content = {"trial_id": self.trial_id} | shallow_fields(self) | {"trial": self.trial.to_json()}
        outcomes = content.pop("outcomes")  # omitted if absent: such a record is written as before outcomes were stored
        return content | {"outcomes": outcomes.to_json()} if outcomes else content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "TrialRecord":
        """Read a record back from JSON content."""
        known = {key: value for key, value in content.items() if key != "trial_id"}
        known["trial"] = Trial.from_json(known["trial"])
        known["epochs"] = tuple(known["epochs"])
        known["confusion"] = tuple(tuple(row) for row in known["confusion"])
        known["class_names"] = tuple(known["class_names"])
        known["steps"] = tuple(known.get("steps", ()))
        known["diagnostics"] = tuple(Reading(*reading) for reading in known.get("diagnostics", ()))
        known["watched"] = {name: tuple(epochs) for name, epochs in known.get("watched", {}).items()}
        outcomes = known.get("outcomes")
        known["outcomes"] = None if outcomes is None else ImageOutcomes.from_json(outcomes)
        return cls(**known)
