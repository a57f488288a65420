"""A trial: one combination of components and settings, with one seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dlbench.components.choice import Selection
from dlbench.components.records import Value
from dlbench.trials.identity import digest, shallow_fields
from dlbench.trials.settings import VALUES_BEFORE_INTRODUCED, Settings


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
        components = {axis: shallow_fields(selection) for axis, selection in self.components.items()}
        return shallow_fields(self) | components | {"settings": self.settings.values}

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
