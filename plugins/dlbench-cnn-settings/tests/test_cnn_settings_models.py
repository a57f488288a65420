import inspect
from collections.abc import Callable

import pytest
import torch
from torch import nn

from dlbench import Model
from dlbench_cnn_settings import models
from dlbench_cnn_settings.models import alexnet_small, improved_cnn, simple_cnn
from dlbench_cnn_settings.plugin import MODELS

Shape = tuple[int, int, int]
BUILDERS: dict[str, Callable[..., nn.Module]] = {
    "simple-cnn": simple_cnn,
    "improved-cnn": improved_cnn,
    "alexnet-small": alexnet_small,
}
SWITCHED = ["simple-cnn", "improved-cnn"]
SIMPLE_HEAD = 128 * 10 + 10


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def layers(model: nn.Module) -> list[str]:
    return [type(layer).__name__ for layer in model.children()]


@pytest.mark.parametrize(
    ("name", "shape", "classes", "parameters"),
    [
        ("simple-cnn", (1, 28, 28), 10, 421_834),
        ("simple-cnn", (3, 32, 32), 10, 421_834 + 2 * 9 * 32 + (4_096 - 3_136) * 128),
        ("simple-cnn", (1, 16, 8), 26, 320 + 64 + 18_496 + 128 + 64 * 4 * 2 * 128 + 128 + 128 * 26 + 26),
        ("improved-cnn", (3, 32, 32), 10, 19_584 + 221_952 + 886_272 + 4_096 * 256 + 256 + 2_570),
        ("improved-cnn", (1, 28, 28), 10, 19_584 - 2 * 9 * 32 + 221_952 + 886_272 + 256 * 9 * 256 + 256 + 2_570),
        ("alexnet-small", (3, 32, 32), 10, 932_032 + 2_048 * 512 + 512 + 512 * 512 + 512 + 5_130),
        ("alexnet-small", (1, 28, 28), 10, 932_032 - 2 * 25 * 48 + 2_048 * 512 + 512 + 512 * 512 + 512 + 5_130),
    ],
)
def test_shape_and_parameters_follow_images_and_classes(name: str, shape: Shape, classes: int, parameters: int) -> None:
    model = BUILDERS[name](shape, classes, nn.ReLU)
    assert model(torch.zeros(2, *shape)).shape == (2, classes)
    assert count(model) == parameters


@pytest.mark.parametrize("overlapping", [False, True])
@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28), (1, 9, 13)])
@pytest.mark.parametrize("name", SWITCHED)
def test_images_of_odd_sizes_too_pass_either_pooling(name: str, shape: Shape, overlapping: bool) -> None:
    model = BUILDERS[name](shape, 10, nn.ReLU, overlapping_pooling=overlapping)
    assert model(torch.zeros(2, *shape)).shape == (2, 10)


@pytest.mark.parametrize(("name", "places"), [("simple-cnn", 3), ("improved-cnn", 7), ("alexnet-small", 7)])
def test_every_activation_is_replaced_by_one_of_its_own(name: str, places: int) -> None:
    made = []

    def activation() -> nn.Module:
        made.append(nn.Tanh())
        return made[-1]

    model = BUILDERS[name]((3, 32, 32), 10, activation)
    assert layers(model).count("Tanh") == len(made) == places
    assert "ReLU" not in layers(model)


@pytest.mark.parametrize("record", MODELS, ids=lambda record: record.name)
def test_images_smaller_than_the_record_says_are_refused_and_the_smallest_are_not(record: Model) -> None:
    build, smallest = BUILDERS[record.name], record.minimum_size
    assert build((1, smallest, smallest), 10, nn.ReLU)(torch.zeros(2, 1, smallest, smallest)).shape == (2, 10)
    for height, width in [(smallest - 1, smallest), (smallest, smallest - 1)]:
        message = f"{record.name} takes images of at least {smallest}×{smallest} pixels, not {height}×{width}"
        with pytest.raises(ValueError, match=message):
            build((1, height, width), 10, nn.ReLU)


@pytest.mark.parametrize("name", SWITCHED)
def test_overlapping_pooling_keeps_the_sizes_of_plain_pooling(name: str) -> None:
    plain, overlapping = (BUILDERS[name]((3, 32, 32), 10, nn.ReLU, overlapping_pooling=on) for on in (False, True))
    assert count(plain) == count(overlapping)
    for model, kernel in ((plain, 2), (overlapping, 3)):
        poolings = [layer for layer in model.children() if isinstance(layer, nn.MaxPool2d)]
        assert {(layer.kernel_size, layer.stride) for layer in poolings} == {(kernel, 2)}
        assert len(poolings) == layers(model).count("MaxPool2d") == (2 if name == "simple-cnn" else 3)


@pytest.mark.parametrize("name", BUILDERS)
def test_local_response_normalization_follows_the_activation_of_the_first_two_blocks(name: str) -> None:
    options = {"local_response_norm": True} if name in SWITCHED else {}
    kinds = layers(BUILDERS[name]((3, 32, 32), 10, nn.ReLU, **options))
    places = [place for place, kind in enumerate(kinds) if kind == "LocalResponseNorm"]
    assert [(kinds[place - 1], kinds[place + 1]) for place in places] == 2 * [("ReLU", "MaxPool2d")]


@pytest.mark.parametrize("name", SWITCHED)
def test_nothing_is_normalized_across_channels_unless_asked_for(name: str) -> None:
    assert "LocalResponseNorm" not in layers(BUILDERS[name]((3, 32, 32), 10, nn.ReLU))


@pytest.mark.parametrize("name", BUILDERS)
def test_dropout_is_behind_every_hidden_layer_with_the_share_that_was_asked_for(name: str) -> None:
    model = BUILDERS[name]((3, 32, 32), 10, nn.ReLU, dropout=0.3)
    shares = [layer.p for layer in model.children() if isinstance(layer, nn.Dropout)]
    assert shares == [0.3] * (layers(model).count("Linear") - 1)


@pytest.mark.parametrize("name", SWITCHED)
def test_dropout_changes_no_initial_weight(name: str) -> None:
    weights = []
    for share in (0.0, 0.5):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            weights.append(BUILDERS[name]((1, 28, 28), 10, nn.ReLU, dropout=share).state_dict())
    assert all(torch.equal(first, second) for first, second in zip(*(w.values() for w in weights), strict=True))


@pytest.mark.parametrize("record", MODELS, ids=lambda record: record.name)
def test_the_record_says_what_the_factory_takes(record: Model) -> None:
    accepted = list(inspect.signature(getattr(models, record.factory.partition(":")[2])).parameters.values())
    assert [parameter.name for parameter in accepted[:3]] == ["input_shape", "num_classes", "activation"]
    defaults = {key: parameter.default for key, parameter in record.parameters.items()}
    assert {parameter.name: parameter.default for parameter in accepted[3:]} == defaults
