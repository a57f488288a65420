"""timm's models, untrained, adapted to the images and classes of a data set. No weights are ever downloaded."""

from collections.abc import Callable
from functools import partial
from typing import Any

import timm
from timm.layers import activations as timm_activations
from timm.models import get_pretrained_cfg_value
from torch import nn

#: What timm's networks put between their layers. Sigmoid, Hardsigmoid and Tanh are gates there.
ACTIVATIONS = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Hardswish),
    *(timm_activations.Swish, timm_activations.Mish, timm_activations.HardSwish, timm_activations.HardMish),
    *(timm_activations.PReLU, timm_activations.GELU, timm_activations.GELUTanh, timm_activations.QuickGELU),
)


def __getattr__(name: str) -> Callable[..., nn.Module]:
    """Return the factory of one model under timm's own name."""
    if name.startswith("__") or not timm.is_model(name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return partial(build, name)


def build(
    name: str,
    input_shape: tuple[int, int, int],
    num_classes: int,
    activation: Callable[[], nn.Module] | None = None,
) -> nn.Module:
    """Build a model; activation None keeps its own.

    Raises ValueError where the architecture cannot be built for the size of the images, or has no activation that
    could be replaced.
    """
    channels, height, width = input_shape
    # A network whose weights depend on the size of its images is told it; the others take any.
    sized: dict[str, Any] = {"img_size": (height, width)} if get_pretrained_cfg_value(name, "fixed_input_size") else {}
    model: nn.Module
    try:
        model = timm.create_model(name, pretrained=False, in_chans=channels, num_classes=num_classes, **sized)
    except (AssertionError, RuntimeError, ValueError, ZeroDivisionError) as error:
        raise ValueError(f"timm cannot build {name} for {channels}×{height}×{width} images: {error}") from error
    if activation is not None and not replace_activations(model, activation):
        raise ValueError(f"{name} has no activation that another could take the place of.")
    return model


def replace_activations(model: nn.Module, activation: Callable[[], nn.Module]) -> int:
    """Put a fresh activation in every place of the network's own, and return in how many."""
    own = [name for name, layer in model.named_modules() if isinstance(layer, ACTIVATIONS)]
    for name in own:
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, activation())
    for layer in model.modules():
        # What the backward pass of another activation needs must not be overwritten by the layer behind it.
        if getattr(layer, "inplace", False):
            layer.inplace = False  # type: ignore[assignment]  # nn.Module types every attribute as Tensor | Module
    return len(own)
