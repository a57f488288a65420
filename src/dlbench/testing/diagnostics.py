"""What a diagnostic promises: `factory(model, probe_images, probe_labels, loss)` yields (layer, name, value)."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from dlbench.testing.promises import Subject, promise


def measure(subject: Subject, model: nn.Module) -> list[Any]:
    """Return what it says of a small convolutional network."""
    images, labels = torch.randn(8, 1, 8, 8), torch.arange(8) % 3
    return list(subject.factory(model, images, labels, nn.functional.cross_entropy, **subject.parameters))


def network() -> nn.Module:
    """Return a network with what most diagnostics look at."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(4 * 36, 16),
        nn.Tanh(),
        nn.Linear(16, 3),
    ).eval()


@promise("yields a layer, a name and a finite number")
def yields_numbers(subject: Subject) -> Iterator[str]:
    """Look at every row."""
    for row in measure(subject, network()):
        if not isinstance(row, tuple) or len(row) != 3:
            yield f"it yielded {row!r}"
            continue
        layer, name, value = row
        if not isinstance(layer, str) or not isinstance(name, str) or not math.isfinite(float(value)):
            yield f"it yielded {row!r}"


@promise("leaves the model as it was")
def leaves_the_model(subject: Subject) -> Iterator[str]:
    """Compare weights, statistics, gradients, hooks and mode before and after."""
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    measure(subject, model)
    for name, value in model.state_dict().items():
        if not torch.equal(before[name], value):
            yield f"{name} changed"
    if model.training:
        yield "the model is left in train mode"
    for name, module in model.named_modules():
        if module._forward_hooks or module._forward_pre_hooks or module._backward_hooks:
            yield f"a hook is left on layer {name}"


DIAGNOSTIC_PROMISES = (yields_numbers, leaves_the_model)
