"""schedulefree's optimizers behind dlbench's contract: (parameters, learning_rate, **options).

They train at one point and evaluate at another, the average: the engine calls their train() and eval().
"""

from collections.abc import Iterable
from typing import Any

import schedulefree
from torch import Tensor
from torch.optim import Optimizer


def sgd(parameters: Iterable[Tensor], learning_rate: float, **options: Any) -> Optimizer:
    """Build schedule-free gradient descent."""
    made: Optimizer = schedulefree.SGDScheduleFree(list(parameters), lr=learning_rate, **options)
    return made


def adamw(
    parameters: Iterable[Tensor], learning_rate: float, beta1: float = 0.9, beta2: float = 0.999, **options: Any
) -> Optimizer:
    """Build schedule-free AdamW."""
    made: Optimizer = schedulefree.AdamWScheduleFree(
        list(parameters), lr=learning_rate, betas=(beta1, beta2), **options
    )
    return made


def radam(
    parameters: Iterable[Tensor], learning_rate: float, beta1: float = 0.9, beta2: float = 0.999, **options: Any
) -> Optimizer:
    """Build schedule-free RAdam."""
    made: Optimizer = schedulefree.RAdamScheduleFree(
        list(parameters), lr=learning_rate, betas=(beta1, beta2), **options
    )
    return made
