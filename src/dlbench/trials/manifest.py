"""The manifest of a run folder, as observers and readers get it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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
