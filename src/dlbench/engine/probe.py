"""What torch finds on this machine."""

import torch

from dlbench.machine import Machine

_PRECISIONS = ("highest", "high", "medium")


def probe() -> Machine:
    """Return the devices that torch can use, their native precisions, and the error of products at each precision."""
    devices, name = ["cpu"], ""
    bfloat16 = {"cpu": bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())}
    if torch.backends.mps.is_available():
        devices.append("mps")
    if torch.cuda.is_available():
        devices.append("cuda")
        name = torch.cuda.get_device_name()
        bfloat16["cuda"] = torch.cuda.is_bf16_supported(including_emulation=False)
    return Machine(tuple(devices), name, bfloat16, {precision: matmul_error(precision) for precision in _PRECISIONS})


def matmul_error(precision: str) -> float:
    """Return the largest error of a linear layer's three products on the CPU, relative to their largest value.

    precision: as torch.set_float32_matmul_precision takes it; the current one is restored.
    """
    draw = torch.Generator().manual_seed(0)
    images, weights, slopes = (torch.randn(size, generator=draw) for size in ((64, 768), (256, 768), (64, 256)))
    pairs = ((images, weights.T), (slopes, weights), (slopes.T, images))
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        return max(_error(left, right) for left, right in pairs)
    finally:
        torch.set_float32_matmul_precision(before)


def _error(left: torch.Tensor, right: torch.Tensor) -> float:
    exact = left.double() @ right.double()
    return float((left @ right - exact).abs().max() / exact.abs().max())
