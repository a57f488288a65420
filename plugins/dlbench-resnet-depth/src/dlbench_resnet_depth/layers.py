"""What the convolutional networks of the report are built from."""

from torch import nn


def convolution(inputs: int, outputs: int, size: int, stride: int = 1) -> list[nn.Module]:
    """Return a convolution and its batch norm; height and width are divided by the stride, rounded up.

    The convolution has no bias: the batch norm's shift does its work.
    """
    return [nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs)]
