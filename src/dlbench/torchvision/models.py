"""torchvision's classification models, untrained, adapted to the images and classes of a data set.

Nothing is downloaded: the weights are always random. Auxiliary classifiers are off.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torchvision
from torch import nn

from dlbench.torchvision.classifiers import CLASSIFIERS, Classifier

#: What torchvision's networks put between their layers. Sigmoid and Hardsigmoid are squeeze-excitation's gates.
ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU, nn.GELU, nn.Tanh)
#: Swin v2's position bias comes from a network of its own, which sees no image.
_POSITION_BIAS = "cpb_mlp"
_OPTIONS: dict[str, dict[str, Any]] = {
    # init_weights keeps torchvision from warning that the default will change.
    "googlenet": {"aux_logits": False, "init_weights": True},
    "inception_v3": {"aux_logits": False, "init_weights": True},
}


def __getattr__(name: str) -> Callable[..., nn.Module]:
    """Return the factory of one model under torchvision's own name."""
    classifiers = {classifier.name: classifier for classifier in CLASSIFIERS}
    if name not in classifiers:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return partial(build, classifiers[name])


def build(
    classifier: Classifier,
    input_shape: tuple[int, int, int],
    num_classes: int,
    activation: Callable[[], nn.Module] | None = None,
) -> nn.Module:
    """Build a model; activation None keeps its own.

    Raises ValueError where the architecture cannot take the image size or another activation.
    """
    channels, height, width = input_shape
    options = _OPTIONS.get(classifier.name, {}) | _size_options(classifier, height, width)
    model: nn.Module = torchvision.models.get_model(classifier.name, weights=None, num_classes=num_classes, **options)
    if channels != 3:
        adapt_channels(model, channels)
    if activation is not None and not replace_activations(model, activation):
        raise ValueError(f"{classifier.name} calls its activation as a function: none can be put in its place.")
    return model


def _size_options(classifier: Classifier, height: int, width: int) -> dict[str, Any]:
    """Return how a network of a fixed size gets its size."""
    if classifier.size_multiple == 1:
        return {}
    if height != width or height % classifier.size_multiple:
        raise ValueError(
            f"{classifier.name} takes square images whose side is a multiple of {classifier.size_multiple} pixels, "
            f"not {height}×{width}."
        )
    return {"input_size": (height, width)} if classifier.name.startswith("maxvit") else {"image_size": height}


def adapt_channels(model: nn.Module, channels: int) -> None:
    """Give the first convolution another number of input channels, its weights as the network initializes them."""
    first = next(layer for layer in model.modules() if isinstance(layer, nn.Conv2d))
    repeated = torch.arange(channels, device=first.weight.device) % first.in_channels
    first.weight = nn.Parameter(first.weight.detach()[:, repeated].clone())
    first.in_channels = channels


def replace_activations(model: nn.Module, activation: Callable[[], nn.Module]) -> int:
    """Put a fresh activation in every place of the network's own, and return in how many.

    A module used several times in a block stays one module used as often.
    """
    own = [
        name for name, layer in model.named_modules() if isinstance(layer, ACTIVATIONS) and _POSITION_BIAS not in name
    ]
    for name in own:
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, activation())
    for layer in model.modules():
        # What the backward pass of another activation needs must not be overwritten by the layer behind it.
        if getattr(layer, "inplace", False):
            layer.inplace = False  # type: ignore[assignment]  # nn.Module types every attribute as Tensor | Module
    return len(own)
