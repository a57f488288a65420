"""What the machine offers for training, found without importing torch where possible."""

import ctypes.util
import os
import socket
import sys
from collections.abc import Iterator, Mapping
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


def available_cores(groups: Path = Path("/proc/self/cgroup"), mount: Path = Path("/sys/fs/cgroup")) -> int:
    """Return how many cores this process may use, by its affinity and by the quotas of its control groups.

    groups: where Linux lists the control groups of a process. mount: where their files are.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([cores, *_quotas(_read(groups), mount)])))


def _quotas(groups: str, mount: Path) -> Iterator[float]:
    """Yield the quota of each control group and of those above it, in cores. Each group of the way may have one."""
    for line in groups.splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        # In a container the mount may be the group itself, and its path one of the machine outside.
        roots = [mount / "cpu", mount / controllers] if controllers else [mount, mount / "unified"]
        for root in dict.fromkeys(roots):
            group = root / path.lstrip("/")
            for folder in (group, *group.parents):
                yield from _quota(folder)
                if folder == root:
                    break


def _quota(folder: Path) -> Iterator[float]:
    """Yield the quota of one control group, of version 2 or 1, if it has one."""
    numbers = _read(folder / "cpu.max") or f"{_read(folder / 'cpu.cfs_quota_us')} {_read(folder / 'cpu.cfs_period_us')}"
    quota, period = [*numbers.split(), "", ""][:2]
    if quota.isdecimal() and period.isdecimal() and int(period):  # "max" and -1 mean none
        yield int(quota) / int(period)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


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


def own_process() -> dict[str, Any]:
    """Return what distinguishes this process from all others, here and elsewhere, as JSON content."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "namespace": _namespace(), "started": process_start(pid) or ""}


def has_ended(process: Mapping[str, Any]) -> bool:
    """Return whether a process, as own_process() described it, is known to have ended: none here is the same.

    It is not known of one on another machine or in another container.
    """
    here = (process.get("host"), process.get("namespace")) == (socket.gethostname(), _namespace())
    pid, started = process.get("pid"), process.get("started")
    return here and isinstance(pid, int) and process_start(pid) != started


def _namespace() -> str:
    """Return the name of this process's set of process numbers, "" where there are no such sets."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


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
