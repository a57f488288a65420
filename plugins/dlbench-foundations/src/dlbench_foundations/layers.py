"""Layers by hand, forward and backward, in NumPy alone. N is the batch; results have the precision of the input."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


def linear(x: Array, weight: Array, bias: Array) -> Array:
    """Return y = x Wᵀ + b; x (N, in), weight (out, in), bias (out), y (N, out)."""
    y: Array = x @ weight.T
    y += bias
    return y


def linear_backward(dy: Array, x: Array, weight: Array, input_wanted: bool = True) -> tuple[Array | None, Array, Array]:
    """Return dx = dy W, dW = dyᵀ x and db = Σ dy over the batch.

    input_wanted: False leaves dx out, which nobody asks for in a network's first layer.
    """
    return dy @ weight if input_wanted else None, dy.T @ x, dy.sum(axis=0)


def relu(x: Array) -> Array:
    """Return max(0, x)."""
    return np.maximum(x, 0)


def relu_backward(dy: Array, x: Array) -> Array:
    """Return dy where x > 0, else 0."""
    return np.where(x > 0, dy, 0)


def softmax_cross_entropy(logits: Array, labels: Labels) -> tuple[float, Array]:
    """Return the loss −(1/N) Σᵢ log ŷᵢ of the labeled classes, and the probabilities ŷ = softmax(logits).

    Each row's maximum is subtracted first, and the logarithm taken of sums alone: no logits overflow.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_probabilities[np.arange(len(labels)), labels].mean()
    return float(loss), np.exp(log_probabilities)


def softmax_cross_entropy_backward(probabilities: Array, labels: Labels) -> Array:
    """Return dL/dlogits = (ŷ − y) / N, y the one-hot labels."""
    gradient = probabilities.copy()
    gradient[np.arange(len(labels)), labels] -= 1
    gradient /= len(labels)
    return gradient
