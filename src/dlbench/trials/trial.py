"""Trials, the work units they travel in, and the records they leave: all JSON-serialisable."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

from dlbench.components.choice import Selection
from dlbench.components.records import Value
from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan, Reading
from dlbench.trials.outcomes import ImageOutcomes
from dlbench.trials.settings import VALUES_BEFORE_INTRODUCED, Settings

Status = Literal["done", "diverged", "failed", "vetoed", "timeout", "oom"]
#: Statuses that answer a trial's question; the others are tried again.
COMPLETED: frozenset[str] = frozenset({"done", "diverged"})
Metrics = Mapping[str, float | int | None]


def canonical_json(content: object) -> str:
    """Return the one JSON text of a content: keys sorted, no spaces, tuples as lists."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(content: object, length: int = 16) -> str:
    """Return the first hexadecimal digits of the SHA-256 of a content's canonical JSON."""
    return sha256(canonical_json(content).encode()).hexdigest()[:length]


def _content(record: Any) -> dict[str, Any]:
    """Return a record's fields by name; unlike asdict, what they hold is not copied: a trial is written out often."""
    return {item.name: getattr(record, item.name) for item in fields(record)}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One combination of components and settings, with one seed.

    activation: a registered activation, or the names "own" (the network's) and "none" (it has none).
    settings: with "auto" resolved before the trial gets its identity.
    dataset_digest, input_shape, num_classes: known once the data set was prepared.
    """

    model: Selection
    activation: Selection
    dataset: Selection
    scheduler: Selection
    optimizer: Selection
    settings: Settings
    seed: int
    dataset_digest: str = ""
    input_shape: tuple[int, int, int] | None = None
    num_classes: int | None = None

    @property
    def components(self) -> dict[str, Selection]:
        """Return the five components by axis."""
        return {
            "model": self.model,
            "activation": self.activation,
            "dataset": self.dataset,
            "scheduler": self.scheduler,
            "optimizer": self.optimizer,
        }

    @cached_property
    def variant_id(self) -> str:
        """Return the identity of the combination, whatever the seed."""
        components = {axis: selection.identity for axis, selection in self.components.items()}
        return digest([components, self.settings.identity, self.dataset_digest])

    @cached_property
    def trial_id(self) -> str:
        """Return the identity of the trial: what decides its numbers, to the last bit."""
        return digest([self.variant_id, self.seed])

    def row(self) -> dict[str, Value]:
        """Return the trial as columns of trials.csv."""
        columns: dict[str, Value] = {axis: selection.text for axis, selection in self.components.items()}
        return columns | self.settings.values | {"seed": self.seed, "dataset_digest": self.dataset_digest}

    def to_json(self) -> dict[str, Any]:
        """Return the trial as JSON content."""
        components = {axis: _content(selection) for axis, selection in self.components.items()}
        return _content(self) | components | {"settings": self.settings.values}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Trial":
        """Read a trial back from JSON content."""
        known = dict(content)
        for axis in ("model", "activation", "dataset", "scheduler", "optimizer"):
            known[axis] = Selection.from_json(known[axis])
        shape = known.get("input_shape")
        known["input_shape"] = tuple(shape) if shape else None
        known["settings"] = Settings(**{**VALUES_BEFORE_INTRODUCED, **known["settings"]})
        return cls(**known)


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
            **_content(self),
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


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """What one trial left: its status and numbers. Accuracies are fractions; seconds count training alone.

    metrics, cost: the columns of trials.csv beside the trial's own. epochs: the rows of epochs.csv.
    confusion: counts on the test set, a row a true class. steps: each step's training loss, where asked for.
    log: what the trial printed, and its traceback. diagnostics: the rows of diagnostics.csv. watched: the epochs at
    which each diagnostic was tried, also those that gave nothing. outcomes: which test images the selected weights
    classified correctly; None for a trial that is not done, and in records from before they were stored.
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

    def row(self) -> dict[str, Value]:
        """Return the record as a row of trials.csv."""
        head: dict[str, Value] = {
            "trial_id": self.trial_id,
            "provenance_id": self.provenance_id,
            "status": self.status,
            "message": self.message,
        }
        return head | self.trial.row() | dict(self.metrics) | dict(self.cost)

    def with_provenance(self, provenance_id: str) -> "TrialRecord":
        """Return the record marked with what stood around its trial."""
        return replace(self, provenance_id=provenance_id)

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON content, with its trial_id for readers of the journal."""
        content = {"trial_id": self.trial_id} | _content(self) | {"trial": self.trial.to_json()}
        outcomes = content.pop("outcomes")  # left out if absent: such a record is written as before there were any
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


@dataclass(frozen=True, kw_only=True)
class TrialStarted:
    """A worker has begun a trial."""

    trial_id: str


@dataclass(frozen=True, kw_only=True)
class EpochFinished:
    """One epoch of one trial is over. metrics: the row of epochs.csv."""

    trial_id: str
    epoch: int
    metrics: Metrics


@dataclass(frozen=True, kw_only=True)
class TrialNoted:
    """Something about a trial that its record does not tell. text: goes on after the trial's name."""

    trial_id: str
    text: str


@dataclass(frozen=True, kw_only=True)
class TrialFinished:
    """One trial is over, whatever its status."""

    record: TrialRecord


Event = TrialStarted | EpochFinished | TrialNoted | TrialFinished
Emit = Callable[[Event], None]


def event_to_json(event: Event) -> dict[str, Any]:
    """Return an event as JSON content."""
    match event:
        case TrialStarted():
            return {"kind": "started", "trial_id": event.trial_id}
        case EpochFinished():
            return {"kind": "epoch", "trial_id": event.trial_id, "epoch": event.epoch, "metrics": dict(event.metrics)}
        case TrialNoted():
            return {"kind": "note", "trial_id": event.trial_id, "text": event.text}
        case TrialFinished():
            return {"kind": "trial", "record": event.record.to_json()}


def event_from_json(content: Mapping[str, Any]) -> Event:
    """Read an event back from JSON content."""
    match content["kind"]:
        case "started":
            return TrialStarted(trial_id=content["trial_id"])
        case "epoch":
            return EpochFinished(trial_id=content["trial_id"], epoch=content["epoch"], metrics=content["metrics"])
        case "note":
            return TrialNoted(trial_id=content["trial_id"], text=content["text"])
    return TrialFinished(record=TrialRecord.from_json(content["record"]))


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a run folder is about: the plan, and for each session what stood around it.

    plan: axes, variants (label, axis values, variant_id), seeds and what is held fixed.
    """

    schema: int
    name: str
    plan: Mapping[str, Any]
    sessions: tuple[Mapping[str, Any], ...] = ()

    @property
    def planned(self) -> int:
        """Return how many trials its plan has, those of the noise floor among them."""
        return len(self.plan["variants"]) * len(self.plan["seeds"]) + len(self.plan.get("noise_floor", ()))
