"""Describe components without training: a model's layers, the curve of an activation or a schedule."""

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from dlbench.components.choice import Selection
from dlbench.components.descriptions import Curve, Layer, ModelDescription, Picture
from dlbench.engine.cost import count_parameters, flops_per_image
from dlbench.engine.factories import activation_maker, build_model, build_optimizer, build_schedule
from dlbench.plugins.registry import Registry
from dlbench.trials.trial import Trial

_POINTS = 401


def describe_model(trial: Trial, registry: Registry) -> ModelDescription:
    """Return the layers that one black image passes in the trial's model.

    What a model computes by functions rather than modules shows in the shapes, not as a layer.
    """
    assert trial.input_shape is not None
    model = build_model(trial, registry).eval()
    image = torch.zeros(1, *trial.input_shape)
    layers: list[Layer] = []
    hooks = [
        module.register_forward_hook(_note(name, layers))
        for name, module in model.named_modules()
        if not list(module.children())
    ]
    with torch.no_grad():
        model(image)
    for hook in hooks:
        hook.remove()
    return ModelDescription(tuple(layers), trial.input_shape, count_parameters(model), flops_per_image(model, image))


def _note(name: str, layers: list[Layer]) -> Callable[[nn.Module, Any, Any], None]:
    def hook(module: nn.Module, _inputs: Any, output: Any) -> None:
        shape = tuple(output.shape[1:]) if isinstance(output, Tensor) else ()
        known = name in {layer.name for layer in layers}
        layers.append(Layer(name, type(module).__name__, shape, 0 if known else count_parameters(module)))

    return hook


def picture_activation(selection: Selection, registry: Registry, limit: float = 4.0) -> Picture:
    """Return an activation and its derivative on [-limit, limit], in eval mode."""
    make = activation_maker(selection, registry)
    assert make is not None
    x = torch.linspace(-limit, limit, _POINTS, dtype=torch.float64, requires_grad=True)
    y = make().double().eval()(x.view(1, 1, 1, -1)).flatten()
    (slope,) = torch.autograd.grad(y.sum(), x)
    places = tuple(x.tolist())
    curves = (Curve("f(x)", places, tuple(y.tolist())), Curve("f'(x)", places, tuple(slope.tolist())))
    return Picture(selection.short, "x", "", curves)


def picture_schedule(trial: Trial, registry: Registry, steps_per_epoch: int) -> Picture:
    """Return the learning rate of every step of a schedule, without any training.

    A plateau schedule gets a metric that never improves.
    """
    parameter = nn.Parameter(torch.zeros(1))
    model = nn.Module()
    model.register_parameter("weight", parameter)
    optimizer = build_optimizer(trial, registry, model)
    schedule, record = build_schedule(trial, registry, optimizer, steps_per_epoch)
    rates: list[float] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a schedule may warn that no optimizer has stepped
        for _ in range(trial.settings.epochs):
            for _ in range(steps_per_epoch):
                rates.append(float(optimizer.param_groups[0]["lr"]))
                if record.interval == "step" and not isinstance(schedule, ReduceLROnPlateau):
                    schedule.step()
            if isinstance(schedule, ReduceLROnPlateau):
                schedule.step(1.0)
            elif record.interval == "epoch":
                schedule.step()
    epochs = tuple(step / steps_per_epoch for step in range(len(rates)))
    return Picture(trial.scheduler.short, "epoch", "learning rate", (Curve("learning rate", epochs, tuple(rates)),))
