"""What a diagnostic promises: `factory(model, probe_images, probe_labels, loss)` yields (layer, name, value)."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from dlbench.components.records import Diagnostic
from dlbench.testing.promises import Subject, promise


def measure(subject: Subject[Diagnostic], model: nn.Module) -> list[Any]:
    """Return what it says of a small convolutional network."""
    images, labels = torch.randn(8, 1, 8, 8), torch.arange(8) % 3
    record = subject.record
    given = {name: value for name, value in _needed(model).items() if name in record.needs}
    return list(subject.factory(model, images, labels, nn.functional.cross_entropy, **given, **subject.parameters))


def _needed(model: nn.Module) -> dict[str, Any]:
    """Return all that a record may need beside: see dlbench.Diagnostic."""

    def batches(size: int) -> Iterator[tuple[Tensor, Tensor]]:
        return ((torch.randn(size, 1, 8, 8), torch.arange(size) % 3) for _ in range(40))

    before = {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
    return {
        "training_batches": batches,
        "held_out_batches": batches,
        "update": {name: (weight, 0.999 * weight) for name, weight in before.items()},
        "step_losses": ((1.1, 1.0) * 40, (0.9, 0.8) * 40),
        "learning_rate": 1e-3,
    }


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
def yields_numbers(subject: Subject[Diagnostic]) -> Iterator[str]:
    """Look at every row."""
    for row in measure(subject, network()):
        if not isinstance(row, tuple) or len(row) != 3:
            yield f"it yielded {row!r}"
            continue
        layer, name, value = row
        if not isinstance(layer, str) or not isinstance(name, str) or not math.isfinite(float(value)):
            yield f"it yielded {row!r}"


@promise("yields the values that its record names")
def yields_its_values(subject: Subject[Diagnostic]) -> Iterator[str]:
    """Compare the names: they are what a user judges and claims by."""
    record = subject.record
    for name in sorted({str(row[1]) for row in measure(subject, network()) if len(row) == 3} - set(record.value_names)):
        yield f"it yielded {name!r}, which is not among its record's values: {', '.join(record.value_names)}"


@promise("leaves the model as it was")
def leaves_the_model(subject: Subject[Diagnostic]) -> Iterator[str]:
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


PROMISES = (yields_numbers, yields_its_values, leaves_the_model)
