"""The user's images as arrays of any type, range and layout: brought to uint8 or float32, N×C×H×W, or refused."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.standard.array_layout import channels_first
from dlbench.standard.array_problem import ArrayProblemError

#: Floats from 0 that go further than this and not beyond 255 are pixels from 0 to 255.
_MOST_UNSCALED = 16
_CHUNK = 1 << 22


@dataclass(frozen=True)
class Range:
    """The values of an array. whole: whether all are whole numbers."""

    low: float
    high: float
    whole: bool

    @property
    def peak(self) -> float:
        """Return the largest distance from 0."""
        return max(abs(self.low), abs(self.high))

    def __str__(self) -> str:
        return f"{self.low:,.6g} to {self.high:,.6g}"


def read_pixels(arrays: Mapping[str, NDArray[Any]], layout: str) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Return the images of each array, by its name in the file, and what was done to them.

    layout: "nchw", "nhwc", or "auto". All arrays are treated alike. Raises ArrayProblemError with the statement that
    repairs the file.
    """
    for name, array in arrays.items():
        _check_form(name, array)
    _check_shapes(arrays)
    ranges = {name: _range(name, array) for name, array in arrays.items()}
    _check_ranges(arrays, ranges)
    converted, done = _convert(arrays, ranges)
    images, moved = channels_first(converted, layout)
    return images, [*done, *moved]


def _check_form(name: str, array: NDArray[Any]) -> None:
    if array.dtype.kind not in "biuf":
        problem = f"{name} are {array.dtype}; expected numbers: uint8 (0 to 255), floats or bool."
        raise ArrayProblemError(problem, f"a[{name!r}] = np.abs(a[{name!r}])" if array.dtype.kind == "c" else "")
    if array.ndim not in (3, 4):
        problem = f"{name} have the shape {array.shape}; expected N×H×W, N×H×W×C or N×C×H×W."
        raise ArrayProblemError(problem, _unflatten(name, array))
    if not array.size:
        raise ArrayProblemError(f"{name} have the shape {array.shape}: there are no images.")


def _unflatten(name: str, array: NDArray[Any]) -> str:
    """Return the statement that makes rows of pixels images again, where their shape can be guessed."""
    for channels in (1, 3):
        side = math.isqrt(array.shape[1] // channels) if array.ndim == 2 else 0
        if side > 1 and channels * side * side == array.shape[1]:
            shape = (side, side) if channels == 1 else (3, side, side)
            return f"a[{name!r}] = a[{name!r}].reshape(-1, {', '.join(map(str, shape))})"
    return ""


def _check_shapes(arrays: Mapping[str, NDArray[Any]]) -> None:
    (first, known), *others = arrays.items()
    for name, array in others:
        if array.ndim != known.ndim:
            index = f"a[{name!r}][..., None]" if array.ndim < known.ndim else f"a[{name!r}][..., 0]"
            problem = f"{first} have the shape {known.shape}, and {name} {array.shape}."
            raise ArrayProblemError(problem, f"a[{name!r}] = {index}")
        if array.shape[1:] != known.shape[1:]:
            common = ", ".join(f":{min(pair)}" for pair in zip(known.shape[1:], array.shape[1:], strict=True))
            cut = "; ".join(f"a[{each!r}] = a[{each!r}][:, {common}]" for each in (first, name))
            sizes = ("×".join(map(str, shape[1:])) for shape in (known.shape, array.shape))
            raise ArrayProblemError(f"{first} and {name} differ in size: {' and '.join(sizes)}.", cut)


def _range(name: str, array: NDArray[Any]) -> Range:
    """Return the range of an array, read in pieces. Raises ArrayProblemError for what is not finite in float32."""
    if array.dtype.kind == "b":
        return Range(0, 1, whole=True)
    step = max(1, _CHUNK // max(1, array[0].size))
    low, high, whole, bad = math.inf, -math.inf, True, 0
    for part in (array[start : start + step] for start in range(0, len(array), step)):
        if array.dtype.kind == "f":
            with np.errstate(over="ignore"):
                finite = np.isfinite(part.astype(np.float32)).reshape(len(part), -1).all(axis=1)
            bad += int((~finite).sum())
            whole = whole and not bad and bool((part == np.rint(part)).all())
        low, high = min(low, float(part.min())), max(high, float(part.max()))
    if bad:
        problem = f"{name} have pixels that are infinite or NaN, in {bad:,} of {len(array):,} images."
        raise ArrayProblemError(problem, f"a[{name!r}] = np.where(np.abs(a[{name!r}]) < 3e38, a[{name!r}], 0)")
    return Range(low, high, whole)


def _check_ranges(arrays: Mapping[str, NDArray[Any]], ranges: Mapping[str, Range]) -> None:
    """Raise ArrayProblemError if arrays differ so much that they cannot be pixels of one kind."""
    (first, known), *others = ranges.items()
    for name, found in others:
        small, large = sorted((known, found), key=lambda each: each.peak)
        apart = 0 < small.peak <= 1 and large.peak > _MOST_UNSCALED
        apart |= arrays[name].dtype.kind == "f" == arrays[first].dtype.kind and 0 < small.peak * 100 < large.peak
        signed = min(known.low, found.low) < -0.5 and max(known.low, found.low) >= 0 and large.peak <= 1
        if not apart and not signed:
            continue
        problem = f"{first} go from {known}, and {name} from {found}: they are not in one range."
        if signed:
            half = first if known.low < 0 else name
            raise ArrayProblemError(problem, f"a[{half!r}] = (a[{half!r}] + 1) / 2")
        wide = first if known is large else name
        white = 255 if large.high <= 255 else 2 ** math.ceil(math.log2(large.peak + 1)) - 1
        raise ArrayProblemError(problem, f"a[{wide!r}] = (a[{wide!r}] / {white}).astype(np.float32)")


def _convert(
    arrays: Mapping[str, NDArray[Any]], ranges: Mapping[str, Range]
) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Return all arrays as uint8, or all as float32, and what was done."""
    kinds = {array.dtype.kind for array in arrays.values()}
    if "b" in kinds:
        return _from_bool(arrays), ["True is white"]
    for name, array in arrays.items():
        if array.dtype.kind in "iu" or (ranges[name].whole and ranges[name].peak > 255):
            _check_whole(name, array, ranges, arrays)
    floats = [ranges[name] for name, array in arrays.items() if array.dtype.kind == "f"]
    bytes_ = all(found.low >= 0 and found.high <= 255 for found in floats)
    bytes_ = bytes_ and max((found.high for found in floats), default=255) > _MOST_UNSCALED
    if not bytes_ and kinds != {"f"}:
        whole = [name for name, array in arrays.items() if array.dtype.kind != "f"]
        names = " and ".join(whole)
        problem = f"{names} are whole numbers from 0 to 255, and the others floats of another range."
        raise ArrayProblemError(problem, _divide(whole, 255))
    if bytes_ and all(found.whole for found in ranges.values()):
        return {name: array.astype(np.uint8) for name, array in arrays.items()}, _say_bytes(arrays, ranges)
    if bytes_:
        images = {name: array.astype(np.float32) / np.float32(255) for name, array in arrays.items()}
        return images, ["pixels from 0 to 255 with fractions are divided by 255"]
    return {name: array.astype(np.float32) for name, array in arrays.items()}, _say_floats(ranges)


def _from_bool(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    for name, array in arrays.items():
        if array.dtype.kind != "b":
            problem = f"{name} are {array.dtype}, and others are bool."
            raise ArrayProblemError(problem, f"a[{name!r}] = a[{name!r}].astype(bool)")
    return {name: array.astype(np.uint8) * np.uint8(255) for name, array in arrays.items()}


def _check_whole(
    name: str, array: NDArray[Any], ranges: Mapping[str, Range], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Raise ArrayProblemError for whole numbers that may be no pixels from 0 to 255."""
    low, high = min(found.low for found in ranges.values()), max(found.high for found in ranges.values())
    if low < 0:
        problem = f"{name} are {array.dtype}, from {ranges[name]}; expected 0 to 255."
        span = f"{high - low:.0f}" if high > low else "1"
        change = f"a.update({{k: ((a[k] - {low:.0f}.0) / {span}).astype(np.float32) for k in {tuple(arrays)}}})"
        raise ArrayProblemError(problem, change)
    if high > 255:
        problem = f"{name} are {array.dtype}, up to {ranges[name].high:,.0f}, and nothing says which value is white."
        raise ArrayProblemError(problem, _divide(list(arrays), 2 ** math.ceil(math.log2(high + 1)) - 1))
    if high == 1 and array.dtype != np.uint8:
        problem = f"{name} are {array.dtype}, only 0 and 1; if that is black and white, say so."
        raise ArrayProblemError(problem, f"a.update({{k: a[k].astype(bool) for k in {tuple(arrays)}}})")


def _divide(names: list[str], white: int) -> str:
    return f"a.update({{k: (a[k] / {white}).astype(np.float32) for k in {tuple(names)}}})"


def _say_bytes(arrays: Mapping[str, NDArray[Any]], ranges: Mapping[str, Range]) -> list[str]:
    others = sorted({str(array.dtype.newbyteorder("=")) for array in arrays.values()} - {"uint8"})
    highest = max(found.high for found in ranges.values())
    said = [f"{', '.join(others)} pixels from 0 to 255 are taken as uint8"] if others else []
    return said + ([f"no pixel is above {highest:.0f} of 255"] if 0 < highest <= _MOST_UNSCALED else [])


def _say_floats(ranges: Mapping[str, Range]) -> list[str]:
    low, high = min(found.low for found in ranges.values()), max(found.high for found in ranges.values())
    return [] if low >= 0 and high <= 1 else [f"pixels from {Range(low, high, whole=False)} are taken as they are"]
