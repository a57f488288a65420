"""Double precision, wherever a device has it."""

from torch import Tensor


def in_double(tensor: Tensor) -> Tensor:
    """Return the values of a tensor in double precision: on its device or, as Apple's GPUs have none, on the CPU."""
    values = tensor.detach()
    return (values.cpu() if values.device.type == "mps" else values).double()
