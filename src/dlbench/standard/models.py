"""The built-in models. Images come as (N, C, H, W); logits leave as (N, num_classes)."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod

from torch import nn


def mlp(
    input_shape: tuple[int, int, int],
    num_classes: int,
    activation: Callable[[], nn.Module],
    hidden: Sequence[int] = (128, 64),
    dropout: float = 0.0,
) -> nn.Module:
    """Build a multi-layer perceptron; each hidden layer has an activation of its own, then dropout if any."""
    widths = [prod(input_shape), *hidden]
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), activation()]
        if dropout:
            layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(widths[-1], num_classes))


def linear(
    input_shape: tuple[int, int, int], num_classes: int, activation: Callable[[], nn.Module] | None
) -> nn.Module:
    """Build a logistic regression; it has no place for an activation."""
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(input_shape), num_classes))
