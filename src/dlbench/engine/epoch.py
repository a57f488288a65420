"""The progress of the current epoch. None of it leaves the device before the last step."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass(eq=False, kw_only=True)
class EpochProgress:
    """The completed steps of an epoch.

    learning_rate: at the start of the epoch.
    order: the state of this generator before the epoch's first draw.
    augmentation: likewise.
    correct: the number of correct predictions, on the device.
    losses: of each step, on the device.
    sizes: images of each step.
    seconds: of training.
    """

    learning_rate: float
    order: Tensor
    augmentation: Tensor
    correct: Tensor
    losses: list[Tensor] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def steps(self) -> int:
        """Return the number of completed steps."""
        return len(self.sizes)

    def add(self, loss: Tensor, correct: Tensor, size: int) -> None:
        """Record a step."""
        self.losses.append(loss)
        self.sizes.append(size)
        self.correct += correct

    def summary(self) -> tuple[float, float, list[float]]:
        """Return the mean loss and accuracy over the images seen, and each step's loss."""
        steps: list[float] = torch.stack(self.losses).tolist()
        seen = sum(self.sizes)
        total = math.fsum(loss * size for loss, size in zip(steps, self.sizes, strict=True))
        return total / seen, int(self.correct) / seen, steps

    def state_dict(self) -> dict[str, Any]:
        """Return the progress as tensors and plain containers."""
        return {
            "learning_rate": self.learning_rate,
            "order": self.order,
            "augmentation": self.augmentation,
            "hits": self.correct,  # its name in checkpoints
            "losses": torch.stack(self.losses),
            "sizes": list(self.sizes),
            "seconds": self.seconds,
        }

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any], device: torch.device) -> "EpochProgress":
        """Return the progress that a state describes, its sums on a device."""
        values = dict(state)
        correct, losses = values.pop("hits").to(device), list(values.pop("losses").to(device).unbind())
        return cls(**values, correct=correct, losses=losses)
