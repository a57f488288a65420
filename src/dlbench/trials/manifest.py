"""The manifest of a run folder, as observers and readers get it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The manifest of a run folder: the plan and the sessions.

    schema: version of the file format.
    name: name of the run.
    plan: axes, variants (label, axis values, variant_id), seeds and what is held fixed.
    sessions: for each session its command, versions, hardware, commit, start and end.
    """

    schema: int
    name: str
    plan: Mapping[str, Any]
    sessions: tuple[Mapping[str, Any], ...] = ()

    @property
    def planned(self) -> int:
        """Return how many trials its plan has, those of the noise floor among them."""
        return len(self.plan["variants"]) * len(self.plan["seeds"]) + len(self.plan.get("noise_floor", ()))
