import inspect
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.modules import activation as library

from dlbench.components.records import Activation
from dlbench.standard import activations
from dlbench.standard.activation_records import ACTIVATIONS

LEFT_OUT = {
    "GLU": "halves a dimension",
    "MultiheadAttention": "takes three inputs",
    "Softmax": "needs a dimension, and couples all units along it",
    "Softmin": "needs a dimension, and couples all units along it",
    "LogSoftmax": "needs a dimension, and couples all units along it",
    "Softmax2d": "couples all channels of a pixel, and takes images only",
}
LEFT_OUT_PARAMETERS = {
    "inplace": "changes speed, not numbers, and breaks the backward pass of neighbours",
    "num_parameters": "has to be the width of every layer at once",
    "min_value": "an older name of min_val",
    "max_value": "an older name of max_val",
    "device": "the engine's",
    "dtype": "the engine's",
    "args": "ignored",
    "kwargs": "ignored",
}
RECORDS = {record.name: record for record in ACTIVATIONS}


def build(record: Activation, **parameters: Any) -> nn.Module:
    module, _, name = record.factory.partition(":")
    factory = getattr(nn if module == "torch.nn" else activations, name)
    defaults = {key: parameter.default for key, parameter in record.parameters.items()}
    made = factory(**(defaults | parameters))
    assert isinstance(made, nn.Module)
    return made


def signature(cls: type[nn.Module]) -> dict[str, Any]:
    parameters = inspect.signature(cls).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters if parameter.name not in LEFT_OUT_PARAMETERS}


def test_every_elementwise_activation_of_the_library_is_there_once() -> None:
    built = [type(build(record)).__name__ for record in ACTIVATIONS]
    assert sorted(built) == sorted({*library.__all__, "Identity"} - LEFT_OUT.keys())


@pytest.mark.parametrize("record", ACTIVATIONS, ids=lambda record: record.name)
def test_parameters_have_the_names_and_defaults_of_the_library(record: Activation) -> None:
    theirs = {} if record.name == "identity" else signature(type(build(record)))
    ours = {key: parameter.default for key, parameter in record.parameters.items()}
    assert ours.keys() == theirs.keys()
    assert all(theirs[key] in (value, inspect.Parameter.empty) for key, value in ours.items())


@pytest.mark.parametrize("record", ACTIVATIONS, ids=lambda record: record.name)
def test_the_shape_is_kept_and_the_gradient_is_finite(record: Activation) -> None:
    for shape in [(2, 3), (2, 3, 4, 5)]:
        images = torch.linspace(-3, 3, 2 * 3 * 20)[: torch.Size(shape).numel()].reshape(shape).requires_grad_()
        result = build(record)(images)
        result.sum().backward()
        assert result.shape == images.shape
        assert images.grad is not None
        assert images.grad.isfinite().all()


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        ("relu", {}, lambda x: x.clamp(min=0)),
        ("leaky-relu", {"negative_slope": 0.3}, lambda x: torch.where(x > 0, x, 0.3 * x)),
        ("prelu", {"init": 0.5}, lambda x: torch.where(x > 0, x, 0.5 * x)),
        ("elu", {"alpha": 2.0}, lambda x: torch.where(x > 0, x, 2 * (x.exp() - 1))),
        ("celu", {"alpha": 2.0}, lambda x: torch.where(x > 0, x, 2 * ((x / 2).exp() - 1))),
        ("gelu", {}, lambda x: x * torch.distributions.Normal(0.0, 1.0).cdf(x)),
        ("silu", {}, lambda x: x / (1 + (-x).exp())),
        ("mish", {}, lambda x: x * (1 + x.exp()).log().tanh()),
        ("softplus", {"beta": 2.0}, lambda x: (1 + (2 * x).exp()).log() / 2),
        ("softsign", {}, lambda x: x / (1 + x.abs())),
        ("hardtanh", {"min_val": -0.5, "max_val": 2.0}, lambda x: x.clamp(-0.5, 2)),
        ("hardswish", {}, lambda x: x * (x + 3).clamp(0, 6) / 6),
        ("softshrink", {"lambd": 1.0}, lambda x: x.sign() * (x.abs() - 1).clamp(min=0)),
        ("hardshrink", {"lambd": 1.0}, lambda x: torch.where(x.abs() > 1, x, 0.0)),
        ("threshold", {"threshold": 1.0, "value": -7.0}, lambda x: torch.where(x > 1, x, -7.0)),
        ("threshold", {}, lambda x: x.clamp(min=0)),
        ("identity", {}, lambda x: x),
    ],
)
def test_parameters_reach_the_formula(name: str, parameters: Mapping[str, Any], expected: Any) -> None:
    x = torch.linspace(-4, 4, 81, dtype=torch.float64)
    torch.testing.assert_close(build(RECORDS[name], **parameters).double()(x), expected(x), rtol=1e-9, atol=1e-9)


def test_rrelu_draws_its_slope_in_training_and_takes_the_mean_in_evaluation() -> None:
    module = build(RECORDS["rrelu"], lower=0.2, upper=0.4)
    x = -torch.ones(1000)
    assert -0.4 <= module(x).min() < -0.39
    assert -0.21 < module(x).max() <= -0.2
    torch.testing.assert_close(module.eval()(x), torch.full((1000,), -0.3))


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("hardtanh", {"min_val": 1.0, "max_val": 1.0}, "min_val below max_val, not 1 and 1"),
        ("rrelu", {"lower": 0.5, "upper": 0.1}, "lower at most as large as upper, not 0.5 and 0.1"),
    ],
)
def test_bounds_in_the_wrong_order_are_named(name: str, parameters: Mapping[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build(RECORDS[name], **parameters)
