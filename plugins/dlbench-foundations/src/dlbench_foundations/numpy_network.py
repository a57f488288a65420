"""numpy-mlp: the hand-written layers as torch modules, so that any optimizer and schedule trains them.

torch carries tensors between the layers and keeps the books of autograd; all arithmetic of the layers, both ways, is
NumPy's. Tensor and array are one memory: nothing is copied between the two.
"""

from itertools import pairwise
from math import prod, sqrt
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from dlbench_foundations import layers

HIDDEN = (128, 64)


def as_array(tensor: Tensor) -> NDArray[Any]:
    """Return a CPU tensor's own memory as an array."""
    array: NDArray[Any] = tensor.detach().numpy()
    return array


def as_tensor(array: NDArray[Any]) -> Tensor:
    """Return an array's own memory as a tensor."""
    return torch.from_numpy(array)


class LinearFunction(Function):
    """x (N, in), weight (out, in), bias (out) -> (N, out)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Keep the input and the weight."""
        ctx.save_for_backward(x, weight)
        return as_tensor(layers.linear(as_array(x), as_array(weight), as_array(bias)))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        """Return the gradients of input (where it is wanted), weight and bias."""
        x, weight = (as_array(kept) for kept in ctx.saved_tensors)
        dx, dweight, dbias = layers.linear_backward(as_array(dy), x, weight, ctx.needs_input_grad[0])
        return None if dx is None else as_tensor(dx), as_tensor(dweight), as_tensor(dbias)


class ReLUFunction(Function):
    """max(0, x), of any shape."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Keep the input."""
        ctx.save_for_backward(x)
        return as_tensor(layers.relu(as_array(x)))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> Tensor:
        """Return the gradient of the input."""
        (x,) = ctx.saved_tensors
        return as_tensor(layers.relu_backward(as_array(dy), as_array(x)))


class SoftmaxCrossEntropyFunction(Function):
    """Logits (N, classes), labels (N) -> the mean loss."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor) -> Tensor:
        """Keep the probabilities and the labels."""
        loss, probabilities = layers.softmax_cross_entropy(as_array(logits), as_array(labels))
        ctx.save_for_backward(as_tensor(probabilities), labels)
        return logits.new_tensor(loss)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dloss: Tensor) -> tuple[Tensor, None]:
        """Return the gradient of the logits."""
        probabilities, labels = (as_array(kept) for kept in ctx.saved_tensors)
        gradient = layers.softmax_cross_entropy_backward(probabilities, labels)
        gradient *= as_array(dloss)
        return as_tensor(gradient), None


class NumpyLinear(nn.Module):
    """y = x Wᵀ + b; W starts as Normal(0, sqrt(2 / inputs)), b as 0 (He et al. 2015, arXiv 1502.01852)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.normal_(self.weight, std=sqrt(2 / inputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs) for x (N, inputs)."""
        y: Tensor = LinearFunction.apply(x, self.weight, self.bias)
        return y


class NumpyReLU(nn.Module):
    """max(0, x)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the shape of x."""
        y: Tensor = ReLUFunction.apply(x)
        return y


class NumpySoftmaxCrossEntropy(nn.Module):
    """The mean cross entropy of softmax(logits) against labels, as torch's CrossEntropyLoss."""

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of logits (N, classes) and labels (N)."""
        loss: Tensor = SoftmaxCrossEntropyFunction.apply(logits, labels)
        return loss


def numpy_mlp(input_shape: tuple[int, int, int], num_classes: int, activation: None = None) -> nn.Module:
    """Build the report's network on the flattened image; its ReLU is its own and cannot be replaced."""
    widths = [prod(input_shape), *HIDDEN]
    hidden = [layer for inputs, outputs in pairwise(widths) for layer in (NumpyLinear(inputs, outputs), NumpyReLU())]
    return nn.Sequential(nn.Flatten(), *hidden, NumpyLinear(widths[-1], num_classes))
