"""What a unit needs of the machine that trains it."""

from dataclasses import dataclass
from typing import Any

from dlbench.trials.identity import shallow_fields


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a unit needs of its node; an executor's own parameters may say otherwise.

    cpus: cores, one a thread of a trial.
    gpus: 1 for a trial on a GPU. An executor that lets several share one reserves a fraction.
    memory_mb: the most that similar trials took before, None where there were none.
    """

    cpus: int = 1
    gpus: float = 0.0
    memory_mb: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON content."""
        return shallow_fields(self)
