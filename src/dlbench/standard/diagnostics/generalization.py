"""Diagnostics on images that were not trained on: the generalisation gap, and calibration."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from dlbench.standard.diagnostics.double import in_double
from dlbench.standard.diagnostics.gradients import Batches, Loss

Values = Iterator[tuple[str, str, float]]
_BATCH = 250
_BINS = 15


def generalization_gap(
    model: nn.Module,
    probe_images: Tensor,
    probe_labels: Tensor,
    loss: Loss,
    *,
    training_batches: Batches,
    held_out_batches: Batches,
    images: int = 1000,
) -> Values:
    """Give training − validation accuracy and validation − training loss, both in eval mode after the epoch.

    The training figures of epochs.csv are averages over the epoch's steps, with dropout on. images: of either side,
    or all that it has.
    """
    trained, held_out = (_logits(model, batches, images) for batches in (training_batches, held_out_batches))
    yield "", "evaluation_accuracy_gap", _accuracy(*trained) - _accuracy(*held_out)
    yield "", "evaluation_loss_gap", float(loss(*held_out)) - float(loss(*trained))


def calibration(
    model: nn.Module,
    probe_images: Tensor,
    probe_labels: Tensor,
    loss: Any,
    *,
    held_out_batches: Batches,
    images: int = 1000,
) -> Values:
    """Give the expected calibration error, the negative log-likelihood and the Brier score on validation images.

    Guo et al. 2017, arXiv 1706.04599, with 15 bins of equal width; the Brier score is summed over classes.
    images: how many, or all that there are.
    """
    found, labels = _logits(model, held_out_batches, images)
    logits = in_double(found)
    labels = labels.to(logits.device)
    probabilities = logits.softmax(1)
    correct = probabilities.gather(1, labels[:, None])
    truth = torch.zeros_like(probabilities).scatter_(1, labels[:, None], 1.0)
    yield "", "calibration_error", calibration_error(probabilities, labels)
    yield "", "negative_log_likelihood", -float(logits.log_softmax(1).gather(1, labels[:, None]).mean())
    yield "", "brier_score", float((probabilities - truth).square().sum(1).mean()) if len(correct) else math.nan


def calibration_error(probabilities: Tensor, labels: Tensor, bins: int = _BINS) -> float:
    """Return Σ (|B|/N) |accuracy − confidence| over bins of equal width of the highest probability."""
    confidence, predicted = probabilities.max(1)
    hits = (predicted == labels).to(confidence.dtype)
    places = (confidence * bins).ceil().long().clamp(1, bins) - 1  # a bin holds its upper edge, as in the paper
    gaps = torch.zeros(bins, dtype=confidence.dtype, device=confidence.device)
    gaps.index_add_(0, places, hits - confidence)
    return float(gaps.abs().sum()) / len(labels)


def _logits(model: nn.Module, batches: Batches, images: int) -> tuple[Tensor, Tensor]:
    """Return logits and labels of the first images."""
    logits, labels, seen = [], [], 0
    with torch.no_grad():
        for part, target in batches(_BATCH):
            room = images - seen
            if room <= 0:
                break
            logits.append(model(part[:room]).float())
            labels.append(target[:room])
            seen += len(labels[-1])
    return torch.cat(logits), torch.cat(labels)


def _accuracy(logits: Tensor, labels: Tensor) -> float:
    return float(in_double(logits.argmax(1) == labels).mean())
