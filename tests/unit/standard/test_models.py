import pytest
import torch
from torch import nn

from dlbench.standard.models import linear, mlp


def test_the_mlp_has_the_default_widths_and_one_fresh_activation_each() -> None:
    model = mlp((1, 28, 28), 10, nn.ReLU)
    widths = [(layer.in_features, layer.out_features) for layer in model.modules() if isinstance(layer, nn.Linear)]
    assert widths == [(784, 128), (128, 64), (64, 10)]
    assert len({id(layer) for layer in model.modules() if isinstance(layer, nn.ReLU)}) == 2
    assert not any(isinstance(layer, nn.Dropout) for layer in model.modules())


def test_the_mlp_computes_what_its_layers_say() -> None:
    model = mlp((2, 3, 4), 5, nn.Tanh, hidden=(7,))
    images = torch.randn(6, 2, 3, 4)
    first, last = (layer for layer in model.modules() if isinstance(layer, nn.Linear))
    hidden = torch.tanh(images.reshape(6, 24) @ first.weight.T + first.bias)
    torch.testing.assert_close(model(images), hidden @ last.weight.T + last.bias)


def test_dropout_stands_behind_each_activation_with_its_share() -> None:
    kinds = [type(layer).__name__ for layer in mlp((1, 8, 8), 10, nn.ReLU, hidden=(4, 4), dropout=0.3).children()]
    assert kinds == ["Flatten", "Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]
    dropout = [layer.p for layer in mlp((1, 8, 8), 10, nn.ReLU, dropout=0.3).modules() if isinstance(layer, nn.Dropout)]
    assert dropout == [0.3, 0.3]


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 20)])
def test_logistic_regression_is_affine_in_the_pixels(shape: tuple[int, int, int]) -> None:
    model = linear(shape, 4, None)
    first, second = torch.randn(2, *shape), torch.randn(2, *shape)
    assert model(first).shape == (2, 4)
    torch.testing.assert_close(model(0.25 * first + 0.75 * second), 0.25 * model(first) + 0.75 * model(second))
