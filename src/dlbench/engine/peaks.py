"""The machine's best rates of matrix products and convolutions, to compare a training's speed with."""

import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from dlbench.machine import Peaks

_SECONDS = 0.3
_WIDTH, _CHANNELS, _SIDE, _IMAGES = 512, 64, 16, 16


def measure_peaks(device: torch.device, precision: str, threads: int) -> Peaks:
    """Return the best rates of a square matrix product and of a 3×3 convolution, channels last, in a precision."""
    torch.set_num_threads(threads)
    kind = torch.bfloat16 if precision == "bfloat16" else torch.float32
    matrix = torch.randn(_WIDTH, _WIDTH).to(device, kind)
    images = torch.randn(_IMAGES, _CHANNELS, _SIDE, _SIDE).to(device, kind, memory_format=torch.channels_last)
    kernels = torch.randn(_CHANNELS, _CHANNELS, 3, 3).to(device, kind, memory_format=torch.channels_last)
    return Peaks(
        matmul=best_rate(lambda: matrix @ matrix, 2 * _WIDTH**3),
        convolution=best_rate(lambda: F.conv2d(images, kernels, padding=1), 2 * _IMAGES * _SIDE**2 * _CHANNELS**2 * 9),
    )


def linear_rate(matmul_precision: str) -> float:
    """Return the GFLOP per second of a float32 linear layer on one CPU thread at one of torch's matmul precisions."""
    images, weights = torch.randn(128, _WIDTH), torch.randn(_WIDTH, _WIDTH)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(matmul_precision)
    try:
        return best_rate(lambda: F.linear(images, weights), 2 * 128 * _WIDTH**2)
    finally:
        torch.set_float32_matmul_precision(before)


def best_rate(task: Callable[[], Tensor], operations: int) -> float:
    """Return the GFLOP per second of a task's best call within a third of a second, after a warm-up call."""
    best, wait = float("inf"), torch.cuda.synchronize if task().is_cuda else _nothing
    with torch.no_grad():
        ends = time.perf_counter() + _SECONDS
        while time.perf_counter() < ends:
            wait()
            started = time.perf_counter()
            task()
            wait()
            best = min(best, time.perf_counter() - started)
    return operations / best / 1e9


def _nothing() -> None:
    """Do nothing: a CPU has finished when a call returns."""
