"""The report's CNNs and a small AlexNet. Images come as (N, C, H, W); logits leave as (N, num_classes)."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from dlbench_cnn_settings.blocks import (
    Activation,
    Block,
    alexnet_normalization,
    classifier,
    convolution,
    normalized_convolution,
    pooling,
)


def simple_cnn(
    input_shape: tuple[int, int, int],
    num_classes: int,
    activation: Activation,
    dropout: float = 0.5,
    overlapping_pooling: bool = False,
    local_response_norm: bool = False,
) -> nn.Module:
    """Build the two-convolution network; 421,834 parameters for 1×28×28 and ten classes.

    Raises ValueError for images smaller than 4×4: two poolings would leave nothing.
    """
    blocks = [
        normalized_convolution(inputs, outputs, activation) for inputs, outputs in pairwise((input_shape[0], 32, 64))
    ]
    sides = _pooled_sides("simple-cnn", input_shape, len(blocks), overlapping_pooling)
    return nn.Sequential(
        *_with_techniques(blocks, overlapping_pooling, local_response_norm),
        *classifier(64 * sides[0] * sides[1], (128,), num_classes, activation, dropout),
    )


def improved_cnn(
    input_shape: tuple[int, int, int],
    num_classes: int,
    activation: Activation,
    dropout: float = 0.5,
    overlapping_pooling: bool = False,
    local_response_norm: bool = False,
) -> nn.Module:
    """Build the deeper network: three blocks of two convolutions; 2,179,210 parameters for 3×32×32 and ten classes.

    Raises ValueError for images smaller than 8×8: three poolings would leave nothing.
    """
    widths = ((input_shape[0], 32, 64), (64, 128, 128), (128, 256, 256))
    blocks = [
        [layer for pair in pairwise(block) for layer in normalized_convolution(*pair, activation)] for block in widths
    ]
    sides = _pooled_sides("improved-cnn", input_shape, len(blocks), overlapping_pooling)
    return nn.Sequential(
        *_with_techniques(blocks, overlapping_pooling, local_response_norm),
        *classifier(256 * sides[0] * sides[1], (256,), num_classes, activation, dropout),
    )


def alexnet_small(
    input_shape: tuple[int, int, int], num_classes: int, activation: Activation, dropout: float = 0.5
) -> nn.Module:
    """Build an AlexNet for 32×32, as wide as one of its two columns; 2,248,906 parameters for ten classes.

    Five convolutions, all at stride 1, and two hidden layers; overlapping pooling after the first, the second and the
    last convolution, local response normalization after the first two, dropout on the hidden layers.
    Raises ValueError for images smaller than 8×8.
    """
    blocks = [
        convolution(input_shape[0], 48, 5, activation),
        convolution(48, 128, 5, activation),
        [
            *convolution(128, 192, 3, activation),
            *convolution(192, 192, 3, activation),
            *convolution(192, 128, 3, activation),
        ],
    ]
    sides = _pooled_sides("alexnet-small", input_shape, len(blocks), overlapping=True)
    return nn.Sequential(
        *_with_techniques(blocks, overlapping=True, normalized=True),
        *classifier(128 * sides[0] * sides[1], (512, 512), num_classes, activation, dropout),
    )


def _with_techniques(blocks: Sequence[Block], overlapping: bool, normalized: bool) -> Block:
    """Join the blocks, each followed by its pooling; as in AlexNet, the first two may be normalized before it."""
    layers: Block = []
    for number, block in enumerate(blocks):
        layers += block
        if normalized and number < 2:
            layers.append(alexnet_normalization())
        layers.append(pooling(overlapping))
    return layers


def _pooled_sides(name: str, input_shape: tuple[int, int, int], poolings: int, overlapping: bool) -> tuple[int, int]:
    """Return the height and width that the poolings leave: halves rounded down, or up where windows overlap."""
    _, height, width = input_shape
    smallest = 2**poolings
    if min(height, width) < smallest:
        raise ValueError(f"{name} takes images of at least {smallest}×{smallest} pixels, not {height}×{width}.")
    for _ in range(poolings):
        height, width = ((side + overlapping) // 2 for side in (height, width))
    return height, width
