"""Residual networks of basic or bottleneck blocks (He et al. 2015): `resnet`, `custom_resnet` and all between."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor, nn

from dlbench_resnet_depth.layers import convolution

ActivationMaker = Callable[[], nn.Module]

_STEM_CHANNELS = 64
#: A bottleneck is as wide inside as a quarter of its output.
_EXPANSION = 4


class ResidualBlock(nn.Module):
    """Compute after(body(x) + shortcut(x))."""

    def __init__(self, body: nn.Module, shortcut: nn.Module, after: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut
        self.after = after

    def forward(self, x: Tensor) -> Tensor:
        """Return features (N, outputs, H / stride, W / stride), rounded up."""
        features: Tensor = self.after(self.body(x) + self.shortcut(x))
        return features


def basic_body(inputs: int, outputs: int, stride: int, activation: ActivationMaker) -> nn.Module:
    """Build two 3×3 convolutions with batch norm, an activation between them."""
    return nn.Sequential(
        *convolution(inputs, outputs, 3, stride),
        activation(),
        *convolution(outputs, outputs, 3),
    )


def bottleneck_body(inputs: int, outputs: int, stride: int, activation: ActivationMaker) -> nn.Module:
    """Build 1×1 down, 3×3 with the stride, 1×1 up, each with batch norm, activations between them."""
    inside = outputs // _EXPANSION
    return nn.Sequential(
        *convolution(inputs, inside, 1),
        activation(),
        *convolution(inside, inside, 3, stride),
        activation(),
        *convolution(inside, outputs, 1),
    )


_BODIES = {"basic": basic_body, "bottleneck": bottleneck_body}


def residual_block(
    inputs: int, outputs: int, stride: int, activation: ActivationMaker, block: str, dropout: float
) -> ResidualBlock:
    """Build a block that ends with its activation, then dropout if any.

    The shortcut is a 1×1 convolution with batch norm where the shape changes.
    """
    reshapes = stride > 1 or inputs != outputs
    return ResidualBlock(
        body=_BODIES[block](inputs, outputs, stride, activation),
        shortcut=nn.Sequential(*convolution(inputs, outputs, 1, stride)) if reshapes else nn.Identity(),
        after=nn.Sequential(activation(), nn.Dropout(dropout)) if dropout else activation(),
    )


def resnet(
    input_shape: tuple[int, int, int],
    num_classes: int,
    activation: ActivationMaker,
    blocks: Sequence[int] = (2, 2, 2),
    block: str = "basic",
    dropout: float = 0.0,
) -> nn.Module:
    """Build a residual network whose stages have 64, 128, 256, … channels and first strides 1, 2, 2, ….

    blocks: how many each stage has. block: "basic" or "bottleneck". Images may be of any size: every layer
    rounds up, so that a map of 1×1 stays one.
    """
    stem = nn.Sequential(*convolution(input_shape[0], _STEM_CHANNELS, 7, stride=2), activation())
    parts: OrderedDict[str, nn.Module] = OrderedDict(stem=stem)
    inputs = _STEM_CHANNELS
    for stage, count in enumerate(blocks):
        outputs = _STEM_CHANNELS * 2**stage
        widths = [inputs] + [outputs] * (count - 1)
        strides = [2 if stage else 1] + [1] * (count - 1)
        layers = [
            residual_block(width, outputs, stride, activation, block, dropout)
            for width, stride in zip(widths, strides, strict=True)
        ]
        parts[f"stage{stage + 1}"] = nn.Sequential(*layers)
        inputs = outputs
    parts |= {"pool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten(), "classifier": nn.Linear(inputs, num_classes)}
    return nn.Sequential(parts)


#: The report's own: a stage and blocks more, bottlenecks, dropout.
custom_resnet = partial(resnet, blocks=(3, 4, 6, 3), block="bottleneck", dropout=0.2)
