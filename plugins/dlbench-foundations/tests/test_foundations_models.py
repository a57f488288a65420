import pytest
import torch
from torch import Tensor, nn

from dlbench_foundations.models import ResidualBlock, lenet5, simplified_resnet
from dlbench_foundations.plugin import MODELS

BUILDERS = {"lenet5": lenet5, "simplified-resnet": simplified_resnet}


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def count_type(model: nn.Module, kind: type[nn.Module]) -> int:
    return sum(isinstance(module, kind) for module in model.modules())


@pytest.mark.parametrize(
    ("name", "shape", "classes", "parameters"),
    [
        ("lenet5", (3, 32, 32), 10, 456 + 2_416 + 48_120 + 10_164 + 850),
        ("lenet5", (3, 32, 32), 10, 62_006),
        ("lenet5", (1, 28, 28), 10, 156 + 2_416 + 30_840 + 10_164 + 850),
        ("lenet5", (1, 16, 20), 26, 156 + 2_416 + (16 * 1 * 2 + 1) * 120 + 10_164 + 2_210),
        ("simplified-resnet", (3, 32, 32), 10, 272_474),
        ("simplified-resnet", (1, 28, 28), 10, 272_474 - 2 * 9 * 16),
        ("simplified-resnet", (1, 16, 8), 26, 272_474 - 2 * 9 * 16 + 16 * 65),
    ],
)
def test_shape_and_parameters_follow_images_and_classes(
    name: str, shape: tuple[int, int, int], classes: int, parameters: int
) -> None:
    model = BUILDERS[name](shape, classes, nn.ReLU)
    assert model(torch.zeros(2, *shape)).shape == (2, classes)
    assert count(model) == parameters


@pytest.mark.parametrize(("name", "places"), [("lenet5", 4), ("simplified-resnet", 1 + 9 * 2)])
def test_every_activation_is_replaced_by_one_of_its_own(name: str, places: int) -> None:
    made = []

    def activation() -> nn.Module:
        made.append(nn.Tanh())
        return made[-1]

    model = BUILDERS[name]((3, 32, 32), 10, activation)
    assert count_type(model, nn.Tanh) == len(made) == places
    assert count_type(model, nn.ReLU) == 0


def test_lenet5_refuses_images_that_leave_nothing_and_takes_the_smallest_that_do_not() -> None:
    (record,) = [record for record in MODELS if record.name == "lenet5"]
    smallest = record.minimum_size
    assert lenet5((1, smallest, smallest), 10, nn.ReLU)(torch.zeros(1, 1, smallest, smallest)).shape == (1, 10)
    for height, width in [(smallest - 1, smallest), (smallest, smallest - 1)]:
        with pytest.raises(ValueError, match=f"at least 16×16 pixels, not {height}×{width}"):
            lenet5((1, height, width), 10, nn.ReLU)


def test_simplified_resnet_takes_images_as_small_as_its_record_says() -> None:
    (record,) = [record for record in MODELS if record.name == "simplified-resnet"]
    shape = (3, record.minimum_size, record.minimum_size)
    assert simplified_resnet(shape, 10, nn.ReLU)(torch.zeros(2, *shape)).shape == (2, 10)


def test_the_stages_have_16_32_and_64_channels_at_32_16_and_8_pixels() -> None:
    shapes = []

    def note(module: nn.Module, inputs: object, output: Tensor) -> None:
        shapes.append(tuple(output.shape[1:]))

    model = simplified_resnet((3, 32, 32), 10, nn.ReLU)
    for module in model.modules():
        if isinstance(module, ResidualBlock):
            module.register_forward_hook(note)
    model(torch.zeros(1, 3, 32, 32))
    assert shapes == 3 * [(16, 32, 32)] + 3 * [(32, 16, 16)] + 3 * [(64, 8, 8)]


def test_a_block_whose_shape_stays_adds_its_input_and_activates_the_sum() -> None:
    block = ResidualBlock(4, 4, 1, nn.ReLU)
    last_norm = [module for module in block.residual if isinstance(module, nn.BatchNorm2d)][-1]
    nn.init.zeros_(last_norm.weight)
    x = torch.randn(2, 4, 5, 5)
    assert torch.equal(block(x), x.relu())


def test_a_block_whose_shape_changes_has_a_1x1_convolution_with_batch_norm_as_shortcut() -> None:
    block = ResidualBlock(4, 8, 2, nn.ReLU)
    assert isinstance(block.shortcut, nn.Sequential)
    convolution, norm = block.shortcut
    assert isinstance(convolution, nn.Conv2d)
    assert convolution.kernel_size == (1, 1)
    assert convolution.stride == (2, 2)
    assert isinstance(norm, nn.BatchNorm2d)
    assert block(torch.zeros(2, 4, 8, 8)).shape == (2, 8, 4, 4)


def test_no_convolution_in_front_of_a_batch_norm_has_a_bias() -> None:
    model = simplified_resnet((3, 32, 32), 10, nn.ReLU)
    assert all(module.bias is None for module in model.modules() if isinstance(module, nn.Conv2d))
