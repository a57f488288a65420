"""The report's free choice: a deeper network with batch norm. Layers begin as torch initializes them."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from torch import nn

#: Output channels of the convolutions of the two stages.
_STAGES = ((64, 32, 32), (32, 16, 16))
_FIRST_SIZE, _SIZE = 5, 3
_SHRINK = 2 ** len(_STAGES)
_POOLINGS: Mapping[str, Callable[[int], nn.Module]] = MappingProxyType({"max": nn.MaxPool2d, "average": nn.AvgPool2d})


def open_ended_cnn(
    input_shape: tuple[int, int, int],
    num_classes: int,
    activation: Callable[[], nn.Module],
    pooling: str = "max",
    batch_norm: bool = True,
    convolutions: int = 3,
) -> nn.Module:
    """Build two stages of convolutions, each ended by a 2×2 pooling, and a linear layer on what is left.

    pooling: "max", "average" or "none". convolutions: how many of each stage's three to keep, the first ones.
    Raises ValueError for images that two poolings leave nothing of.
    """
    channels, height, width = input_shape
    if min(height, width) < _SHRINK:
        raise ValueError(
            f"open-ended-cnn halves the image twice: it needs {_SHRINK}×{_SHRINK} pixels, not {height}×{width}."
        )
    layers: list[nn.Module] = []
    for stage in _STAGES:
        kept = stage[:convolutions]
        layers += _stage(channels, kept, activation, batch_norm, first_size=_SIZE if layers else _FIRST_SIZE)
        if pooling != "none":
            layers.append(_POOLINGS[pooling](2))
        channels = kept[-1]
    shrink = 1 if pooling == "none" else _SHRINK
    features = channels * (height // shrink) * (width // shrink)
    layers += [nn.Flatten(), nn.Linear(features, num_classes)]
    if batch_norm:
        layers.append(nn.BatchNorm1d(num_classes))
    return nn.Sequential(*layers)


def _stage(
    inputs: int, channels: Sequence[int], activation: Callable[[], nn.Module], batch_norm: bool, first_size: int
) -> list[nn.Module]:
    """Return convolutions that keep height and width, each with batch norm if wanted and an activation."""
    layers: list[nn.Module] = []
    for outputs in channels:
        size = _SIZE if layers else first_size
        layers.append(nn.Conv2d(inputs, outputs, size, padding=size // 2))
        if batch_norm:
            layers.append(nn.BatchNorm2d(outputs))
        layers.append(activation())
        inputs = outputs
    return layers
