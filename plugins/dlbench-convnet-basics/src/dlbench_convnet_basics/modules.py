"""The second level of the API: networks as subclasses of nn.Module."""

from collections.abc import Callable
from math import prod

from torch import Tensor, nn

from dlbench_convnet_basics.initialisation import convolution, linear


class TwoLayerFC(nn.Module):
    """One wide hidden layer on the flattened image."""

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        num_classes: int,
        activation: Callable[[], nn.Module],
        hidden: int = 4000,
        bias: bool = True,
        initialisation: str = "kaiming-normal",
    ) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.fc1 = linear(prod(input_shape), hidden, initialisation, bias)
        self.act1 = activation()
        self.fc2 = linear(hidden, num_classes, initialisation, bias)

    def forward(self, images: Tensor) -> Tensor:
        """Return scores (N, classes)."""
        hidden = self.act1(self.fc1(self.flatten(images)))
        scores: Tensor = self.fc2(hidden)
        return scores


class ThreeLayerConvNet(nn.Module):
    """Two convolutions that keep height and width, then a linear layer."""

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        num_classes: int,
        activation: Callable[[], nn.Module],
        channel_1: int = 32,
        channel_2: int = 16,
        initialisation: str = "kaiming-normal",
    ) -> None:
        super().__init__()
        channels, height, width = input_shape
        self.conv1 = convolution(channels, channel_1, 5, initialisation)
        self.act1 = activation()
        self.conv2 = convolution(channel_1, channel_2, 3, initialisation)
        self.act2 = activation()
        self.flatten = nn.Flatten()
        self.fc = linear(channel_2 * height * width, num_classes, initialisation)

    def forward(self, images: Tensor) -> Tensor:
        """Return scores (N, classes)."""
        features = self.act1(self.conv1(images))
        features = self.act2(self.conv2(features))
        scores: Tensor = self.fc(self.flatten(features))
        return scores


# A class builds its network when called; under these names it is the factory that the other levels have.
two_layer_fc = TwoLayerFC
three_layer_convnet = ThreeLayerConvNet
