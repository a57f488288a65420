"""What a model holds: its state dict, and the buffers that it leaves out of it."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


def unlisted_buffers(model: nn.Module) -> dict[str, Tensor]:
    """Return the buffers that a model leaves out of its state dict."""
    listed = model.state_dict().keys()
    return {name: buffer for name, buffer in model.named_buffers() if name not in listed}


def restore_unlisted(model: nn.Module, buffers: Mapping[str, Tensor]) -> None:
    """Copy values into the buffers that a model leaves out of its state dict; raises KeyError where one has none."""
    with torch.no_grad():
        for name, buffer in unlisted_buffers(model).items():
            buffer.copy_(buffers[name])


def copied(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a state that later training does not change. A state dict may hold more than tensors."""
    return {
        name: value.detach().clone() if isinstance(value, Tensor) else copy.deepcopy(value)
        for name, value in state.items()
    }
