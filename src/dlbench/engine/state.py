"""The records of one training: what it is built from, one step of it, and what it leaves."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn, optim

from dlbench.engine.augmentation import Augmentation
from dlbench.engine.evaluation import Criterion
from dlbench.engine.factories import Schedule
from dlbench.engine.feed import Batch, Feed

#: One epoch: column name to value.
Row = dict[str, float | int | None]


class Step(Protocol):
    """One training step on a batch. Returns its loss and its number of correct predictions, both on the device."""

    def __call__(self, setup: "TrainingSetup", batch: Batch, /) -> tuple[Tensor, Tensor]:
        """Train on a batch."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainingSetup:
    """Everything one training needs, built and on its device.

    model: the network, in training precision.
    optimizer: over the parameters that require a gradient.
    step: how a single step is done.
    schedule: the learning-rate schedule.
    interval: whether the schedule steps each "epoch" or each "step".
    criterion: the mean loss of a batch.
    train_feed: the images to train on.
    validation_feed: the images that select an epoch.
    test_feed: the images of the final score.
    order: the seed stream that shuffles the training images.
    augmentation: the augmentations, with their seed stream.
    autocast: the context of a forward pass.
    num_classes: the number of classes.
    epochs: the largest number of epochs.
    batch_size: images per step.
    gradient_clip: the largest norm of the whole gradient, or None.
    monitor: the metric a plateau schedule watches.
    compiled: whether the model compiles itself on its first call.
    """

    model: nn.Module
    optimizer: optim.Optimizer
    step: Step
    schedule: Schedule
    interval: str
    criterion: Criterion
    train_feed: Feed
    validation_feed: Feed
    test_feed: Feed
    order: torch.Generator
    augmentation: Augmentation
    autocast: Callable[[], AbstractContextManager[object]]
    num_classes: int
    epochs: int
    batch_size: int
    gradient_clip: float | None
    monitor: str
    compiled: bool = False


@dataclass(eq=False)
class Trained:
    """The result of a training.

    rows: one per epoch.
    step_losses: the loss of each step.
    selected_epoch: counted from 1.
    diverged: the reason, or "" where the training did not diverge.
    """

    rows: list[Row] = field(default_factory=list)
    step_losses: list[float] = field(default_factory=list)
    selected_epoch: int = 0
    diverged: str = ""
