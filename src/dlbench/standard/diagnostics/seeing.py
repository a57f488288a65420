"""Every activation of a network while it works: modules, and functions as far as torch can tell.

Seen are torch.nn's activation modules, a stranger's modules that map each entry by itself, and torch's activation
functions wherever they are called. Not seen are arithmetic that amounts to an activation (x * (x > 0)), custom autograd
functions outside a module of their own, gates (GLU), softmax, and what runs compiled or scripted.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from dlbench.standard.diagnostics.elementwise import FUNCTIONS, Map, is_activation

#: Images of one forward pass: what is kept of a large network's activations stays small.
CHUNK = 128
_CONVOLUTIONS = ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")


@dataclass(frozen=True, eq=False)
class Seen:
    """One activation at work on a part of the probe.

    layer: the module's name; of a function, the name of the module that calls it, and its own. unit: the dimension of
    the units: a convolution's channels, otherwise the features of a linear layer, which come last.
    """

    layer: str
    function: Map
    input: Tensor
    output: Tensor
    unit: int

    def by_unit(self, entries: Tensor) -> Tensor:
        """Return entries of the output's shape as (units, whatever else)."""
        return entries.movedim(self.unit, 0).flatten(1)


def see_activations(model: nn.Module, images: Tensor, see: Callable[[Seen], None]) -> None:
    """Run images through a model, without gradients, and show each activation in the order of its work."""
    for part in images.split(CHUNK):
        with _Eyes(see) as eyes, eyes.on(model), torch.no_grad():
            model(part)


@dataclass(eq=False)
class _Eyes(TorchFunctionMode):
    """Sees functions as torch's mode for them, and modules by hooks that tell where the functions are called."""

    see: Callable[[Seen], None]
    path: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    unit: int = 1
    closed: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        name = getattr(function, "__name__", "")
        if self.closed:
            return function(*args, **given)
        if name == "linear" or name in _CONVOLUTIONS:
            self.unit = -1 if name == "linear" else 1
        plain = name.strip("_")
        if plain not in FUNCTIONS and not _is_rectifier(plain, args, given):
            return function(*args, **given)
        x, *rest = args or [given.pop("input")]
        before = x.detach().clone()
        output = function(x, *rest, **given)
        layer = ".".join(filter(None, (*self.path[-1:], "relu" if plain.startswith("clamp") else plain)))
        self._show(layer, lambda z: function(z, *rest, **given), before, output)
        return output

    @contextmanager
    def on(self, model: nn.Module) -> Iterator[None]:
        """Watch the modules of a model."""
        hooks = []
        for name, module in model.named_modules():
            eye = _ModuleEye(self, name)
            hooks += [module.register_forward_pre_hook(eye.enter), module.register_forward_hook(eye.leave)]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    @contextmanager
    def shut(self) -> Iterator[None]:
        """See nothing for a while."""
        before, self.closed = self.closed, True
        try:
            yield
        finally:
            self.closed = before

    def _show(self, layer: str, function: Map, x: Tensor, output: Any) -> None:
        """Show one activation; a second one of the same name gets a number."""
        self.counts[layer] += 1
        name = layer if self.counts[layer] == 1 else f"{layer}-{self.counts[layer]}"
        unit = self.unit if output.ndim > 1 else 0
        with self.shut():
            self.see(Seen(name, function, x, output.detach(), unit))


class _ModuleEye:
    """What is seen of one module: where it begins and ends and, of an activation, its work."""

    def __init__(self, eyes: _Eyes, name: str) -> None:
        self.eyes = eyes
        self.name = name
        self.before: list[Tensor | None] = []

    def enter(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        """Note the input of an activation; what it calls inside is its own business."""
        eyes, x = self.eyes, inputs[0] if inputs else None
        eyes.path.append(self.name)
        found = None
        if not eyes.closed and self.name and isinstance(x, Tensor) and x.ndim:
            with eyes.shut():
                if is_activation(module, x, eyes.unit if x.ndim > 1 else 0):
                    found = x.detach().clone()
        self.before.append(found)
        eyes.closed = eyes.closed or found is not None

    def leave(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        """Show the activation's work."""
        x = self.before.pop()
        self.eyes.path.pop()
        if x is not None:
            self.eyes.closed = False
            self.eyes._show(self.name, module, x, output)


def _is_rectifier(name: str, args: tuple[Any, ...], given: dict[str, Any]) -> bool:
    """Return whether a call is max(0, x) under another name: clamp(min=0) without an upper limit."""
    low = given.get("min", args[1] if len(args) > 1 else None)
    high = given.get("max", args[2] if len(args) > 2 else None)
    return name in ("clamp", "clamp_min") and isinstance(low, int | float) and low == 0 and high is None
