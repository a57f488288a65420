"""The epoch under way: what its steps have left so far. Nothing of it leaves the device before the last step."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass(eq=False, kw_only=True)
class EpochProgress:
    """The steps of an epoch so far.

    learning_rate: at the epoch's start. order, augmentation: the states of these generators before they drew this
    epoch. losses: of each step, on the device. sizes: images of each step. hits: right predictions. seconds: of
    training.
    """

    learning_rate: float
    order: Tensor
    augmentation: Tensor
    hits: Tensor
    losses: list[Tensor] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def steps(self) -> int:
        """Return how many steps are done."""
        return len(self.sizes)

    def add(self, loss: Tensor, hits: Tensor, size: int) -> None:
        """Take a step in."""
        self.losses.append(loss)
        self.sizes.append(size)
        self.hits += hits

    def summary(self) -> tuple[float, float, list[float]]:
        """Return the mean loss and accuracy over the images seen, and each step's loss."""
        steps: list[float] = torch.stack(self.losses).tolist()
        seen = sum(self.sizes)
        total = math.fsum(loss * size for loss, size in zip(steps, self.sizes, strict=True))
        return total / seen, int(self.hits) / seen, steps

    def state_dict(self) -> dict[str, Any]:
        """Return the part as tensors and plain containers."""
        return {
            "learning_rate": self.learning_rate,
            "order": self.order,
            "augmentation": self.augmentation,
            "hits": self.hits,
            "losses": torch.stack(self.losses),
            "sizes": list(self.sizes),
            "seconds": self.seconds,
        }

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any], device: torch.device) -> "EpochProgress":
        """Read a part back, its sums on a device."""
        losses = list(state["losses"].to(device).unbind())
        return cls(**{**state, "hits": state["hits"].to(device), "losses": losses})
