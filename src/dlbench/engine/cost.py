"""What a trial costs: parameters, operations per image, peak memory."""

import copy
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

_CLEAR_REFERENCES = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_RESET_PEAK = "5"


def count_parameters(model: nn.Module) -> int:
    """Return the number of trained parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def flops_per_image(model: nn.Module, image: Tensor) -> int | None:
    """Return the floating-point operations of one image's forward pass as torch counts them, or None.

    image: 1×C×H×W. Matrix products and convolutions count; a multiplication with its addition counts as two.
    """
    from torch.utils.flop_counter import FlopCounterMode  # takes a while to import

    try:
        probe = copy.deepcopy(model).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            probe(image)
    except Exception:  # the counter does not support every model; only the cost is then unknown
        return None
    return int(counter.get_total_flops())


def reset_peak_memory(device: torch.device) -> None:
    """Reset the peak that peak_memory_mb returns, where the system can."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif _CLEAR_REFERENCES.exists():
        _CLEAR_REFERENCES.write_text(_RESET_PEAK)


def peak_memory_mb(device: torch.device) -> float | None:
    """Return the peak memory since the reset in MB, of the device or the process; None where unknown."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    if sys.platform == "darwin":
        import resource  # Windows has none

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return None
