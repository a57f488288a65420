"""The report's learning-rate schedules: (optimizer, total_epochs, steps_per_epoch, **parameters), one value an epoch.

e = 0, 1, 2, … is the epoch, lr0 the learning rate the optimizer was made with.
"""

from abc import abstractmethod
from math import cos, pi

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class ClosedForm(LRScheduler):
    """A schedule lr(e) = lr0 · factor(e), recomputed at each epoch, so that no rounding adds up."""

    @abstractmethod
    def factor(self, epoch: int) -> float:
        """Return the share of the learning rate in an epoch, counted from 0."""

    def get_lr(self) -> list[float]:  # type: ignore[override]  # torch allows tensors too, these are numbers
        """Return the rate of each parameter group in the present epoch."""
        return [float(base) * self.factor(self.last_epoch) for base in self.base_lrs]

    _get_closed_form_lr = get_lr


class ExponentialDecay(ClosedForm):
    """lr(e) = lr0 · gammaᵉ."""

    def __init__(self, optimizer: Optimizer, total_epochs: int, steps_per_epoch: int, gamma: float = 0.95) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def factor(self, epoch: int) -> float:
        """Return gammaᵉ."""
        return self.gamma**epoch


class CosineAnnealing(ClosedForm):
    """lr(e) = η_min + (lr0 − η_min)(1 + cos(π e / t_max)) / 2 with η_min = eta_min_ratio · lr0.

    Beyond t_max the formula continues: the rate rises again and is back at lr0 in epoch 2 t_max.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        total_epochs: int,
        steps_per_epoch: int,
        t_max: int = 50,
        eta_min_ratio: float = 0.0,
    ) -> None:
        self.t_max = t_max
        self.eta_min_ratio = eta_min_ratio
        super().__init__(optimizer)

    def factor(self, epoch: int) -> float:
        """Return the cosine's height between eta_min_ratio and 1."""
        return half_cosine(epoch / self.t_max, self.eta_min_ratio)


class WarmupCosine(ClosedForm):
    """lr(e) = lr0 (e + 1) / warmup_epochs while e < warmup_epochs, then cosine annealing until t_max.

    The cosine starts where the warm-up ends: its progress is (e − warmup_epochs) / (t_max − warmup_epochs). Beyond
    t_max the formula continues and the rate rises again. Raises ValueError if the warm-up leaves the cosine no epoch.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        total_epochs: int,
        steps_per_epoch: int,
        warmup_epochs: int = 5,
        t_max: int = 50,
        eta_min_ratio: float = 0.0,
    ) -> None:
        if warmup_epochs >= t_max:
            raise ValueError(f"warmup-cosine: warmup_epochs {warmup_epochs} is not below t_max {t_max}.")
        self.warmup_epochs = warmup_epochs
        self.t_max = t_max
        self.eta_min_ratio = eta_min_ratio
        super().__init__(optimizer)

    def factor(self, epoch: int) -> float:
        """Return the rise's or the cosine's height."""
        if epoch < self.warmup_epochs:
            return (epoch + 1) / self.warmup_epochs
        return half_cosine((epoch - self.warmup_epochs) / (self.t_max - self.warmup_epochs), self.eta_min_ratio)


def half_cosine(progress: float, lowest: float) -> float:
    """Return the cosine that falls from 1 at progress 0 to the lowest value at progress 1."""
    return lowest + (1 - lowest) * (1 + cos(pi * progress)) / 2
