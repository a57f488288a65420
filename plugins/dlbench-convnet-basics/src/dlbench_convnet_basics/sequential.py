"""The third level of the API: networks as an nn.Sequential of layers."""

from collections.abc import Callable
from math import prod

from torch import nn

from dlbench_convnet_basics.initialisation import convolution, linear


def two_layer_fc(
    input_shape: tuple[int, int, int],
    num_classes: int,
    activation: Callable[[], nn.Module],
    hidden: int = 4000,
    bias: bool = True,
    initialisation: str = "kaiming-normal",
) -> nn.Module:
    """Build one wide hidden layer on the flattened image."""
    return nn.Sequential(
        nn.Flatten(),
        linear(prod(input_shape), hidden, initialisation, bias),
        activation(),
        linear(hidden, num_classes, initialisation, bias),
    )


def three_layer_convnet(
    input_shape: tuple[int, int, int],
    num_classes: int,
    activation: Callable[[], nn.Module],
    channel_1: int = 32,
    channel_2: int = 16,
    initialisation: str = "kaiming-normal",
) -> nn.Module:
    """Build two convolutions that keep height and width, then a linear layer."""
    channels, height, width = input_shape
    return nn.Sequential(
        convolution(channels, channel_1, 5, initialisation),
        activation(),
        convolution(channel_1, channel_2, 3, initialisation),
        activation(),
        nn.Flatten(),
        linear(channel_2 * height * width, num_classes, initialisation),
    )
