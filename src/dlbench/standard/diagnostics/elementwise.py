"""Activations as maps of single entries: telling them from other layers, their slopes, and whether they are bounded."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Map = Callable[[Tensor], Tensor]

#: torch.nn's activations that map each entry by itself.
MODULES = (
    *(nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus),
    *(nn.Hardswish, nn.Hardtanh, nn.Hardsigmoid, nn.Tanh, nn.Sigmoid, nn.LogSigmoid, nn.Softsign, nn.Tanhshrink),
    *(nn.Softshrink, nn.Hardshrink, nn.Threshold),
)
#: The same as functions of torch, by name; F.threshold begins with an underscore, what works in place ends in one.
FUNCTIONS = frozenset(
    (
        *("relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus"),
        *("hardswish", "hardtanh", "hardsigmoid", "tanh", "sigmoid", "log_sigmoid", "softsign", "tanhshrink"),
        *("softshrink", "hardshrink", "threshold"),
    )
)
_IMAGES = 8
_FAR = (-1e4, -1e2, 1e2, 1e4)


def is_activation(module: nn.Module, x: Tensor, unit: int) -> bool:
    """Return whether a module maps each entry of its input by itself, and not linearly.

    torch's own are known by their class; any other without weights of a layer is tried on a few of its inputs. A slope
    of its own for each unit is allowed. unit: the dimension of the units.
    """
    if isinstance(module, MODULES):
        return True
    if type(module).__module__.startswith("torch.nn.") or any(p.ndim > 1 for p in module.parameters()):
        return False
    try:
        return _is_elementwise(module, x[:_IMAGES].detach(), unit)
    except Exception:  # it takes only inputs of its own kind: not an activation
        return False


def _is_elementwise(function: Map, x: Tensor, unit: int) -> bool:
    y = function(x.clone())
    if not isinstance(y, Tensor) or y.shape != x.shape or not x.is_floating_point():
        return False
    columns = x.movedim(unit, 0).flatten(1)
    order = torch.rand(columns.shape, device=x.device).argsort(1)  # of each unit's entries by themselves
    shape = x.movedim(unit, 0).shape
    shuffled = function(columns.gather(1, order).view(shape).movedim(0, unit))
    if not torch.allclose(shuffled.movedim(unit, 0).flatten(1), y.movedim(unit, 0).flatten(1).gather(1, order)):
        return False
    zero = function(torch.zeros_like(x))
    odd = torch.allclose(function(-x) + y, 2 * zero, atol=1e-5)
    homogeneous = torch.allclose(function(2 * x) - 2 * y + zero, torch.zeros_like(x), atol=1e-5)
    return not (odd and homogeneous)


def slopes(function: Map, x: Tensor) -> Tensor:
    """Return φ′(x) of each entry."""
    with torch.enable_grad():
        inputs = x.detach().requires_grad_()
        (found,) = torch.autograd.grad(function(inputs.clone()).sum(), inputs)  # some activations work in place
    return found


def steepest_slope(function: Map, x: Tensor) -> float | None:
    """Return max|φ′| of a bounded activation, None of one that is not, or that cannot be tried on other inputs.

    x: an input, for its type and device.
    """
    try:
        ends = function(x.new_tensor(_FAR))
        if not ends.isfinite().all() or (ends[[0, 3]] - ends[[1, 2]]).abs().max() > 0.05:
            return None
        return float(slopes(function, torch.linspace(-8, 8, 1601, dtype=x.dtype, device=x.device)).abs().max())
    except Exception:  # one slope a unit fits no other shape
        return None
