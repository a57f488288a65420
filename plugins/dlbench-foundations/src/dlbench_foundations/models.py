"""LeNet-5 and a small ResNet. Images come as (N, C, H, W); logits leave as (N, num_classes)."""

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor, nn

Activation = Callable[[], nn.Module]


def lenet5(input_shape: tuple[int, int, int], num_classes: int, activation: Activation) -> nn.Module:
    """Build LeNet-5 with max pooling and an activation of choice; 62,006 parameters for 3×32×32 and ten classes.

    Raises ValueError for images smaller than 16×16: their second pooling would leave nothing.
    """
    channels, height, width = input_shape
    rows, columns = (_after_two_stages(size) for size in (height, width))
    if rows < 1 or columns < 1:
        raise ValueError(f"lenet5 takes images of at least 16×16 pixels, not {height}×{width}.")
    return nn.Sequential(
        nn.Conv2d(channels, 6, kernel_size=5),
        activation(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, kernel_size=5),
        activation(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * rows * columns, 120),
        activation(),
        nn.Linear(120, 84),
        activation(),
        nn.Linear(84, num_classes),
    )


def _after_two_stages(size: int) -> int:
    """Return what two stages of a 5×5 convolution without padding and a 2×2 pooling leave of a height or width."""
    for _ in range(2):
        size = (size - 4) // 2
    return size


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions with batch norm, added to the shortcut, then the activation (arXiv 1512.03385, figure 2).

    The first convolution has the stride. The shortcut is the identity, or a 1×1 convolution with batch norm where
    the shape changes.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, activation: Activation) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            *convolution(inputs, outputs, 3, stride), activation(), *convolution(outputs, outputs, 3, 1)
        )
        same_shape = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same_shape else nn.Sequential(*convolution(inputs, outputs, 1, stride))
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, H / stride, W / stride), halves rounded up."""
        y: Tensor = self.activation(self.residual(x) + self.shortcut(x))
        return y


def convolution(inputs: int, outputs: int, size: int, stride: int) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """Return a padded convolution and its batch norm, which makes a bias needless."""
    return (
        nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


def simplified_resnet(input_shape: tuple[int, int, int], num_classes: int, activation: Activation) -> nn.Module:
    """Build a ResNet of three stages of three blocks; 272,474 parameters for 3×32×32 and ten classes."""
    widths = (16, 16, 32, 64)
    blocks = []
    for (inputs, outputs), first_stride in zip(pairwise(widths), (1, 2, 2), strict=True):
        blocks += [
            ResidualBlock(inputs, outputs, first_stride, activation),
            ResidualBlock(outputs, outputs, 1, activation),
            ResidualBlock(outputs, outputs, 1, activation),
        ]
    return nn.Sequential(
        *convolution(input_shape[0], widths[0], 3, 1),
        activation(),
        *blocks,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(widths[-1], num_classes),
    )
