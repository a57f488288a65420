"""Diagnostics of gradients and steps: norms by layer, update to weight, gradient noise."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from dlbench.standard.diagnostics.double import in_double
from dlbench.standard.diagnostics.seeing import CHUNK

Values = Iterator[tuple[str, str, float]]
Loss = Callable[[Tensor, Tensor], Tensor]
Batches = Callable[[int], Iterable[tuple[Tensor, Tensor]]]


def trained_parameters(model: nn.Module) -> list[Tensor]:
    """Return the parameters that are trained."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def mean_gradient(
    model: nn.Module, images: Tensor, labels: Tensor, loss: Loss, parameters: Sequence[Tensor]
) -> list[Tensor]:
    """Return the gradient of the mean loss; zeros of parameters that it does not depend on."""
    total = [torch.zeros_like(parameter) for parameter in parameters]
    for part, target in zip(images.split(CHUNK), labels.split(CHUNK), strict=True):
        gradients = torch.autograd.grad(loss(model(part), target), parameters, allow_unused=True)
        for place, gradient in zip(total, gradients, strict=True):
            if gradient is not None:
                place += gradient * (len(target) / len(labels))
    return total


def squared_norm(tensors: Iterable[Tensor]) -> float:
    """Return the squared norm of tensors as one vector."""
    return math.fsum(float(in_double(tensor).square().sum()) for tensor in tensors)


class _FirstUse(TorchFunctionMode):
    """Notes when a forward pass comes to a parameter: by the function that takes it, else by its module."""

    def __init__(self) -> None:
        super().__init__()
        self.by_function: dict[int, int] = {}
        self.by_module: dict[int, int] = {}

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        for argument in (*args, *(kwargs or {}).values()):
            if isinstance(argument, nn.Parameter):
                self.by_function.setdefault(id(argument), self._now)
        return function(*args, **(kwargs or {}))

    def enter(self, module: nn.Module, inputs: Any) -> None:
        """Note the module's own parameters."""
        for parameter in module.parameters(recurse=False):
            self.by_module.setdefault(id(parameter), self._now)

    @property
    def _now(self) -> int:
        return len(self.by_function) + len(self.by_module)

    def place(self, parameter: Tensor) -> float:
        """Return when a parameter was first used; what was never seen comes last."""
        return self.by_function.get(id(parameter), self.by_module.get(id(parameter), math.inf))


def weights_by_layer(model: nn.Module, images: Tensor) -> dict[str, tuple[str, Tensor]]:
    """Return the trained weights of two and more dimensions by layer, in the order in which a forward pass uses them.

    A value is the parameter's name and the parameter. A layer is named as its module, or as the parameter itself where
    that is no module's "weight".
    """
    order = _FirstUse()
    hooks = [module.register_forward_pre_hook(order.enter) for module in model.modules()]
    with torch.no_grad(), order:
        model(images[:2])
    for hook in hooks:
        hook.remove()
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad and p.ndim > 1]
    named.sort(key=lambda pair: order.place(pair[1]))
    return {name.removesuffix(".weight"): (name, parameter) for name, parameter in named}


def gradient_norm(model: nn.Module, probe_images: Tensor, probe_labels: Tensor, loss: Loss) -> Values:
    """Give ‖∂L/∂W‖ / √numel of each layer's weights, and the vanishing ratio: the first layer's over the last's.

    Pascanu, Mikolov & Bengio 2013, arXiv 1211.5063. We call a ratio below 1e-3 vanishing and one above 1e3 exploding.
    """
    weights = weights_by_layer(model, probe_images)
    gradients = mean_gradient(model, probe_images, probe_labels, loss, [weight for _, weight in weights.values()])
    norms = {
        layer: math.sqrt(squared_norm([gradient]) / gradient.numel())
        for layer, gradient in zip(weights, gradients, strict=True)
    }
    for layer, norm in norms.items():
        yield layer, "gradient_norm", norm
    if norms:
        ordered = tuple(norms.values())
        yield "", "vanishing_ratio", ordered[0] / ordered[-1] if ordered[-1] else math.nan


def update_ratio(
    model: nn.Module,
    probe_images: Tensor,
    probe_labels: Tensor,
    loss: Loss,
    *,
    update: Mapping[str, tuple[Tensor, Tensor]],
) -> Values:
    """Give ‖ΔW‖ / ‖W‖ of each layer's weights in the epoch's last whole step; about 1e-3 is healthy.

    Karpathy, CS231n notes, "Ratio of weights:updates".
    """
    for layer, (name, _) in weights_by_layer(model, probe_images).items():
        before, after = update[name]
        size = math.sqrt(squared_norm([before]))
        yield layer, "update_ratio", math.sqrt(squared_norm([after - before])) / size if size else math.nan


def gradient_noise_scale(
    model: nn.Module,
    probe_images: Tensor,
    probe_labels: Tensor,
    loss: Loss,
    *,
    training_batches: Batches,
    small: int = 32,
    large: int = 256,
    batches: int = 3,
) -> Values:
    """Give the gradient noise scale tr Σ / |G|², from gradients of small batches and of the large ones they make up.

    McCandlish et al. 2018, arXiv 1812.06162, appendix A.1. In images: the batch size from which on more images a step
    help little. NaN where the noise hides the gradient itself. batches: how many large ones are averaged.
    """
    parameters = trained_parameters(model)
    parts = max(2, large // small)
    small_norms: list[float] = []
    large_norms: list[float] = []
    stream = iter(training_batches(small))
    for _ in range(batches):
        gradients = [
            torch.autograd.grad(loss(model(images), labels), parameters, allow_unused=True)
            for images, labels in islice(stream, parts)
            if len(labels) == small
        ]
        if len(gradients) == parts:
            vectors = [[g for g in gradient if g is not None] for gradient in gradients]
            small_norms += [squared_norm(vector) for vector in vectors]
            large_norms.append(squared_norm(sum(column) / parts for column in zip(*vectors, strict=True)))
    if not large_norms:
        raise ValueError(f"there are fewer than {parts * small} training images for one large batch")
    squared, trace = noise_estimates(small_norms, large_norms, small, parts * small)
    yield "", "gradient_noise_scale", trace / squared if squared > 0 else math.nan
    yield "", "gradient_variance", trace


def noise_estimates(
    small_norms: Sequence[float], large_norms: Sequence[float], small: int, large: int
) -> tuple[float, float]:
    """Return the unbiased estimates of |G|² and tr Σ from squared norms of gradients at two batch sizes."""
    at_small, at_large = math.fsum(small_norms) / len(small_norms), math.fsum(large_norms) / len(large_norms)
    squared = (large * at_large - small * at_small) / (large - small)
    return squared, (at_small - at_large) / (1 / small - 1 / large)
