"""The training loop: epochs of steps, a validation after each, the selected weights at the end."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from dlbench.engine.checkpoint import Checkpoints, TrainingState
from dlbench.engine.diagnostics import DiagnosticsRunner
from dlbench.engine.divergence import divergence
from dlbench.engine.epoch import EpochProgress
from dlbench.engine.evaluation import Evaluation, cross_entropy, evaluate, logits_of
from dlbench.engine.feed import Batch, Feed
from dlbench.engine.schedule_free import evaluation_weights, switch_mode
from dlbench.engine.state import Row, Step, Trained, TrainingSetup
from dlbench.engine.stopped_time import running_time
from dlbench.engine.stopping import BestWeights, EarlyStopping, monitored
from dlbench.engine.warmup import warm_up


def train(
    setup: TrainingSetup,
    best_weights: BestWeights,
    early_stopping: EarlyStopping,
    on_epoch: Callable[[Row], None],
    diagnostics: DiagnosticsRunner | None = None,
    checkpoints: Checkpoints | None = None,
) -> Trained:
    """Train until the last epoch, an early stop or a divergence; the model ends with the selected weights.

    diagnostics: run off the clock, at the weights that are evaluated. checkpoints: where the training resumes from and
    saves its state. Raises Interrupted when the training is asked to stop.
    """
    result = Trained()
    checkpoints = checkpoints or Checkpoints()
    warm_up(setup)
    progress = checkpoints.begin(TrainingState(setup, best_weights, early_stopping, result, diagnostics))
    step = diagnostics.step if diagnostics else setup.step
    for epoch in range(len(result.rows) + 1, setup.epochs + 1):
        progress = progress or begin_epoch(setup)
        loss, accuracy, step_losses = train_epoch(setup, step, progress, checkpoints)
        result.step_losses += step_losses
        with evaluation_weights(setup):
            validation = evaluate_on(setup, setup.validation_feed)
            row = _row(epoch, setup, progress, loss, accuracy, validation)
            row |= best_weights.update(row, setup.model)
            result.diverged = divergence(result.step_losses)
            stop = bool(result.diverged) or early_stopping.should_stop(row)
            if diagnostics:
                diagnostics.measure(setup, epoch, step_losses, last=stop or epoch == setup.epochs)
        progress = None
        result.rows.append(row)
        on_epoch(row)
        if stop:
            break
        step_schedule(setup, row)
    result.selected_epoch = best_weights.restore(setup.model)
    return result


def _row(
    epoch: int,
    setup: TrainingSetup,
    progress: EpochProgress,
    loss: float,
    accuracy: float,
    validation: Evaluation,
) -> Row:
    """Return the columns of an epoch."""
    return {
        "epoch": epoch,
        "learning_rate": progress.learning_rate,
        "train_loss": loss,
        "train_accuracy": accuracy,
        "validation_loss": validation.loss,
        "validation_accuracy": validation.accuracy,
        "validation_balanced_accuracy": validation.balanced_accuracy,
        **({"validation_objective": validation.objective} if setup.criterion is not cross_entropy else {}),
        "seconds": progress.seconds,
        "images_per_second": len(setup.train_feed) / progress.seconds,
    }


def begin_epoch(setup: TrainingSetup) -> EpochProgress:
    """Return the progress of an epoch before its first step."""
    correct = torch.zeros((), device=setup.train_feed.indices.device, dtype=torch.int64)
    rate = float(setup.optimizer.param_groups[0]["lr"])
    order, augmentation = setup.order.get_state(), setup.augmentation.generator.get_state()
    return EpochProgress(learning_rate=rate, order=order, augmentation=augmentation, correct=correct)


def train_epoch(
    setup: TrainingSetup,
    step: Step | None = None,
    progress: EpochProgress | None = None,
    checkpoints: Checkpoints | None = None,
) -> tuple[float, float, list[float]]:
    """Train an epoch, or the rest of one; return the mean loss and accuracy over its images, and each step's loss.

    Dropout and augmentation are on. Nothing leaves the device before the last step, except for a checkpoint. step:
    replaces the setup's own.
    """
    step, progress, checkpoints = step or setup.step, progress or begin_epoch(setup), checkpoints or Checkpoints()
    started = clock(setup)
    setup.model.train()
    switch_mode(setup.optimizer, "train")
    for batch in setup.train_feed.shuffled(setup.batch_size, setup.order, setup.augmentation, skip=progress.steps):
        progress.add(*step(setup, batch), size=len(batch))
        if checkpoints.due():
            progress.seconds += clock(setup) - started
            checkpoints.save(progress)
            started = clock(setup)
    progress.seconds += clock(setup) - started
    return progress.summary()


def train_step(setup: TrainingSetup, batch: Batch) -> tuple[Tensor, Tensor]:
    """Do one step: read, forward, backward, clip, update, and the schedule if it steps each step."""
    outcome = update(setup, batch)
    step_schedule_within(setup)
    return outcome


def update(setup: TrainingSetup, batch: Batch) -> tuple[Tensor, Tensor]:
    """Do the device's part of a step: read, forward, backward, clip, update.

    Returns the loss and the number of correct predictions.
    """
    images, labels = setup.train_feed.read(batch, setup.augmentation)
    with setup.autocast():
        logits = logits_of(setup.model, images, setup.num_classes)
        loss = setup.criterion(logits.float() if logits.dtype != torch.float64 else logits, labels)
    setup.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if setup.gradient_clip is not None:
        nn.utils.clip_grad_norm_(setup.model.parameters(), setup.gradient_clip)
    setup.optimizer.step()
    return loss.detach(), (logits.detach().argmax(1) == labels).sum()


def step_schedule_within(setup: TrainingSetup) -> None:
    """Step a schedule that steps each step."""
    if setup.interval == "step" and isinstance(setup.schedule, LRScheduler):
        setup.schedule.step()


def step_schedule(setup: TrainingSetup, row: Row) -> None:
    """Step a schedule that steps each epoch; a plateau schedule gets the monitored metric."""
    if isinstance(setup.schedule, ReduceLROnPlateau):
        setup.schedule.step(monitored(row, setup.monitor))
    elif setup.interval == "epoch":
        setup.schedule.step()


def evaluate_on(setup: TrainingSetup, feed: Feed) -> Evaluation:
    """Evaluate the model on a feed in the training's precision."""
    return evaluate(setup.model, feed, setup.criterion, setup.num_classes, setup.autocast)


def clock(setup: TrainingSetup) -> float:
    """Return the time that this process has run, after the device has finished all queued work."""
    device = setup.train_feed.indices.device
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
    return running_time()
