"""What the networks are made of: convolutions that keep the image's size, pooling, normalization, a classifier."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import nn

Activation = Callable[[], nn.Module]
Block = list[nn.Module]

#: Krizhevsky et al. 2012, section 3.3: b = a / (k + α Σ a²)^β, the sum over n neighbouring channels.
NEIGHBOURS, K, ALPHA, BETA = 5, 2.0, 1e-4, 0.75


def convolution(inputs: int, outputs: int, size: int, activation: Activation) -> Block:
    """Return a convolution and its activation."""
    return [nn.Conv2d(inputs, outputs, size, padding=size // 2), activation()]


def normalized_convolution(inputs: int, outputs: int, activation: Activation) -> Block:
    """Return a 3×3 convolution, its batch norm and its activation."""
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), activation()]


def pooling(overlapping: bool) -> nn.Module:
    """Return max pooling of windows side by side (2×2) or overlapping (3×3, padded), both at stride 2."""
    return nn.MaxPool2d(3, stride=2, padding=1) if overlapping else nn.MaxPool2d(2)


def alexnet_normalization() -> nn.Module:
    """Return AlexNet's normalization across channels.

    torch divides α by the number of neighbours, the paper does not; so it is multiplied here.
    """
    return nn.LocalResponseNorm(NEIGHBOURS, alpha=NEIGHBOURS * ALPHA, beta=BETA, k=K)


def classifier(inputs: int, hidden: Sequence[int], num_classes: int, activation: Activation, dropout: float) -> Block:
    """Return the layers from a stack of channels to logits; each hidden layer has an activation and dropout."""
    widths = [inputs, *hidden]
    layers: Block = [nn.Flatten()]
    for pair in pairwise(widths):
        layers += [nn.Linear(*pair), activation(), nn.Dropout(dropout)]
    return [*layers, nn.Linear(widths[-1], num_classes)]
