"""A model evaluated on a feed: loss, accuracy, confusion, precision, recall, F1."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlbench.engine.feed import Feed
from dlbench.errors import ContractError

Criterion = Callable[[Tensor, Tensor], Tensor]
#: Evaluation on a CPU is fastest at about this batch size; a GPU would wait for its next kernel.
EVALUATION_BATCH = 250
_ON_ACCELERATORS = 2500


def build_criterion(loss: str, label_smoothing: float) -> Criterion:
    """Return the mean loss of a batch: cross-entropy on logits, or mean squared error against one-hot labels."""
    if loss == "mse":
        return lambda logits, labels: F.mse_loss(logits, F.one_hot(labels, logits.shape[1]).to(logits.dtype))
    if not label_smoothing:
        return cross_entropy
    return lambda logits, labels: F.cross_entropy(logits, labels, label_smoothing=label_smoothing)


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross-entropy of a batch: the loss that every evaluation reports."""
    return F.cross_entropy(logits, labels)


def logits_of(model: nn.Module, images: Tensor, classes: int) -> Tensor:
    """Return a network's logits. Raises ContractError unless there is one for each image and class."""
    logits = model(images)
    wanted = (len(images), classes)
    if isinstance(logits, Tensor) and logits.shape == wanted:
        return logits
    came = (
        f"a tensor of shape {tuple(logits.shape)}"
        if isinstance(logits, Tensor)
        else f"an object of type {type(logits).__name__}"
    )
    raise ContractError(
        f"The network returned {came}, not logits of shape {wanted}, one for each image and class.",
        "A model's factory is given the number of classes: its last layer has as many outputs.",
    )


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model's result on a feed.

    loss: the mean cross-entropy over the images, whatever the model was trained on.
    objective: the mean of what it was trained on.
    accuracy: a fraction.
    confusion: counts, one row per true class.
    correct: whether each image was classified correctly, in the feed's order, on its device.
    """

    loss: float
    objective: float
    accuracy: float
    confusion: Tensor
    correct: Tensor

    @property
    def balanced_accuracy(self) -> float:
        """Return the mean over the classes that there are of the share of their images predicted correctly."""
        counts = self.confusion.double()
        actual = counts.sum(1)
        return float((counts.diagonal()[actual > 0] / actual[actual > 0]).mean())


def evaluate(
    model: nn.Module,
    feed: Feed,
    criterion: Criterion,
    classes: int,
    autocast: Callable[[], AbstractContextManager[object]],
) -> Evaluation:
    """Evaluate in eval mode; nothing leaves the device before the last batch."""
    model.eval()
    device = feed.indices.device
    loss, objective = new_sum(device), new_sum(device)
    apart = criterion is not cross_entropy
    confusion = torch.zeros(classes * classes, dtype=torch.int64, device=device)
    correct: list[Tensor] = []
    batch_size = EVALUATION_BATCH if device.type == "cpu" else _ON_ACCELERATORS
    with torch.inference_mode():
        for images, labels in feed.in_order(batch_size):
            with autocast():
                logits = logits_of(model, images, classes).float()
            loss += cross_entropy(logits, labels) * len(labels)
            if apart:
                objective += criterion(logits, labels) * len(labels)
            predicted = logits.argmax(1)
            confusion += torch.bincount(labels * classes + predicted, minlength=classes * classes)
            correct.append(predicted == labels)
    counts = confusion.view(classes, classes).cpu()
    mean = float(loss) / len(feed)
    return Evaluation(
        loss=mean,
        objective=float(objective) / len(feed) if apart else mean,
        accuracy=float(counts.trace()) / len(feed),
        confusion=counts,
        correct=torch.cat(correct),
    )


def new_sum(device: torch.device) -> Tensor:
    """Return a zero to add losses to, on the device: float64 where the device supports it."""
    return torch.zeros((), device=device, dtype=torch.float32 if device.type == "mps" else torch.float64)


def macro_scores(confusion: Tensor) -> dict[str, float]:
    """Return macro precision, recall and F1: the mean over classes, 0 where a class has no count."""
    counts = confusion.double()
    correct, predicted, actual = counts.diagonal(), counts.sum(0), counts.sum(1)
    precision, recall = correct / predicted.clamp_min(1), correct / actual.clamp_min(1)
    f1 = 2 * correct / (predicted + actual).clamp_min(1)
    scores = {"macro_precision": precision, "macro_recall": recall, "macro_f1": f1}
    present = (predicted + actual) > 0
    return {name: float(score[present].mean()) for name, score in scores.items()}


def oscillation(step_losses: Sequence[float], window: int = 25) -> float | None:
    """Return the standard deviation of per-step losses around their centered moving average over a window of steps.

    None for fewer steps than two windows. The reports call this "batch-level" loss.
    """
    if len(step_losses) < 2 * window:
        return None
    losses = np.asarray(step_losses, dtype=np.float64)
    average = np.convolve(losses, np.full(window, 1 / window), mode="valid")
    margin = window // 2
    return float((losses[margin : len(losses) - margin] - average).std())
