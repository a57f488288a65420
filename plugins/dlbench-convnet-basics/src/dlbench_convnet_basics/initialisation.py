"""How a layer's weights and biases begin: as the report draws them, as torch does, or at zero."""

from collections.abc import Callable, Mapping
from math import sqrt
from types import MappingProxyType
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)
Shape = tuple[int, ...]


def random_weight(shape: Shape) -> Tensor:
    """Draw weights (outputs, inputs, …) of mean 0 and deviation sqrt(2 / fan_in); the fan-in is what one output sums.

    Source: He et al. 2015, arXiv 1502.01852.
    """
    return nn.init.kaiming_normal_(torch.empty(shape), nonlinearity="relu")


def zero_weight(shape: Shape) -> Tensor:
    """Return zeros."""
    return torch.zeros(shape)


def kaiming_normal(shape: Shape) -> tuple[Tensor, Tensor]:
    """Return the report's weight and bias: Kaiming normal, and zeros."""
    return random_weight(shape), zero_weight(shape[:1])


def torch_uniform(shape: Shape) -> tuple[Tensor, Tensor]:
    """Draw weight and bias as torch's own layers do: uniform within ± 1 / sqrt(fan_in)."""
    weight = nn.init.kaiming_uniform_(torch.empty(shape), a=sqrt(5))
    limit = 1 / sqrt(weight[0].numel())
    return weight, torch.empty(shape[:1]).uniform_(-limit, limit)


def zero(shape: Shape) -> tuple[Tensor, Tensor]:
    """Return zeros for both: no gradient reaches a hidden layer, and only the last layer's bias learns."""
    return zero_weight(shape), zero_weight(shape[:1])


INITIALISATIONS: Mapping[str, Callable[[Shape], tuple[Tensor, Tensor]]] = MappingProxyType(
    {"kaiming-normal": kaiming_normal, "torch": torch_uniform, "zero": zero}
)


def tensors(shape: Shape, bias: bool, initialisation: str) -> list[Tensor]:
    """Return a layer's weight (outputs, inputs, …) and, if wanted, its bias."""
    return list(INITIALISATIONS[initialisation](shape)[: 1 + bias])


def linear(inputs: int, outputs: int, initialisation: str, bias: bool = True) -> nn.Linear:
    """Build a linear layer that begins as named."""
    layer: nn.Linear = skip_init(nn.Linear, inputs, outputs, bias=bias)
    return _initialized(layer, initialisation)


def convolution(inputs: int, outputs: int, size: int, initialisation: str) -> nn.Conv2d:
    """Build a convolution of odd size that keeps height and width and begins as named."""
    layer: nn.Conv2d = skip_init(nn.Conv2d, inputs, outputs, size, padding=size // 2)
    return _initialized(layer, initialisation)


def _initialized(layer: Layer, initialisation: str) -> Layer:
    # torch's own initialisation is skipped, not overwritten: it would draw random numbers that the functions
    # over tensors do not draw, and one seed would no longer give all levels the same weights.
    weight, *bias = tensors(tuple(layer.weight.shape), layer.bias is not None, initialisation)
    layer.weight = nn.Parameter(weight)
    if bias:
        layer.bias = nn.Parameter(bias[0])
    return layer
