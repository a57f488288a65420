"""When a training has gone wrong for good, told from the losses of its steps."""

import math
from collections.abc import Sequence

import numpy as np

#: A loss above this many times its starting value, for this many steps in a row, will not come back.
FACTOR = 3.0
PATIENCE = 100


def divergence(step_losses: Sequence[float]) -> str:
    """Return in words what is wrong with the losses of all steps so far, or ""."""
    if not all(map(math.isfinite, step_losses)):
        return "the loss was not finite"
    if longest_run(step_losses) >= PATIENCE:
        return f"the loss stayed above {FACTOR:g} times its starting value for {PATIENCE} steps,"
    return ""


def longest_run(step_losses: Sequence[float]) -> int:
    """Return for how many steps in a row, at most, the loss lay above FACTOR times the first step's."""
    losses = np.asarray(step_losses, dtype=np.float64)
    below = np.flatnonzero(np.concatenate([[True], losses <= FACTOR * losses[:1], [True]]))
    return int(np.diff(below).max()) - 1
