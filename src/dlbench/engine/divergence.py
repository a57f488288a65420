"""Whether a training has diverged, judged by the losses of its steps."""

import math
from collections.abc import Sequence

import numpy as np

#: A loss that stays above FACTOR times its starting value for PATIENCE steps in a row will not recover.
FACTOR = 3.0
PATIENCE = 100


def divergence(step_losses: Sequence[float]) -> str:
    """Return how the losses of all steps so far show divergence, or ""."""
    if not all(map(math.isfinite, step_losses)):
        return "the loss was not finite"
    if longest_run(step_losses) >= PATIENCE:
        return f"the loss stayed above {FACTOR:g} times its starting value for {PATIENCE} steps,"
    return ""


def longest_run(step_losses: Sequence[float]) -> int:
    """Return the largest number of consecutive steps with a loss above FACTOR times the first step's."""
    losses = np.asarray(step_losses, dtype=np.float64)
    below = np.flatnonzero(np.concatenate([[True], losses <= FACTOR * losses[:1], [True]]))
    return int(np.diff(below).max()) - 1
