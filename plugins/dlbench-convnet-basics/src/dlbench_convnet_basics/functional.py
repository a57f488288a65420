"""The first level of the API: networks as functions over a list of tensors."""

from collections.abc import Callable, Iterable, Sequence
from math import prod

from torch import Tensor, nn
from torch.nn import functional as F

from dlbench_convnet_basics.initialisation import tensors

#: (images (N, C, H, W), tensors, activations) to scores (N, classes).
Scores = Callable[[Tensor, Sequence[Tensor], Sequence[nn.Module]], Tensor]


def two_layer_fc_scores(images: Tensor, tensors: Sequence[Tensor], activations: Sequence[nn.Module]) -> Tensor:
    """Compute the scores of `two-layer-fc`. tensors: weight, bias of each layer, or the two weights alone."""
    half = len(tensors) // 2
    (weight_1, *bias_1), (weight_2, *bias_2) = tensors[:half], tensors[half:]
    (act,) = activations
    hidden = act(F.linear(images.flatten(1), weight_1, *bias_1))
    return F.linear(hidden, weight_2, *bias_2)


def three_layer_convnet_scores(images: Tensor, tensors: Sequence[Tensor], activations: Sequence[nn.Module]) -> Tensor:
    """Compute the scores of `three-layer-convnet`. tensors: weight and bias of each of the three layers."""
    conv_weight_1, conv_bias_1, conv_weight_2, conv_bias_2, weight, bias = tensors
    act_1, act_2 = activations
    features = act_1(F.conv2d(images, conv_weight_1, conv_bias_1, padding=2))
    features = act_2(F.conv2d(features, conv_weight_2, conv_bias_2, padding=1))
    return F.linear(features.flatten(1), weight, bias)


class FunctionalNetwork(nn.Module):
    """Hold the tensors and activations of a network that is a function: an optimizer and an engine want a module."""

    def __init__(self, scores: Scores, tensors: Iterable[Tensor], activations: Iterable[nn.Module]) -> None:
        super().__init__()
        self.scores = scores
        self.tensors = nn.ParameterList(tensors)
        self.activations = nn.ModuleList(activations)

    def forward(self, images: Tensor) -> Tensor:
        """Return scores (N, classes)."""
        return self.scores(images, list(self.tensors), list(self.activations))


def two_layer_fc(
    input_shape: tuple[int, int, int],
    num_classes: int,
    activation: Callable[[], nn.Module],
    hidden: int = 4000,
    bias: bool = True,
    initialisation: str = "kaiming-normal",
) -> nn.Module:
    """Build `two-layer-fc` over four tensors, or over two where it has no biases."""
    shapes = [(hidden, prod(input_shape)), (num_classes, hidden)]
    return FunctionalNetwork(two_layer_fc_scores, _tensors(shapes, initialisation, bias), [activation()])


def three_layer_convnet(
    input_shape: tuple[int, int, int],
    num_classes: int,
    activation: Callable[[], nn.Module],
    channel_1: int = 32,
    channel_2: int = 16,
    initialisation: str = "kaiming-normal",
) -> nn.Module:
    """Build `three-layer-convnet` over six tensors."""
    channels, height, width = input_shape
    shapes = [
        (channel_1, channels, 5, 5),
        (channel_2, channel_1, 3, 3),
        (num_classes, channel_2 * height * width),
    ]
    return FunctionalNetwork(three_layer_convnet_scores, _tensors(shapes, initialisation), [activation(), activation()])


def _tensors(shapes: Iterable[tuple[int, ...]], initialisation: str, bias: bool = True) -> list[Tensor]:
    """Return the tensors of layers with the given weights' shapes: each weight, and its bias if wanted."""
    return [tensor for shape in shapes for tensor in tensors(shape, bias, initialisation)]
