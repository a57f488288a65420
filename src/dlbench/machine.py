"""What the machine is and has, told without importing torch where that can be."""

import ctypes.util
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Machine:
    """What torch sees here. devices: "cpu" first. precisions: what is native on each device."""

    devices: tuple[str, ...] = ("cpu",)
    device_name: str = ""
    bfloat16: Mapping[str, bool] | None = None

    def device(self, wanted: str) -> str:
        """Return the device that a setting means; "auto" is the last and fastest one."""
        return self.devices[-1] if wanted == "auto" else wanted

    def precision(self, wanted: str, device: str) -> str:
        """Return the precision that a setting means; "auto" is bfloat16 where the device has it."""
        native = (self.bfloat16 or {}).get(device, False)
        return ("bfloat16" if native else "float32") if wanted == "auto" else wanted

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON content."""
        return asdict(self)


def may_have_accelerator() -> bool:
    """Tell whether torch could find anything but a CPU: a CUDA driver, or Apple's GPU."""
    return sys.platform == "darwin" or ctypes.util.find_library("cuda") is not None
