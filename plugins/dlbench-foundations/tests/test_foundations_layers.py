from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from dlbench_foundations import layers
from dlbench_foundations.layers import Array, Labels

N, INPUTS, OUTPUTS = 7, 5, 4
STEP = 1e-6


def draw(*shape: int) -> Array:
    return np.random.default_rng(len(shape) + sum(shape)).standard_normal(shape)


def central_differences(function: Callable[[Array], float], x: Array) -> Array:
    gradient = np.empty_like(x)
    for place in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[place] = STEP
        gradient[place] = (function(x + step) - function(x - step)) / (2 * STEP)
    return gradient


def test_linear_agrees_with_torch() -> None:
    x, weight, bias = draw(N, INPUTS), draw(OUTPUTS, INPUTS), draw(OUTPUTS)
    expected = F.linear(torch.from_numpy(x), torch.from_numpy(weight), torch.from_numpy(bias)).numpy()
    np.testing.assert_allclose(layers.linear(x, weight, bias), expected, rtol=1e-12)


def test_the_gradients_of_linear_are_its_central_differences() -> None:
    x, weight, bias, dy = draw(N, INPUTS), draw(OUTPUTS, INPUTS), draw(OUTPUTS), draw(N, OUTPUTS)
    dx, dweight, dbias = layers.linear_backward(dy, x, weight)
    assert dx is not None
    wanted = [
        (dx, central_differences(lambda moved: float((layers.linear(moved, weight, bias) * dy).sum()), x)),
        (dweight, central_differences(lambda moved: float((layers.linear(x, moved, bias) * dy).sum()), weight)),
        (dbias, central_differences(lambda moved: float((layers.linear(x, weight, moved) * dy).sum()), bias)),
    ]
    for gradient, expected in wanted:
        np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)


def test_the_gradient_of_an_input_nobody_asks_for_is_left_out() -> None:
    dx, dweight, _ = layers.linear_backward(draw(N, OUTPUTS), draw(N, INPUTS), draw(OUTPUTS, INPUTS), False)
    assert dx is None
    assert dweight.shape == (OUTPUTS, INPUTS)


def test_relu_passes_gradients_where_its_input_was_above_zero_alone() -> None:
    x, dy = np.array([[-2.0, 0.0, 3.0]]), np.array([[5.0, 7.0, 11.0]])
    np.testing.assert_array_equal(layers.relu(x), [[0, 0, 3]])
    np.testing.assert_array_equal(layers.relu_backward(dy, x), [[0, 0, 11]])


def test_softmax_cross_entropy_agrees_with_torch() -> None:
    logits, labels = draw(N, OUTPUTS), np.arange(N) % OUTPUTS
    loss, probabilities = layers.softmax_cross_entropy(logits, labels)
    assert loss == pytest.approx(float(F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels))), rel=1e-12)
    np.testing.assert_allclose(probabilities, torch.from_numpy(logits).softmax(1).numpy(), rtol=1e-12)


def test_the_gradient_of_softmax_cross_entropy_is_its_central_differences() -> None:
    logits, labels = draw(N, OUTPUTS), np.arange(N) % OUTPUTS
    gradient = layers.softmax_cross_entropy_backward(layers.softmax_cross_entropy(logits, labels)[1], labels)
    expected = central_differences(lambda moved: layers.softmax_cross_entropy(moved, labels)[0], logits)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-9)


def test_huge_logits_neither_overflow_nor_lose_the_loss() -> None:
    labels: Labels = np.array([1])
    loss, probabilities = layers.softmax_cross_entropy(np.array([[1e4, 0.0]]), labels)
    assert loss == 1e4
    np.testing.assert_array_equal(probabilities, [[1, 0]])


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_every_layer_keeps_the_precision_of_its_input(precision: type[np.floating]) -> None:
    x, weight, bias = (a.astype(precision) for a in (draw(N, INPUTS), draw(OUTPUTS, INPUTS), draw(OUTPUTS)))
    labels = np.zeros(N, np.int64)
    y = layers.linear(x, weight, bias)
    _, probabilities = layers.softmax_cross_entropy(y, labels)
    results = [y, layers.relu(x), layers.relu_backward(x, x), probabilities, *layers.linear_backward(y, x, weight)]
    results.append(layers.softmax_cross_entropy_backward(probabilities, labels))
    assert {result.dtype for result in results if result is not None} == {np.dtype(precision)}
