"""Where the channels of images are: first, last, or in a place that only the user knows."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dlbench.standard.array_problem import ArrayProblemError

Pixels = TypeVar("Pixels", bound=np.generic)
#: How much better one reading has to be.
_CLEARLY = 3
#: Where both ends are so short, nothing tells which of them are the channels.
_MOST_CHANNELS = 4


def channels_first(arrays: Mapping[str, NDArray[Pixels]], layout: str) -> tuple[dict[str, NDArray[Pixels]], list[str]]:
    """Return images as N×C×H×W in memory, and what was done to them; arrays of N×H×W get a channel.

    layout: "nchw", "nhwc", or "auto", which raises ArrayProblemError where both are as plausible.
    """
    shape = next(iter(arrays.values())).shape[1:]
    if len(shape) == 2:
        return {name: np.ascontiguousarray(array[:, None]) for name, array in arrays.items()}, []
    if (layout if layout != "auto" else _guess(shape)) == "nchw":
        return {name: np.ascontiguousarray(array) for name, array in arrays.items()}, []
    moved = {name: np.ascontiguousarray(array.transpose(0, 3, 1, 2)) for name, array in arrays.items()}
    return moved, [] if shape[-1] in (1, 3) else [f"the last axis of {_times(shape)} is read as {shape[-1]} channels"]


def _guess(shape: tuple[int, ...]) -> str:
    first, middle, last = shape
    as_first, as_last = _plausibility(first, middle, last), _plausibility(last, first, middle)
    if 1 in (first, last):  # the other reading has images of a single row or column
        return "nchw" if first == 1 else "nhwc"
    if abs(as_first - as_last) >= _CLEARLY and max(first, last) > _MOST_CHANNELS:
        return "nchw" if as_first > as_last else "nhwc"
    raise ArrayProblemError(
        f"images of {_times(shape)} may be {first} channels of {middle}×{last} pixels (layout=nchw) or "
        f"{last} channels of {first}×{middle} (layout=nhwc). Say which, as in npz:path=…:layout=nhwc"
    )


def _plausibility(channels: int, height: int, width: int) -> int:
    """Return how much an image of this shape looks like one: gray or color, square, with more pixels than channels."""
    usual = 4 if channels in (1, 3) else 3 if channels in (2, 4) else 0
    return usual + 2 * (height == width) + 2 * (channels < min(height, width))


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
