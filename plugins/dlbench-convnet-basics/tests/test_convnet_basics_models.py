from collections.abc import Callable
from inspect import signature
from math import sqrt
from pkgutil import resolve_name
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlbench import Model
from dlbench.testing import Registry, make_trial
from dlbench.testing.engine_parts import count_parameters, describe_model
from dlbench_convnet_basics.initialisation import INITIALISATIONS
from dlbench_convnet_basics.open_ended import open_ended_cnn
from dlbench_convnet_basics.plugin import MODELS

CIFAR10 = (3, 32, 32)
BY_NAME = {model.name: model for model in MODELS}
LEVELS = ("-functional", "", "-sequential")
SMALL: dict[str, dict[str, Any]] = {
    "two-layer-fc": {"hidden": 30},
    "three-layer-convnet": {"channel_1": 6, "channel_2": 4},
}

each_network = pytest.mark.parametrize("network", SMALL)
each_level = pytest.mark.parametrize("level", LEVELS)
each_initialisation = pytest.mark.parametrize("initialisation", INITIALISATIONS)
each_model = pytest.mark.parametrize("name", BY_NAME)


def build(
    name: str,
    shape: tuple[int, int, int] = CIFAR10,
    classes: int = 10,
    activation: Callable[[], nn.Module] = nn.ReLU,
    seed: int = 0,
    **parameters: Any,
) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made: nn.Module = resolve_name(BY_NAME[name].factory)(shape, classes, activation, **parameters)
    return made


@each_level
@pytest.mark.parametrize(
    ("network", "parameters", "count"),
    [
        ("two-layer-fc", {}, 12_332_010),
        ("two-layer-fc", {"bias": False}, 12_328_000),
        ("three-layer-convnet", {}, 170_906),
        (
            "three-layer-convnet",
            {"channel_1": 12, "channel_2": 8},
            3 * 25 * 12 + 12 + 12 * 9 * 8 + 8 + 8 * 1024 * 10 + 10,
        ),
    ],
)
def test_a_network_has_the_parameters_of_the_report_at_every_level(
    network: str, level: str, parameters: dict[str, Any], count: int
) -> None:
    assert count_parameters(build(f"{network}{level}", **parameters)) == count


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({}, 4_864 + 18_464 + 9_248 + 9_248 + 4_624 + 2_320 + 10_250 + 2 * (64 + 32 + 32 + 32 + 16 + 16 + 10)),
        ({"batch_norm": False}, 4_864 + 18_464 + 9_248 + 9_248 + 4_624 + 2_320 + 10_250),
        ({"batch_norm": False, "pooling": "average"}, 4_864 + 18_464 + 9_248 + 9_248 + 4_624 + 2_320 + 10_250),
        (
            {"batch_norm": False, "pooling": "none"},
            4_864 + 18_464 + 9_248 + 9_248 + 4_624 + 2_320 + 16 * 1024 * 10 + 10,
        ),
        ({"batch_norm": False, "convolutions": 1}, 4_864 + 18_464 + 32 * 64 * 10 + 10),
    ],
    ids=str,
)
def test_the_open_ended_cnn_has_the_parameters_counted_by_hand(parameters: dict[str, Any], count: int) -> None:
    assert count_parameters(open_ended_cnn(CIFAR10, 10, nn.ReLU, **parameters)) == count


@each_model
@pytest.mark.parametrize(("shape", "classes"), [(CIFAR10, 10), ((1, 28, 28), 10), ((2, 9, 20), 3)])
def test_sizes_follow_the_images_and_the_classes(name: str, shape: tuple[int, int, int], classes: int) -> None:
    assert build(name, shape, classes)(torch.zeros(2, *shape)).shape == (2, classes)


@each_level
@pytest.mark.parametrize(("channel_1", "channel_2"), [(6, 9), (12, 8)])
def test_a_mini_batch_of_zeros_gives_scores_of_the_reports_shape(level: str, channel_1: int, channel_2: int) -> None:
    model = build(f"three-layer-convnet{level}", channel_1=channel_1, channel_2=channel_2)
    assert model(torch.zeros(64, 3, 32, 32)).shape == (64, 10)


@each_model
def test_the_activation_is_used_wherever_the_network_has_one(name: str) -> None:
    made: list[nn.Module] = []

    def activation() -> nn.Module:
        made.append(nn.Tanh())
        return made[-1]

    model = build(name, activation=activation)
    assert {id(layer) for layer in model.modules() if isinstance(layer, nn.Tanh)} == {id(layer) for layer in made}
    assert len(made) == (6 if name == "open-ended-cnn" else 1 if "fc" in name else 2)


@pytest.mark.parametrize("record", MODELS, ids=lambda record: record.name)
def test_the_record_and_the_factory_have_the_same_defaults(record: Model) -> None:
    accepted = signature(resolve_name(record.factory)).parameters
    assert {key: accepted[key].default for key in record.parameters} == {
        key: parameter.default for key, parameter in record.parameters.items()
    }


def train(model: nn.Module, images: Tensor, labels: Tensor, **options: Any) -> Tensor:
    """Return the loss of each of six steps of SGD."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2, **options)
    losses = []
    for _ in range(6):
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses)


@each_network
@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "nesterov": True}], ids=["sgd", "nesterov"])
@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.PReLU])
def test_the_three_levels_have_the_same_loss_curve_to_the_last_bit(
    network: str, options: dict[str, Any], activation: Callable[[], nn.Module]
) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(16, 3, 12, 12, generator=generator)
    labels = torch.randint(10, (16,), generator=generator)
    curves = [
        train(
            build(f"{network}{level}", (3, 12, 12), activation=activation, **SMALL[network]), images, labels, **options
        )
        for level in LEVELS
    ]
    assert curves[0][-1] < curves[0][0]
    assert all(torch.equal(curve, curves[0]) for curve in curves)


@each_network
@each_initialisation
def test_every_initialisation_is_the_same_at_every_level_to_the_last_bit(network: str, initialisation: str) -> None:
    models = [build(f"{network}{level}", initialisation=initialisation, **SMALL[network]) for level in LEVELS]
    for tensors in zip(*(model.parameters() for model in models), strict=True):
        assert all(torch.equal(tensor, tensors[0]) for tensor in tensors)


@each_level
def test_the_torch_initialisation_is_that_of_torchs_own_layers(level: str) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [nn.Conv2d(3, 6, 5), nn.Conv2d(6, 4, 3), nn.Linear(4 * 1024, 10)]
    made = build(f"three-layer-convnet{level}", initialisation="torch", **SMALL["three-layer-convnet"])
    expected = [parameter for layer in layers for parameter in layer.parameters()]
    for parameter, reference in zip(made.parameters(), expected, strict=True):
        assert torch.equal(parameter, reference)


@each_network
@each_level
def test_from_zeros_only_the_last_bias_learns(network: str, level: str) -> None:
    model = build(f"{network}{level}", initialisation="zero", **SMALL[network])
    before = [parameter.detach().clone() for parameter in model.parameters()]
    train(model, torch.randn(16, *CIFAR10), torch.randint(10, (16,)))
    changed = [not torch.equal(now, then) for now, then in zip(model.parameters(), before, strict=True)]
    assert changed == [False] * (len(before) - 1) + [True]


@each_network
def test_weights_carried_from_level_to_level_give_the_same_scores_to_the_last_bit(network: str) -> None:
    images = torch.randn(8, *CIFAR10)
    models = [build(f"{network}{level}", seed=seed, **SMALL[network]) for seed, level in enumerate(LEVELS)]
    scores = models[0](images)
    assert not torch.equal(models[1](images), scores)
    for model in models[1:]:
        for target, source in zip(model.parameters(), models[0].parameters(), strict=True):
            target.data.copy_(source)
        assert torch.equal(model(images), scores)


@each_level
def test_without_biases_the_wide_network_is_the_reports_two_matrix_products(level: str) -> None:
    model = build(f"two-layer-fc{level}", (1, 4, 4), 5, hidden=7, bias=False)
    first, second = model.parameters()
    images = torch.randn(3, 1, 4, 4)
    torch.testing.assert_close(model(images), (images.flatten(1) @ first.T).clamp_min(0) @ second.T)


@each_network
@each_level
def test_weights_are_kaiming_normal_and_biases_zero(network: str, level: str) -> None:
    wide: dict[str, dict[str, Any]] = {
        "two-layer-fc": {"hidden": 500},
        "three-layer-convnet": {"channel_1": 64, "channel_2": 64},
    }
    for parameter in build(f"{network}{level}", **wide[network]).parameters():
        if parameter.ndim == 1:
            assert not parameter.any()
        else:
            fan_in = parameter[0].numel()
            standardised = parameter.detach() / sqrt(2 / fan_in)
            assert standardised.std().item() == pytest.approx(1, abs=0.05)
            assert standardised.mean().item() == pytest.approx(0, abs=0.05)
            assert (standardised.abs() > 2).double().mean().item() == pytest.approx(0.0455, abs=0.01)  # of a normal


def test_the_open_ended_cnn_has_the_layers_of_the_report() -> None:
    kinds = [type(layer).__name__ for layer in open_ended_cnn(CIFAR10, 10, nn.ReLU).children()]
    three = ["Conv2d", "BatchNorm2d", "ReLU"] * 3
    assert kinds == [*three, "MaxPool2d", *three, "MaxPool2d", "Flatten", "Linear", "BatchNorm1d"]
    found = [layer for layer in open_ended_cnn(CIFAR10, 10, nn.ReLU).modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in found] == [64, 32, 32, 32, 16, 16]
    assert [layer.kernel_size[0] for layer in found] == [5, 3, 3, 3, 3, 3]


@pytest.mark.parametrize(
    ("pooling", "kinds", "size"),
    [("max", {"MaxPool2d"}, 8), ("average", {"AvgPool2d"}, 8), ("none", set(), 32)],
)
def test_the_pooling_switch_says_what_ends_a_stage(pooling: str, kinds: set[str], size: int) -> None:
    model = open_ended_cnn(CIFAR10, 10, nn.ReLU, pooling=pooling)
    assert {type(layer).__name__ for layer in model.modules() if "Pool" in type(layer).__name__} == kinds
    (last,) = (layer for layer in model.modules() if isinstance(layer, nn.Linear))
    assert last.in_features == 16 * size * size


def test_batch_norm_can_be_left_out_and_stages_shortened() -> None:
    kinds = [type(layer).__name__ for layer in open_ended_cnn(CIFAR10, 10, nn.ReLU, "max", False, 1).children()]
    assert kinds == ["Conv2d", "ReLU", "MaxPool2d"] * 2 + ["Flatten", "Linear"]


@pytest.mark.parametrize("name", ["three-layer-convnet", "open-ended-cnn"])
def test_each_convolution_shows_the_output_size_of_the_reports_formula(name: str) -> None:
    registry = Registry.load()
    trial = make_trial(registry, model=f"convnet-basics/{name}", dataset="cifar10")
    made = build(name)
    size = 32
    for layer in describe_model(trial, registry).layers:
        module = made.get_submodule(layer.name)
        if isinstance(module, nn.Conv2d):
            size = (size - module.kernel_size[0] + 2 * int(module.padding[0])) // module.stride[0] + 1
            assert layer.output_shape == (module.out_channels, size, size)
        elif isinstance(module, nn.MaxPool2d):
            size //= 2


def test_images_too_small_for_two_poolings_are_refused_in_the_record_and_in_words() -> None:
    assert BY_NAME["open-ended-cnn"].minimum_size == 4
    assert build("open-ended-cnn", (3, 4, 4))(torch.zeros(2, 3, 4, 4)).shape == (2, 10)
    with pytest.raises(ValueError, match=r"needs 4×4 pixels, not 3×32"):
        build("open-ended-cnn", (3, 3, 32))


@pytest.mark.parametrize("name", [name for name, model in BY_NAME.items() if model.minimum_size == 1])
def test_the_other_networks_take_a_single_pixel(name: str) -> None:
    assert build(name, (3, 1, 1))(torch.zeros(2, 3, 1, 1)).shape == (2, 10)
