"""The user's own arrays: one NumPy archive whose keys are the fields of ImageData."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench import ImageData


def npz(root: Path, download: bool, path: str) -> ImageData:
    """Read train_images, train_labels, test_images, test_labels and, where given, class_names and validation_*.

    Images: uint8 or float (taken as float32), N×C×H×W, N×H×W (one channel), or N×H×W×C where 1 or 3 channels stand
    last and cannot be meant first. Labels: whole numbers from 0.
    """
    arrays = _read(Path(path).expanduser())
    if absent := [key for key in ("train_images", "train_labels", "test_images", "test_labels") if key not in arrays]:
        raise ValueError(f"{path} has no array {absent[0]}; its arrays are {', '.join(sorted(arrays)) or 'none'}.")
    splits = [split for split in ("train", "test", "validation") if f"{split}_images" in arrays]
    parts = {split: _split(path, arrays, split) for split in splits}
    count = 1 + max(int(labels.max(initial=0)) for _, labels in parts.values())
    names = [str(name) for name in arrays.get("class_names", np.arange(count))]
    if len(names) < count:
        raise ValueError(f"{path}: class_names has {len(names)} names, and labels go up to {count - 1}.")
    validation = parts.get("validation", (None, None))
    return ImageData(*parts["train"], *parts["test"], names, *validation)


def _read(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}.")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            if isinstance(archive, np.ndarray):
                raise ValueError("it is a single array")
            return {key: array for key, array in archive.items() if isinstance(array, np.ndarray)}
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        size = path.stat().st_size
        raise ValueError(f"{path} is not a readable .npz archive of plain arrays ({size:,} bytes): {error}.") from None


def _split(path: str, arrays: Mapping[str, NDArray[Any]], split: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    if f"{split}_labels" not in arrays:
        raise ValueError(f"{path} has {split}_images but no {split}_labels.")
    images = _images(arrays[f"{split}_images"], f"{path}: {split}_images")
    labels = _labels(arrays[f"{split}_labels"], f"{path}: {split}_labels")
    if len(images) != len(labels):
        raise ValueError(f"{path}: {len(images):,} {split}_images, but {len(labels):,} {split}_labels.")
    return images, labels


def _images(array: NDArray[Any], name: str) -> NDArray[Any]:
    if array.dtype.kind == "f":
        array = array.astype(np.float32)
    if array.dtype not in (np.uint8, np.float32):
        raise ValueError(f"{name} are {array.dtype}; expected uint8 (0 to 255) or a float type.")
    if array.ndim == 3:
        return array[:, None]
    if array.ndim != 4:
        raise ValueError(f"{name} have the shape {array.shape}; expected N×C×H×W or N×H×W.")
    channels_last = array.shape[-1] in (1, 3) and array.shape[1] not in (1, 3)
    return array.transpose(0, 3, 1, 2) if channels_last else array


def _labels(array: NDArray[Any], name: str) -> NDArray[np.int64]:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(
            f"{name} are {array.dtype} of shape {array.shape}; expected one whole number an image, no one-hot rows."
        )
    if array.size and array.min() < 0:
        raise ValueError(f"{name} go down to {array.min()}; expected labels from 0.")
    return array.astype(np.int64)
