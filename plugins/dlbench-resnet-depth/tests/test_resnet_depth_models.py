from collections.abc import Callable
from inspect import signature
from pkgutil import resolve_name
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from dlbench import Model
from dlbench_resnet_depth.models import cnn, dnn
from dlbench_resnet_depth.plugin import MODELS
from dlbench_resnet_depth.residual import ResidualBlock, custom_resnet, residual_block, resnet

CIFAR10 = (3, 32, 32)
BY_NAME = {model.name: model for model in MODELS}


def build(name: str, shape: tuple[int, int, int] = CIFAR10, classes: int = 10) -> nn.Module:
    made: nn.Module = resolve_name(BY_NAME[name].factory)(shape, classes, nn.ReLU)
    return made


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def convolutions(*shapes: tuple[int, int, int]) -> int:
    """Parameters of (inputs, outputs, size) convolutions without bias, each with a batch norm."""
    return sum(inputs * outputs * size**2 + 2 * outputs for inputs, outputs, size in shapes)


def bottleneck(inputs: int, outputs: int) -> int:
    inside = outputs // 4
    return convolutions((inputs, inside, 1), (inside, inside, 3), (inside, outputs, 1))


BY_HAND = {
    "dnn": (3072 * 512 + 512) + (512 * 256 + 256) + (256 * 10 + 10),
    "cnn": convolutions((3, 64, 3), (64, 64, 3), (64, 128, 3), (128, 128, 3), (128, 256, 3), (256, 256, 3))
    + (256 * 4 * 4 * 10 + 10),
    "resnet": convolutions((3, 64, 7))
    + convolutions(*[(64, 64, 3)] * 4)
    + convolutions((64, 128, 3), (128, 128, 3), (64, 128, 1), *[(128, 128, 3)] * 2)
    + convolutions((128, 256, 3), (256, 256, 3), (128, 256, 1), *[(256, 256, 3)] * 2)
    + (256 * 10 + 10),
    "custom-resnet": convolutions((3, 64, 7))
    + (3 * bottleneck(64, 64))
    + (bottleneck(64, 128) + convolutions((64, 128, 1)) + 3 * bottleneck(128, 128))
    + (bottleneck(128, 256) + convolutions((128, 256, 1)) + 5 * bottleneck(256, 256))
    + (bottleneck(256, 512) + convolutions((256, 512, 1)) + 2 * bottleneck(512, 512))
    + (512 * 10 + 10),
}


@pytest.mark.parametrize("name", BY_NAME)
def test_a_network_has_the_parameters_counted_by_hand(name: str) -> None:
    assert count(build(name)) == BY_HAND[name]


def test_the_dnn_has_the_parameters_of_the_report() -> None:
    assert count(build("dnn")) == 1_707_274


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize(("shape", "classes"), [(CIFAR10, 10), ((1, 28, 28), 10), ((2, 9, 20), 3), ((1, 8, 8), 10)])
def test_sizes_follow_the_images_and_the_classes(name: str, shape: tuple[int, int, int], classes: int) -> None:
    assert build(name, shape, classes)(torch.zeros(2, *shape)).shape == (2, classes)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_activation_is_used_wherever_the_network_has_one(name: str) -> None:
    made = []

    def activation() -> nn.Module:
        made.append(nn.Tanh())
        return made[-1]

    model = resolve_name(BY_NAME[name].factory)(CIFAR10, 10, activation)
    assert {id(layer) for layer in model.modules() if isinstance(layer, nn.Tanh)} == {id(layer) for layer in made}
    # After the stem, then two in each of 6 basic blocks or three in each of 16 bottlenecks.
    assert len(made) == {"dnn": 2, "cnn": 6, "resnet": 1 + 2 * 6, "custom-resnet": 1 + 3 * 16}[name]
    assert not any(isinstance(layer, nn.ReLU) for layer in model.modules())


@pytest.mark.parametrize("record", MODELS, ids=lambda record: record.name)
def test_the_record_and_the_factory_have_the_same_defaults(record: Model) -> None:
    accepted = signature(resolve_name(record.factory)).parameters
    assert {key: accepted[key].default for key in record.parameters} == {
        key: parameter.default for key, parameter in record.parameters.items()
    }


def test_images_too_small_for_three_poolings_are_refused_in_the_record_and_in_words() -> None:
    assert BY_NAME["cnn"].minimum_size == 8
    assert cnn((3, 8, 8), 10, nn.ReLU)(torch.zeros(1, 3, 8, 8)).shape == (1, 10)
    with pytest.raises(ValueError, match=r"needs 8×8 pixels, not 32×7"):
        cnn((3, 32, 7), 10, nn.ReLU)


@pytest.mark.parametrize("name", [name for name, model in BY_NAME.items() if model.minimum_size == 1])
def test_the_other_networks_take_a_single_pixel(name: str) -> None:
    assert build(name, (3, 1, 1))(torch.zeros(2, 3, 1, 1)).shape == (2, 10)


def test_the_dnn_is_plain() -> None:
    kinds = [type(layer).__name__ for layer in dnn(CIFAR10, 10, nn.ReLU).children()]
    assert kinds == ["Flatten", "Linear", "ReLU", "Linear", "ReLU", "Linear"]


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("resnet", [(64, 16, 16), (64, 16, 16), (128, 8, 8), (256, 4, 4)]),
        ("custom-resnet", [(64, 16, 16), (64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 2, 2)]),
    ],
)
def test_stem_and_stages_have_the_shapes_of_the_report(name: str, shapes: list[tuple[int, int, int]]) -> None:
    x = torch.zeros(1, *CIFAR10)
    found = []
    for part, layer in build(name).eval().named_children():
        x = layer(x)
        if part.startswith("st"):
            found.append(tuple(x.shape[1:]))
    assert found == shapes


@pytest.mark.parametrize(
    ("model", "blocks"), [(resnet, [2, 2, 2]), (custom_resnet, [3, 4, 6, 3])], ids=["resnet", "custom"]
)
def test_stages_have_their_numbers_of_blocks(model: Callable[..., nn.Module], blocks: list[int]) -> None:
    stages = [part for name, part in model(CIFAR10, 10, nn.ReLU).named_children() if name.startswith("stage")]
    assert [len(list(stage.children())) for stage in stages] == blocks


def test_the_switches_of_resnet_lead_to_custom_resnet() -> None:
    torch.manual_seed(0)
    switched = resnet(CIFAR10, 10, nn.ReLU, blocks=(3, 4, 6, 3), block="bottleneck", dropout=0.2)
    torch.manual_seed(0)
    custom = custom_resnet(CIFAR10, 10, nn.ReLU)
    assert str(switched) == str(custom)
    assert all(torch.equal(a, b) for a, b in zip(switched.parameters(), custom.parameters(), strict=True))


@pytest.mark.parametrize(
    ("switch", "blocks", "convolutions", "dropped"),
    [
        ({}, 6, 2, set()),
        ({"blocks": (1, 1)}, 2, 2, set()),
        ({"block": "bottleneck"}, 6, 3, set()),
        ({"dropout": 0.3}, 6, 2, {0.3}),
    ],
    ids=str,
)
def test_each_switch_changes_what_it_says_and_nothing_else(
    switch: dict[str, Any], blocks: int, convolutions: int, dropped: set[float]
) -> None:
    found = [layer for layer in resnet(CIFAR10, 10, nn.ReLU, **switch).modules() if isinstance(layer, ResidualBlock)]
    assert len(found) == blocks
    assert {sum(isinstance(layer, nn.Conv2d) for layer in block.body.modules()) for block in found} == {convolutions}
    assert {layer.p for block in found for layer in block.modules() if isinstance(layer, nn.Dropout)} == dropped


def operations(module: nn.Module, images: Tensor) -> int:
    with FlopCounterMode(display=False) as counter:
        module(images)
    return int(counter.get_total_flops())


@pytest.mark.parametrize(("inputs", "outputs", "stride"), [(64, 64, 1), (64, 128, 2), (256, 512, 2), (512, 512, 1)])
def test_a_bottleneck_block_costs_less_than_a_basic_block_of_the_same_ends(
    inputs: int, outputs: int, stride: int
) -> None:
    images = torch.zeros(1, inputs, 16, 16)
    basic, narrow = (
        residual_block(inputs, outputs, stride, nn.ReLU, block, 0.0).eval() for block in ("basic", "bottleneck")
    )
    assert basic(images).shape == narrow(images).shape == (1, outputs, 16 // stride, 16 // stride)
    assert count(narrow) < count(basic)
    assert operations(narrow, images) < operations(basic, images)


def test_a_bottleneck_is_a_quarter_as_wide_inside_and_strides_in_its_middle() -> None:
    body = residual_block(128, 256, 2, nn.ReLU, "bottleneck", 0.0).body
    found = [
        (c.in_channels, c.out_channels, c.kernel_size[0], c.stride[0])
        for c in body.modules()
        if isinstance(c, nn.Conv2d)
    ]
    assert found == [(128, 64, 1, 1), (64, 64, 3, 2), (64, 256, 1, 1)]


@pytest.mark.parametrize("block", ["basic", "bottleneck"])
def test_a_block_whose_body_gives_nothing_is_its_activation_alone(block: str) -> None:
    made = residual_block(16, 16, 1, nn.Tanh, block, 0.0).eval()
    for parameter in made.body.parameters():
        nn.init.zeros_(parameter)
    images = torch.randn(2, 16, 4, 4)
    assert torch.equal(made(images), torch.tanh(images))


def test_dropout_is_the_last_thing_in_a_block_and_rests_in_evaluation() -> None:
    torch.manual_seed(0)
    made = residual_block(16, 16, 1, nn.Sigmoid, "basic", 0.5)
    images = torch.randn(8, 16, 8, 8)
    assert (made(images) == 0).double().mean() == pytest.approx(0.5, abs=0.03)  # a sigmoid is nowhere 0 itself
    assert (made.eval()(images) > 0).all()
