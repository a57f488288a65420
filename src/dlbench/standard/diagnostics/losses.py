"""Diagnostics of the training loss step by step: oscillation, divergence."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch

Values = Iterator[tuple[str, str, float]]
#: A loss that stays this many times above where it began for this many steps has diverged.
_FACTOR, _STEPS = 3.0, 100


def step_loss(
    model: Any,
    probe_images: Any,
    probe_labels: Any,
    loss: Any,
    *,
    step_losses: Sequence[Sequence[float]],
    window: int = 11,
) -> Values:
    """Give the epoch's loss oscillation and whether the training has diverged by then (1, else 0).

    Oscillation: the standard deviation of the losses around their centred moving average over a window of steps; none
    for an epoch shorter than two windows. Diverged: a loss that is not finite, or 100 steps in a row above three times
    the first loss (both are our definitions).
    """
    losses = torch.tensor(step_losses[-1], dtype=torch.float64)
    if len(losses) >= 2 * window:
        average = losses.unfold(0, window, 1).mean(1)
        start = (window - 1) // 2
        yield "", "loss_oscillation", float((losses[start : start + len(average)] - average).std(correction=0))
    yield "", "loss_divergence", float(diverged([loss for epoch in step_losses for loss in epoch]))


def diverged(losses: Sequence[float]) -> bool:
    """Return whether a sequence of step losses has diverged."""
    run = 0
    for value in losses:
        if not math.isfinite(value):
            return True
        run = run + 1 if value > _FACTOR * losses[0] else 0
        if run >= _STEPS:
            return True
    return False
