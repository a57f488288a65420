"""Measure what fusing batch norm, activation and pooling gains on a CPU: simple-cnn's blocks, both ways in each round.

Batch norm is an increasing map of each channel where its weight is positive, and ReLU is increasing: the largest of
four pixels remains the largest, so pooling can come first. Then normalization, activation and the gradient's sums over
a channel process a quarter of the pixels.

python benchmarks/fused_pooling.py [ROUNDS [BATCH]]
"""

import statistics
import sys
import time

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlbench.executors.allocator import keep_freed_memory

_REPEATS = 5


class PooledNorm(torch.autograd.Function):
    """ReLU and 2×2 max pooling of a batch norm in training, from the pooled input. Assumes positive weights."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
        """Return N×C×H/2×W/2."""
        pixels = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])  # a view of channels-last memory
        mean = pixels.mean(0)
        inverse = ((pixels - mean).square_().mean(0) + eps).rsqrt()
        pooled, places = F.max_pool2d(x, 2, return_indices=True)
        scale = (weight * inverse).view(1, -1, 1, 1)
        shift = (bias - mean * weight * inverse).view(1, -1, 1, 1)
        answer = torch.addcmul(shift, pooled, scale).relu_()
        ctx.save_for_backward(x, weight, mean, inverse, pooled, places, answer)
        return answer

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """Return the gradients of input, weight and bias."""
        x, weight, mean, inverse, pooled, places, answer = ctx.saved_tensors
        gradient = torch.ops.aten.threshold_backward(gradient, answer, 0.0)
        count = x.numel() // x.shape[1]
        wide = (1, -1, 1, 1)
        sums = gradient.sum((0, 2, 3))
        products = (gradient * pooled).sum((0, 2, 3))
        weight_gradient = (products - mean * sums) * inverse
        scale = weight * inverse
        slope = -scale * inverse * weight_gradient / count
        level = -scale * sums / count - slope * mean
        sparse = torch.ops.aten.max_pool2d_with_indices_backward(
            gradient * scale.view(wide), x, [2, 2], [2, 2], [0, 0], [1, 1], False, places
        )
        return sparse.addcmul_(x, slope.view(wide)).add_(level.view(wide)), weight_gradient, sums, None


def blocks(batch: int) -> list[tuple[nn.BatchNorm2d, Tensor]]:
    """Return simple-cnn's two batch norms on MNIST, with inputs of the shapes that its convolutions return."""
    generator = torch.Generator().manual_seed(0)
    return [
        (
            nn.BatchNorm2d(channels),
            torch.randn(batch, channels, side, side, generator=generator)
            .contiguous(memory_format=torch.channels_last)
            .requires_grad_(),
        )
        for channels, side in ((32, 28), (64, 14))
    ]


def separate(norm: nn.BatchNorm2d, x: Tensor) -> Tensor:
    """Return the output of the network's own layers."""
    return F.max_pool2d(F.relu(norm(x)), 2)


def fused(norm: nn.BatchNorm2d, x: Tensor) -> Tensor:
    """Return the same from one function."""
    return PooledNorm.apply(x, norm.weight, norm.bias, norm.eps)


def main(rounds: int = 9, batch: int = 64) -> None:
    """Check that both ways agree, then print milliseconds per step and their ratio."""
    torch.set_num_threads(1)
    inputs = blocks(batch)
    for norm, x in inputs:
        gradients = []
        for way in (separate, fused):
            answer = way(norm, x)
            gradients.append((answer, *torch.autograd.grad(answer.square().sum(), (x, norm.weight, norm.bias))))
        for one, other in zip(*gradients, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-2)
    timings = {separate: [], fused: []}
    for _ in range(rounds):
        for way, found in timings.items():
            started = time.process_time()
            for _ in range(_REPEATS):
                for norm, x in inputs:
                    answer = way(norm, x)
                    torch.autograd.grad(answer, (x, norm.weight, norm.bias), answer.detach())
            found.append((time.process_time() - started) / _REPEATS * 1e3)
    ratios = [one / other for one, other in zip(*timings.values(), strict=True)]
    for way, found in timings.items():
        print(f"{way.__name__}: {statistics.median(found):.2f} ms per step")
    print(f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})")


if __name__ == "__main__":
    keep_freed_memory()
    main(*map(int, sys.argv[1:]))
