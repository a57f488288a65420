from collections.abc import Callable

import pytest
import torch
import torchvision
from torch import nn

from dlbench.torchvision import models
from dlbench.torchvision.classifiers import CLASSIFIERS
from dlbench.torchvision.generate import outline
from dlbench.torchvision.models import ACTIVATIONS, replace_activations

BY_NAME = {classifier.name: classifier for classifier in CLASSIFIERS}
#: The smallest of each architecture: within one, only numbers differ.
ARCHITECTURES = [
    *("alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s", "googlenet", "inception_v3"),
    *("maxvit_t", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "regnet_x_400mf"),
    *("regnet_y_400mf", "resnet18", "resnet50", "shufflenet_v2_x0_5", "squeezenet1_0", "squeezenet1_1", "swin_t"),
    *("swin_v2_t", "vgg11", "vgg11_bn", "vit_b_32"),
]
SMALL = [
    ("resnet18", (1, 8, 8)),
    ("mobilenet_v3_small", (1, 28, 28)),
    ("shufflenet_v2_x0_5", (3, 32, 32)),
    ("squeezenet1_1", (1, 28, 28)),
    ("mnasnet0_5", (4, 20, 30)),
    ("swin_t", (1, 28, 28)),
    ("googlenet", (1, 28, 28)),
]


class Marked(nn.Tanh):
    """An activation that no network has of its own, and whose backward pass needs its result untouched."""


def factory(name: str) -> Callable[..., nn.Module]:
    found: Callable[..., nn.Module] = getattr(models, name)
    return found


def count(model: nn.Module, kind: type[nn.Module] | tuple[type[nn.Module], ...]) -> int:
    return sum(isinstance(layer, kind) for layer in model.modules())


@pytest.mark.parametrize(("name", "shape"), SMALL)
def test_small_images_of_any_number_of_channels_give_logits_and_gradients(
    name: str, shape: tuple[int, int, int]
) -> None:
    torch.manual_seed(0)
    model = factory(name)(shape, 7, None).train()
    logits = model(torch.rand(2, *shape))
    logits.square().sum().backward()
    assert logits.shape == (2, 7)
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert model.eval()(torch.rand(2, *shape)).shape == (2, 7)


def test_a_vision_transformer_is_built_for_small_images() -> None:
    model = outline(BY_NAME["vit_b_16"], 32)
    assert model(torch.empty(2, 3, 32, 32, device="meta")).shape == (2, 10)
    assert model.get_parameter("encoder.pos_embedding").shape[1] == 1 + 2 * 2


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("vit_b_16", (1, 28, 28), "multiple of 16 pixels, not 28×28"),
        ("vit_b_32", (3, 32, 64), "multiple of 32 pixels, not 32×64"),
        ("maxvit_t", (3, 32, 32), "multiple of 224 pixels, not 32×32"),
    ],
)
def test_images_that_do_not_divide_into_patches_are_refused(name: str, shape: tuple[int, int, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        factory(name)(shape, 10, None)


def test_three_channels_and_a_thousand_classes_make_torchvision_s_own_network() -> None:
    torch.manual_seed(3)
    ours = factory("shufflenet_v2_x0_5")((3, 224, 224), 1000, None)
    torch.manual_seed(3)
    theirs = torchvision.models.shufflenet_v2_x0_5(weights=None)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert all(torch.equal(ours.state_dict()[key], value) for key, value in theirs.state_dict().items())


@pytest.mark.parametrize("channels", [1, 4])
def test_only_the_first_convolution_changes_with_the_channels_and_keeps_its_initialisation(channels: int) -> None:
    torch.manual_seed(3)
    adapted = factory("resnet18")((channels, 32, 32), 10, None).state_dict()
    torch.manual_seed(3)
    usual = factory("resnet18")((3, 32, 32), 10, None).state_dict()
    first = adapted.pop("conv1.weight")
    assert first.shape == (64, channels, 7, 7)
    assert first.std().item() == pytest.approx(usual.pop("conv1.weight").std().item(), rel=0.05)
    assert all(torch.equal(adapted[key], value) for key, value in usual.items())


@pytest.mark.parametrize(
    "name", ["alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "inception_v3", "vgg11", "vit_b_32"]
)
def test_larger_models_take_grey_images_once_their_first_convolution_does(name: str) -> None:
    size = BY_NAME[name].minimum_size
    model = outline(BY_NAME[name], size)
    models.adapt_channels(model, 1)
    assert model.eval()(torch.empty(2, 1, size, size, device="meta")).shape == (2, 10)


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if not BY_NAME[name].fixed_activation])
def test_a_chosen_activation_takes_every_place_of_the_network_s_own(name: str) -> None:
    model = outline(BY_NAME[name], 224)
    gates = count(model, (nn.Sigmoid, nn.Hardsigmoid))
    bias = sum("cpb_mlp" in path and isinstance(layer, ACTIVATIONS) for path, layer in model.named_modules())
    places = count(model, ACTIVATIONS) - bias
    assert replace_activations(model, Marked) == places == count(model, Marked) > 0
    left = [layer for layer in model.modules() if isinstance(layer, ACTIVATIONS) and not isinstance(layer, Marked)]
    assert len(left) == bias
    assert count(model, (nn.Sigmoid, nn.Hardsigmoid)) == gates


def test_squeeze_excitation_keeps_its_gate_and_loses_its_relu() -> None:
    model = factory("mobilenet_v3_small")((1, 28, 28), 10, Marked)
    blocks = [layer for layer in model.modules() if type(layer).__name__ == "SqueezeExcitation"]
    assert blocks
    assert {type(block.scale_activation) for block in blocks} == {nn.Hardsigmoid}
    assert {type(block.activation) for block in blocks} == {Marked}


@pytest.mark.parametrize("name", ["alexnet", "mobilenet_v3_small", "resnet18"])
def test_nothing_overwrites_what_a_chosen_activation_keeps_for_its_gradient(name: str) -> None:
    model = outline(BY_NAME[name], 64).train()
    replace_activations(model, Marked)
    model(torch.empty(2, 3, 64, 64, device="meta")).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_no_choice_keeps_the_network_s_own_activations() -> None:
    model = factory("mobilenet_v3_small")((1, 28, 28), 10, None)
    assert count(model, nn.Hardswish) > 0
    assert count(model, nn.ReLU) > 0


@pytest.mark.parametrize("name", [classifier.name for classifier in CLASSIFIERS if classifier.fixed_activation])
def test_networks_that_call_their_activation_refuse_another(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} calls its activation as a function"):
        factory(name)((3, 96, 96), 10, nn.Tanh)


def test_a_name_that_torchvision_lacks_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="resnet19"):
        factory("resnet19")
