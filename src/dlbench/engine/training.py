"""The training loop: epochs of steps, a validation after each, the selected weights at the end."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor, nn, optim
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from dlbench.engine.augmentation import Augmentation
from dlbench.engine.building import Schedule
from dlbench.engine.checkpoint import Checkpoints, TrainingState
from dlbench.engine.divergence import divergence
from dlbench.engine.epoch import EpochProgress
from dlbench.engine.evaluation import Criterion, Evaluation, evaluate
from dlbench.engine.feed import Batch, Feed
from dlbench.engine.stopping import BestWeights, EarlyStopping
from dlbench.engine.warmup import warm_up

if TYPE_CHECKING:
    from dlbench.engine.diagnostics import Watcher

Row = dict[str, float | int | None]


class Step(Protocol):
    """One step on a batch: its loss, and how many of its images were told right."""

    def __call__(self, use: "TrainingSetup", batch: Batch, /) -> tuple[Tensor, Tensor]:
        """Train on a batch."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainingSetup:
    """All that one training needs, built and on its device. Each generator is a seed stream of the trial.

    step: how a step is done. interval: whether the schedule steps each "epoch" or each "step". monitor: the metric a
    plateau schedule watches. compiled: whether the model compiles itself when it is first called.
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
    """What a training leaves: a row an epoch, the loss of each step, the selected epoch (from 1).

    diverged: what went wrong for good, in words, or "".
    """

    rows: list[Row] = field(default_factory=list)
    step_losses: list[float] = field(default_factory=list)
    selected_epoch: int = 0
    diverged: str = ""


def train(
    use: TrainingSetup,
    selector: BestWeights,
    stopper: EarlyStopping,
    on_epoch: Callable[[Row], None],
    watcher: "Watcher | None" = None,
    checkpoints: Checkpoints | None = None,
) -> Trained:
    """Train until the last epoch, an early stop or a divergence; the model ends with the selected weights.

    watcher: what measures beside, at the weights that are evaluated, off the clock. checkpoints: where the training
    goes on from, and leaves its state every so often. Raises Interrupted when it is asked to stop.
    """
    result = Trained()
    checkpoints = checkpoints or Checkpoints()
    warm_up(use)
    part = checkpoints.begin(TrainingState(use, selector, stopper, result, watcher))
    for epoch in range(len(result.rows) + 1, use.epochs + 1):
        part = part or begin_epoch(use)
        loss, accuracy, step_losses = train_epoch(use, watcher.step if watcher else use.step, part, checkpoints)
        result.step_losses += step_losses
        with evaluation_weights(use):
            validation = evaluate_on(use, use.validation_feed)
            row: Row = {"epoch": epoch, "learning_rate": part.learning_rate}
            row |= {"train_loss": loss, "train_accuracy": accuracy}
            row |= {"validation_loss": validation.loss, "validation_accuracy": validation.accuracy}
            row |= {"seconds": part.seconds, "images_per_second": len(use.train_feed) / part.seconds}
            row |= selector.offer(epoch, validation, use.model)
            result.diverged = divergence(result.step_losses)
            over = bool(result.diverged) or stopper.enough(row)
            if watcher:
                watcher.measure(use, epoch, step_losses, last=over or epoch == use.epochs)
        part = None
        result.rows.append(row)
        on_epoch(row)
        if over:
            break
        step_schedule(use, row)
    result.selected_epoch = selector.restore(use.model)
    return result


def begin_epoch(use: TrainingSetup) -> EpochProgress:
    """Return an epoch of which no step is done."""
    hits = torch.zeros((), device=use.train_feed.indices.device, dtype=torch.int64)
    rate = float(use.optimizer.param_groups[0]["lr"])
    order, augmentation = use.order.get_state(), use.augmentation.generator.get_state()
    return EpochProgress(learning_rate=rate, order=order, augmentation=augmentation, hits=hits)


def train_epoch(
    use: TrainingSetup,
    step: Step | None = None,
    part: EpochProgress | None = None,
    checkpoints: Checkpoints | None = None,
) -> tuple[float, float, list[float]]:
    """Train an epoch, or what it still lacks; return the mean loss and accuracy over its images, each step's loss.

    Dropout and augmentation are on. Nothing leaves the device before the last step, but for a checkpoint. step: the
    ingredients' own, or what wraps it.
    """
    step, part, checkpoints = step or use.step, part or begin_epoch(use), checkpoints or Checkpoints()
    started = clock(use)
    use.model.train()
    switch(use.optimizer, "train")
    for batch in use.train_feed.shuffled(use.batch_size, use.order, use.augmentation, skip=part.steps):
        part.add(*step(use, batch), size=len(batch))
        if checkpoints.due():
            part.seconds += clock(use) - started
            checkpoints.save(part)
            started = clock(use)
    part.seconds += clock(use) - started
    return part.summary()


def train_step(use: TrainingSetup, batch: Batch) -> tuple[Tensor, Tensor]:
    """Do one step: read, forward, backward, clip, update, and the schedule where it steps per step."""
    answer = update(use, batch)
    step_schedule_within(use)
    return answer


def update(use: TrainingSetup, batch: Batch) -> tuple[Tensor, Tensor]:
    """Do what a device does in a step: read, forward, backward, clip, update. Return the loss and the hits."""
    images, labels = use.train_feed.read(batch, use.augmentation)
    with use.autocast():
        logits = use.model(images)
        loss = use.criterion(logits.float() if logits.dtype != torch.float64 else logits, labels)
    use.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if use.gradient_clip is not None:
        nn.utils.clip_grad_norm_(use.model.parameters(), use.gradient_clip)
    use.optimizer.step()
    return loss.detach(), (logits.detach().argmax(1) == labels).sum()


def step_schedule_within(use: TrainingSetup) -> None:
    """Step the schedule that steps per step."""
    if use.interval == "step" and isinstance(use.schedule, LRScheduler):
        use.schedule.step()


def step_schedule(use: TrainingSetup, row: Row) -> None:
    """Step the schedule that steps per epoch, with the monitored metric where it wants one."""
    if isinstance(use.schedule, ReduceLROnPlateau):
        use.schedule.step(float(row[use.monitor] or 0.0))
    elif use.interval == "epoch":
        use.schedule.step()


class evaluation_weights:  # noqa: N801  # a context manager, used like a function
    """Switch an optimizer that evaluates at other weights (schedule-free) over, and back.

    Batch-norm statistics belong to the weights they were gathered with, so they are gathered anew and put back.
    """

    def __init__(self, use: TrainingSetup) -> None:
        self.use = use
        self.kept: list[tuple[nn.modules.batchnorm._BatchNorm, dict[str, Tensor]]] = []

    def __enter__(self) -> None:
        if not switch(self.use.optimizer, "eval"):
            return
        norms = [m for m in self.use.model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
        self.kept = [(norm, {name: b.clone() for name, b in norm.named_buffers()}) for norm in norms]
        if norms:
            gather_statistics(self.use, norms)

    def __exit__(self, *_: object) -> None:
        for norm, buffers in self.kept:
            for name, buffer in norm.named_buffers():
                buffer.copy_(buffers[name])
        switch(self.use.optimizer, "train")


def gather_statistics(use: TrainingSetup, norms: list[nn.modules.batchnorm._BatchNorm], batches: int = 50) -> None:
    """Set batch-norm statistics to their mean over some training batches at the present weights."""
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # None averages over all batches alike
    use.model.train()
    with torch.no_grad(), torch.random.fork_rng():
        for number, (images, _) in enumerate(use.train_feed.in_order(use.batch_size)):
            if number == batches or len(images) == 1:
                break
            with use.autocast():
                use.model(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def switch(optimizer: optim.Optimizer, mode: str) -> bool:
    """Call an optimizer's train() or eval() where it has one; tell whether it has."""
    method = getattr(optimizer, mode, None)
    if callable(method):
        method()
    return callable(method)


def evaluate_on(use: TrainingSetup, feed: Feed) -> Evaluation:
    """Evaluate the model on a feed in the training's precision."""
    return evaluate(use.model, feed, use.criterion, use.num_classes, use.autocast)


def clock(use: TrainingSetup) -> float:
    """Return the time once the device has done all that it was given."""
    device = use.train_feed.indices.device
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter()
