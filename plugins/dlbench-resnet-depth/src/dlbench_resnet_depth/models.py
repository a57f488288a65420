"""The two networks without shortcuts. Images come as (N, C, H, W); logits leave as (N, num_classes)."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod

from torch import nn

from dlbench_resnet_depth.layers import convolution

_CNN_CHANNELS = (64, 128, 256)


def dnn(
    input_shape: tuple[int, int, int],
    num_classes: int,
    activation: Callable[[], nn.Module],
    hidden: Sequence[int] = (512, 256),
) -> nn.Module:
    """Build a fully connected network, an activation after each hidden layer and no normalization."""
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise((prod(input_shape), *hidden)):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], num_classes))


def cnn(input_shape: tuple[int, int, int], num_classes: int, activation: Callable[[], nn.Module]) -> nn.Module:
    """Build pairs of 3×3 convolutions with 64, 128 and 256 channels, each pair followed by a 2×2 max pooling.

    Raises ValueError for images that three poolings leave nothing of.
    """
    channels, height, width = input_shape
    shrink = 2 ** len(_CNN_CHANNELS)
    if min(height, width) < shrink:
        raise ValueError(f"cnn halves the image three times: it needs {shrink}×{shrink} pixels, not {height}×{width}.")
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise((channels, *_CNN_CHANNELS)):
        layers += [*convolution(inputs, outputs, 3), activation()]
        layers += [*convolution(outputs, outputs, 3), activation(), nn.MaxPool2d(2)]
    features = _CNN_CHANNELS[-1] * (height // shrink) * (width // shrink)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, num_classes))
