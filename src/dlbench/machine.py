"""What the machine offers for training, found without importing torch where possible."""

import ctypes.util
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

#: Errors of float32 products, relative to the largest, stay far below this; those of bfloat16 or TF32 lie far above.
LOSSLESS_ERROR = 1e-5


@dataclass(frozen=True)
class Machine:
    """What torch finds on this machine.

    devices: "cpu" first.
    device_name: model of the GPU, or "".
    bfloat16: whether it is native, by device.
    matmul_errors: the error of a product on the CPU at each of torch's float32 matmul precisions.
    """

    devices: tuple[str, ...] = ("cpu",)
    device_name: str = ""
    bfloat16: Mapping[str, bool] | None = None
    matmul_errors: Mapping[str, float] = field(default_factory=dict)

    def device(self, wanted: str) -> str:
        """Return the device that a setting means; "auto" is the last and fastest one."""
        return self.devices[-1] if wanted == "auto" else wanted

    def precision(self, wanted: str, device: str) -> str:
        """Return the precision that a setting means; "auto" is bfloat16 where the device has it."""
        native = (self.bfloat16 or {}).get(device, False)
        return ("bfloat16" if native else "float32") if wanted == "auto" else wanted

    def matmul_precision(self, wanted: str, device: str) -> str:
        """Return the matmul precision that a setting means; "auto" is the loosest that loses no digits here.

        torch may take a faster library for it, at the same exactness. It is checked for the CPU alone.
        """
        if wanted != "auto":
            return wanted
        exact = [name for name, error in self.matmul_errors.items() if error < LOSSLESS_ERROR]
        return exact[-1] if exact and device == "cpu" else "highest"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON content."""
        return asdict(self)


def may_have_accelerator() -> bool:
    """Return whether torch could find anything but a CPU: a CUDA driver, or Apple's GPU."""
    drivers = (Path("/dev/nvidiactl"), Path("/dev/dxg"))  # where the linker's cache lacks libcuda
    return (
        sys.platform == "darwin"
        or any(driver.exists() for driver in drivers)
        or ctypes.util.find_library("cuda") is not None
    )


@dataclass(frozen=True)
class Peaks:
    """The best rates that were measured, in GFLOP per second."""

    matmul: float
    convolution: float


@dataclass(frozen=True, kw_only=True)
class Training:
    """What a worker finds on the machine that it trains on.

    machine: what torch finds.
    allocator: whether it can be configured to keep freed memory.
    peaks: of one thread, by precision.
    linear_rates: GFLOP per second of a float32 linear layer on one thread, by matmul precision.
    """

    machine: Machine
    allocator: bool
    peaks: Mapping[str, Peaks]
    linear_rates: Mapping[str, float]


def process_start(pid: int) -> str | None:
    """Return when a process started, by the system's own count, or None if there is no such process (any more).

    "" where the system does not tell. Together with its number it distinguishes a process from all others.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return "" if sys.platform != "linux" and _exists(pid) else None
    return None if fields[0] in ("Z", "X") else fields[19]  # a zombie has ended


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True
