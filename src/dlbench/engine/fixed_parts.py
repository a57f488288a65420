"""What a recorded step fixes of a training, as a value that is equal for two trainings that could share the step."""

import enum
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from types import BuiltinFunctionType, FunctionType
from typing import Any

import torch
from torch import Tensor, nn, optim

from dlbench.engine.state import TrainingSetup

_PLAIN = (
    *(type(None), bool, int, float, complex, str, bytes, enum.Enum, type),
    *(torch.dtype, torch.device, torch.memory_format, BuiltinFunctionType),
)


class Unshareable(Exception):  # noqa: N818  # nothing went wrong
    """A training holds something that another could not be shown to have too."""


def copied_tensors(setup: TrainingSetup) -> list[Tensor]:
    """Return the tensors of which each training has its own values, in an order that follows from its structure."""
    optimizer, normalization = setup.optimizer, setup.train_feed.normalization
    found = [*setup.model.parameters(), *setup.model.buffers(), normalization.scale, normalization.shift]
    for values in _numbers(optimizer):
        found += [value for value in values.values() if isinstance(value, Tensor)]
    return found


def _numbers(optimizer: optim.Optimizer) -> list[dict[str, Any]]:
    """Return the values that an optimizer computes with: of each group, and its state of each parameter.

    Others in its groups belong to schedules. A checkpoint changes the order of either.
    """
    found: list[dict[str, Any]] = []
    for group in optimizer.param_groups:
        found.append({name: group[name] for name in sorted(optimizer.defaults)})
        found += [dict(sorted(optimizer.state[parameter].items())) for parameter in group["params"]]
    return found


def data_tensors(setup: TrainingSetup) -> list[Tensor]:
    """Return the tensors that are the same for all trainings on a data set."""
    return [setup.train_feed.images, setup.train_feed.labels]


def fixed_parts(setup: TrainingSetup) -> object:
    """Return what a recorded step fixes but the settings: structure, numbers, and how tensors lie in memory.

    Raises Unshareable for what cannot be compared, such as tensors outside parameters and buffers, or closures.
    """
    optimizer = setup.optimizer
    if not type(optimizer).__module__.startswith("torch.optim."):  # another's may keep anything anywhere
        raise Unshareable(type(optimizer).__name__)
    tensors = [*copied_tensors(setup), *data_tensors(setup)]
    describe = _Description(tensors, list(setup.model.modules()))
    trained = [group["params"] for group in optimizer.param_groups]
    hooks = [value for name, value in vars(optimizer).items() if name.endswith("_hooks")]
    return [
        _layouts(tensors),
        [(type(module), describe(vars(module))) for module in describe.modules],
        [type(optimizer), describe(trained), describe(_numbers(optimizer)), describe(hooks)],
    ]


def _layouts(tensors: Sequence[Tensor]) -> list[tuple[object, ...]]:
    """Return how tensors lie in memory, and which share it."""
    memory = [tensor.untyped_storage().data_ptr() for tensor in tensors]
    return [
        (t.shape, t.stride(), t.storage_offset(), t.dtype, t.device, t.requires_grad, memory.index(place))
        for t, place in zip(tensors, memory, strict=True)
    ]


class _Description:
    """Describes values; known tensors and modules by their number."""

    def __init__(self, tensors: Sequence[Tensor], modules: Sequence[nn.Module]) -> None:
        self.modules = modules
        self._numbers = {id(each): number for number, each in enumerate((*tensors, *modules))}

    def __call__(self, value: Any) -> object:
        match value:
            case Tensor() | nn.Module():
                if id(value) not in self._numbers:
                    raise Unshareable(type(value).__name__)
                return ("number", self._numbers[id(value)])
            case _ if isinstance(value, _PLAIN):
                return (type(value), value)
            case FunctionType() if value.__closure__ is None:
                return value
            case partial():
                return ("partial", self(value.func), self(value.args), self(value.keywords))
            case Mapping():
                return (type(value), [(self(name), self(each)) for name, each in value.items()])
            case set() | frozenset() if all(isinstance(each, str) for each in value):
                return (type(value), sorted(value))
            case list() | tuple() | deque():
                return (type(value), [self(each) for each in value])
        raise Unshareable(type(value).__name__)
