"""Ask torch what this machine has."""

import torch

from dlbench.machine import Machine


def probe() -> Machine:
    """Return the devices that torch can use and the precisions that are native there."""
    devices, name = ["cpu"], ""
    bfloat16 = {"cpu": bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())}
    if torch.backends.mps.is_available():
        devices.append("mps")
    if torch.cuda.is_available():
        devices.append("cuda")
        name = torch.cuda.get_device_name()
        bfloat16["cuda"] = torch.cuda.is_bf16_supported(including_emulation=False)
    return Machine(tuple(devices), name, bfloat16)
