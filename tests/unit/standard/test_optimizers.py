import inspect
from typing import Any

import pytest
import torch
from torch import nn

from dlbench.components.records import Optimizer
from dlbench.standard import optimizers
from dlbench.standard.optimizer_records import OPTIMIZERS

LEFT_OUT = {
    "Optimizer": "the base class",
    "LBFGS": "needs a closure that evaluates the loss again",
    "SparseAdam": "takes sparse gradients only",
    "Muon": "takes matrices only, and a model has biases and convolutions",
}
LEFT_OUT_OPTIONS = {"params", "lr", "foreach", "fused", "maximize", "capturable", "differentiable"}
PAIRS = {
    "betas": ("beta1", "beta2"),
    "etas": ("eta_minus", "eta_plus"),
    "step_sizes": ("step_minimum", "step_maximum"),
    "eps": ("eps1", "eps2"),
}
RECORDS = {record.name: record for record in OPTIMIZERS}


def build(record: Optimizer, model: nn.Module, learning_rate: float = 0.1, **options: Any) -> torch.optim.Optimizer:
    factory = getattr(optimizers, record.factory.partition(":")[2])
    defaults = {key: parameter.default for key, parameter in record.parameters.items()}
    made = factory(model.parameters(), learning_rate, **(defaults | options))
    assert isinstance(made, torch.optim.Optimizer)
    return made


def library_options(cls: type[torch.optim.Optimizer]) -> dict[str, Any]:
    """Return the options of a class, pairs taken apart."""
    options: dict[str, Any] = {}
    for name, parameter in inspect.signature(cls).parameters.items():
        if isinstance(parameter.default, tuple):
            options |= dict(zip(PAIRS[name], parameter.default, strict=True))
        elif name not in LEFT_OUT_OPTIONS:
            options[name] = parameter.default
    if cls is torch.optim.Adam:
        options.pop("decoupled_weight_decay", None)  # that is adamw; early versions have it not
    return options


def test_every_optimizer_of_the_library_is_there_once() -> None:
    library = {name for name, value in vars(torch.optim).items() if inspect.isclass(value)}
    built = [type(build(record, nn.Linear(2, 2))).__name__ for record in OPTIMIZERS]
    assert sorted(built) == sorted(library - LEFT_OUT.keys())


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this torch has no Muon")
def test_muon_is_left_out_because_it_refuses_biases() -> None:
    with pytest.raises(ValueError, match="2D"):
        torch.optim.Muon(nn.Linear(2, 2).parameters())


@pytest.mark.parametrize("record", OPTIMIZERS, ids=lambda record: record.name)
def test_options_have_the_names_and_defaults_of_the_library(record: Optimizer) -> None:
    cls = type(build(record, nn.Linear(2, 2)))
    ours = {key: parameter.default for key, parameter in record.parameters.items()}
    assert ours == library_options(cls)


@pytest.mark.parametrize("record", OPTIMIZERS, ids=lambda record: record.name)
def test_every_option_arrives_where_it_belongs(record: Optimizer) -> None:
    for name, parameter in record.parameters.items():
        value = {"nesterov": True}.get(name, _another(parameter.default))
        options: dict[str, Any] = {name: value} | ({"momentum": 0.5} if name == "nesterov" else {})
        held = build(record, nn.Linear(2, 2), **options).defaults
        flat = {key: entry for key, entry in held.items() if not isinstance(entry, tuple)}
        for pair, names in PAIRS.items():
            if isinstance(held.get(pair), tuple):
                flat |= dict(zip(names, held[pair], strict=True))
        assert flat[name] == value, name
        assert flat["lr"] == 0.1


def _another(default: object) -> object:
    match default:
        case bool():
            return not default
        case None:
            return 0.25
        case float():
            return 1.5 * default if abs(default) < 0.6 or default > 1 else default + 0.0005
    raise TypeError(default)


@pytest.mark.parametrize("record", OPTIMIZERS, ids=lambda record: record.name)
def test_it_trains_every_parameter_of_a_convolutional_model(record: Optimizer) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Sigmoid(), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 2))
    images, labels = torch.randn(16, 1, 8, 8), torch.arange(16) % 2
    optimizer = build(record, model, {"adadelta": 1.0, "sgd": 0.05, "asgd": 0.05}.get(record.name, 0.01))
    before = [parameter.detach().clone() for parameter in model.parameters()]
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert all(not torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "dampening": 0.1}])
def test_nesterov_without_plain_momentum_says_what_to_write(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"write sgd:momentum=0\.9:nesterov=true"):
        build(RECORDS["sgd"], nn.Linear(2, 2), nesterov=True, **options)


def test_rprop_refuses_bounds_in_the_wrong_order() -> None:
    with pytest.raises(ValueError, match="step_minimum below step_maximum, not 60 and 50"):
        build(RECORDS["rprop"], nn.Linear(2, 2), step_minimum=60.0)
