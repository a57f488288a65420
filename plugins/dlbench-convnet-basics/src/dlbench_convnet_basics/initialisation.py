"""The report's initialisation: Kaiming-normal weights, biases of zero, and layers that begin so."""

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)


def random_weight(shape: tuple[int, ...]) -> Tensor:
    """Draw weights (outputs, inputs, …) of mean 0 and deviation sqrt(2 / fan_in); the fan-in is what one output sums.

    Source: He et al. 2015, arXiv 1502.01852.
    """
    return nn.init.kaiming_normal_(torch.empty(shape), nonlinearity="relu")


def zero_weight(shape: tuple[int, ...]) -> Tensor:
    """Return zeros."""
    return torch.zeros(shape)


def linear(inputs: int, outputs: int, bias: bool = True) -> nn.Linear:
    """Build a linear layer with the report's initialisation."""
    layer: nn.Linear = skip_init(nn.Linear, inputs, outputs, bias=bias)
    return _initialised(layer)


def convolution(inputs: int, outputs: int, size: int) -> nn.Conv2d:
    """Build a convolution of odd size that keeps height and width, with the report's initialisation."""
    layer: nn.Conv2d = skip_init(nn.Conv2d, inputs, outputs, size, padding=size // 2)
    return _initialised(layer)


def _initialised(layer: Layer) -> Layer:
    # torch's own initialisation is skipped, not overwritten: it would draw random numbers that the functions
    # over tensors do not draw, and one seed would no longer give all levels the same weights.
    layer.weight = nn.Parameter(random_weight(tuple(layer.weight.shape)))
    if layer.bias is not None:
        layer.bias = nn.Parameter(zero_weight(tuple(layer.bias.shape)))
    return layer
