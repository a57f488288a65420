from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlbench_foundations import layers
from dlbench_foundations.numpy_network import (
    LinearFunction,
    NumpyLinear,
    NumpySoftmaxCrossEntropy,
    ReLUFunction,
    SoftmaxCrossEntropyFunction,
    as_array,
    as_tensor,
    numpy_mlp,
)

SHAPE = (1, 16, 8)
PRECISIONS = [torch.float32, torch.float64]


def torch_twin(model: nn.Module) -> nn.Module:
    """Return the same network of torch's layers, with the same weights."""
    inputs = next(layer for layer in model.modules() if isinstance(layer, NumpyLinear)).weight.shape[1]
    twin = nn.Sequential(
        nn.Flatten(), nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    twin.load_state_dict(model.state_dict())
    return twin


def batch(precision: torch.dtype, count: int = 32) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(1)
    images = torch.randn(count, *SHAPE, generator=draw, dtype=precision)
    return images, torch.randint(0, 10, (count,), generator=draw)


def agrees(found: Tensor | None, wanted: Tensor | None, tolerance: float) -> bool:
    assert found is not None
    assert wanted is not None
    return bool((found - wanted).norm() <= tolerance * wanted.norm())


@pytest.mark.parametrize(("precision", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_loss_and_every_gradient_agree_with_torch_s_layers(precision: torch.dtype, tolerance: float) -> None:
    model = numpy_mlp(SHAPE, 10).to(precision)
    twin = torch_twin(model).to(precision)
    images, labels = batch(precision)
    own_images, twin_images = (images.clone().requires_grad_() for _ in range(2))
    loss, twin_loss = (
        nn.functional.cross_entropy(network(x), labels) for network, x in ((model, own_images), (twin, twin_images))
    )
    loss.backward()
    twin_loss.backward()
    assert agrees(loss, twin_loss, tolerance)
    assert agrees(own_images.grad, twin_images.grad, tolerance)
    for own, other in zip(model.parameters(), twin.parameters(), strict=True):
        assert agrees(own.grad, other.grad, tolerance)


def test_the_loss_by_hand_agrees_with_torch_s() -> None:
    logits, labels = torch.randn(9, 5, dtype=torch.float64), torch.arange(9) % 5
    own, other = (logits.clone().requires_grad_() for _ in range(2))
    loss = NumpySoftmaxCrossEntropy()(own, labels)
    expected = nn.CrossEntropyLoss()(other, labels)
    (3 * loss).backward()
    (3 * expected).backward()
    assert agrees(loss, expected, 1e-12)
    assert agrees(own.grad, other.grad, 1e-12)


def test_every_layer_s_gradient_is_its_central_differences() -> None:
    draw = torch.Generator().manual_seed(2)
    x, weight, bias = (
        torch.randn(*shape, generator=draw, dtype=torch.float64, requires_grad=True) for shape in ((6, 5), (4, 5), (4,))
    )
    labels = torch.arange(6) % 5
    assert torch.autograd.gradcheck(LinearFunction.apply, (x, weight, bias))
    assert torch.autograd.gradcheck(ReLUFunction.apply, (x,))
    assert torch.autograd.gradcheck(SoftmaxCrossEntropyFunction.apply, (x, labels))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_tensor_and_array_are_one_memory(precision: torch.dtype) -> None:
    tensor = torch.zeros(3, 2, dtype=precision, requires_grad=True)
    array = as_array(tensor)
    array[1, 1] = 5
    assert tensor[1, 1] == 5
    back = as_tensor(array)
    assert back.data_ptr() == tensor.data_ptr()
    assert back.dtype == precision


def address(memory: Tensor | np.ndarray[Any, Any]) -> int:
    return memory.data_ptr() if isinstance(memory, Tensor) else memory.__array_interface__["data"][0]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_nothing_is_copied_between_torch_and_the_layers(
    precision: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, list[np.ndarray[Any, Any]]] = {"linear": [], "linear_backward": []}

    def diagnostics(name: str) -> None:
        function = getattr(layers, name)

        def watched(*arguments: Any) -> Any:
            answer = function(*arguments)
            answers = answer if isinstance(answer, tuple) else (answer,)
            seen[name] += [a for a in (*arguments, *answers) if isinstance(a, np.ndarray)]
            return answer

        monkeypatch.setattr(layers, name, watched)

    diagnostics("linear")
    diagnostics("linear_backward")
    layer = NumpyLinear(5, 4).to(precision)
    x = torch.randn(3, 5, dtype=precision, requires_grad=True)
    y = layer(x)
    dy = torch.ones_like(y)
    dx, dweight, dbias = torch.autograd.grad(y, (x, layer.weight, layer.bias), dy)
    assert [address(a) for a in seen["linear"]] == [address(t) for t in (x, layer.weight, layer.bias, y)]
    wanted = (dy, x, layer.weight, dx, dweight, dbias)
    assert [address(a) for a in seen["linear_backward"]] == [address(t) for t in wanted]


def test_the_first_layer_computes_no_gradient_of_the_images(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = []
    backward = layers.linear_backward

    def watched(dy: layers.Array, x: layers.Array, weight: layers.Array, input_wanted: bool) -> Any:
        wanted.append(input_wanted)
        return backward(dy, x, weight, input_wanted)

    monkeypatch.setattr(layers, "linear_backward", watched)
    numpy_mlp(SHAPE, 10)(batch(torch.float32)[0]).sum().backward()
    assert wanted == [True, True, False]


def test_weights_start_as_he_normal_and_biases_as_zero() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = NumpyLinear(400, 300)
    weight = layer.weight.detach()
    assert float(weight.std()) == pytest.approx((2 / 400) ** 0.5, rel=0.01)
    assert float(weight.mean()) == pytest.approx(0, abs=0.001)
    assert not layer.bias.any()


@pytest.mark.parametrize(
    ("shape", "classes", "parameters"),
    [((1, 16, 8), 10, 25_418), ((1, 16, 8), 26, 26_458), ((3, 32, 32), 10, 402_250)],
)
def test_numpy_mlp_follows_shape_and_classes(shape: tuple[int, int, int], classes: int, parameters: int) -> None:
    model = numpy_mlp(shape, classes)
    assert model(torch.zeros(2, *shape)).shape == (2, classes)
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_any_optimizer_trains_it_as_it_trains_torch_s_layers(optimizer: Any) -> None:
    model = numpy_mlp(SHAPE, 10).double()
    twin = torch_twin(model).double()
    images, labels = batch(torch.float64)
    losses = []
    for network in (model, twin):
        steps = optimizer(network.parameters(), lr=0.01)
        for _ in range(20):
            loss = nn.functional.cross_entropy(network(images), labels)
            steps.zero_grad()
            loss.backward()
            steps.step()
        losses.append(float(loss.detach()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)


def test_it_evaluates_in_inference_mode() -> None:
    with torch.inference_mode():
        assert numpy_mlp(SHAPE, 10).eval()(batch(torch.float32)[0]).isfinite().all()
