"""The user's own images: a folder a class, as image files."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from dlbench import ImageData

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
_MODES = {1: "L", 3: "RGB"}

Files = Sequence[tuple[Path, int]]
"""Image files, each with its label."""


def image_folder(
    root: Path, download: bool, path: str, size: int | None, channels: int, test_fraction: float
) -> ImageData:
    """Read path/train/<class>/*, path/test/<class>/* and, where it is there, path/validation (or val)/<class>/*.

    Without train and test, path/<class>/* is split: a file is for testing if the hash of "<class>/<name>", as a
    number in [0, 1), is below test_fraction, so that new files move none of the old.
    size: height and width; images are cropped around their center to a square and scaled. channels: 3, or 1 for gray.
    """
    if channels not in _MODES:
        raise ValueError(f"channels={channels} is not possible: 3 for color, 1 for gray.")
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}.")
    splits, class_names = _find_splits(folder, test_fraction)
    shape = (size, size) if size else _common_size(splits["train"])
    arrays = [_read(files, shape, channels, crop=size is not None) for files in splits.values()]
    validation = arrays[2] if len(arrays) > 2 else (None, None)
    return ImageData(*arrays[0], *arrays[1], list(map(_as_text, class_names)), *validation)


def _as_text(name: str) -> str:
    r"""Return a folder's name for tables and figures: bytes that are not UTF-8 become \xff and the like."""
    return os.fsencode(name).decode(errors="backslashreplace")


def _find_splits(folder: Path, test_fraction: float) -> tuple[dict[str, Files], list[str]]:
    """Return the files of train, test and perhaps validation, in this order, and the class names."""
    if (folder / "train").is_dir() and (folder / "test").is_dir():
        class_names = _class_names(folder / "train")
        places = {split: folder / split for split in ("train", "test", "validation")}
        if (folder / "val").is_dir():
            places["validation"] = folder / "val"
        splits = {split: _list(place, class_names) for split, place in places.items() if place.is_dir()}
    elif (folder / "train").is_dir() and _class_names(folder / "train"):  # "train" may be a class among others
        raise FileNotFoundError(f"there is no {folder / 'test'} beside {folder / 'train'}.")
    else:
        class_names = _class_names(folder)
        splits = _divide(folder, _list(folder, class_names), test_fraction)
    for split, found in splits.items():
        if not found:
            raise ValueError(f"{folder} has no images for {split} ({len(class_names)} class folders were found).")
    return splits, class_names


def _divide(folder: Path, files: Files, test_fraction: float) -> dict[str, Files]:
    train: list[tuple[Path, int]] = []
    test: list[tuple[Path, int]] = []
    for file, label in files:
        digest = hashlib.sha256(os.fsencode(file.relative_to(folder).as_posix())).digest()
        is_for_testing = int.from_bytes(digest[:8], "big") < test_fraction * 2**64
        (test if is_for_testing else train).append((file, label))
    return {"train": train, "test": test}


def _class_names(folder: Path) -> list[str]:
    return sorted(place.name for place in folder.iterdir() if place.is_dir() and not place.name.startswith("."))


def _list(folder: Path, class_names: Sequence[str]) -> Files:
    if unknown := sorted(set(_class_names(folder)) - set(class_names)):
        raise ValueError(f"{folder / unknown[0]} is a class that the training images do not have.")
    return [
        (file, label)
        for label, name in enumerate(class_names)
        for file in sorted((folder / name).rglob("*"))
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
    ]


def _common_size(files: Files) -> tuple[int, int]:
    """Return width and height of the first image; reading holds the others against it."""
    with _open(files[0][0]) as image:
        return image.size


def _open(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except OSError as error:
        raise ValueError(f"{path} is not a readable image ({path.stat().st_size:,} bytes): {error}.") from None


def _read(
    files: Files, size: tuple[int, int], channels: int, *, crop: bool
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    width, height = size
    images = np.empty((len(files), height, width, channels), np.uint8)
    for row, (path, _) in zip(images, files, strict=True):
        row[:] = _read_image(path, size, _MODES[channels], crop=crop).reshape(row.shape)
    labels = np.array([label for _, label in files], np.int64)
    return images.transpose(0, 3, 1, 2), labels


def _read_image(path: Path, size: tuple[int, int], mode: str, *, crop: bool) -> NDArray[np.uint8]:
    with _open(path) as image:
        if not crop and image.size != size:
            raise ValueError(
                f"the images differ in size: {path} has {image.width}×{image.height} pixels, others "
                f"{size[0]}×{size[1]}. Give one size for all: size={min(*size, *image.size)}"
            )
        try:
            pixels = image.convert(mode)
        except (OSError, SyntaxError) as error:  # Pillow finds damage only when it decodes
            found = f"{path.stat().st_size:,} bytes"
            raise ValueError(f"{path} is a corrupt or truncated image ({found}): {error}.") from None
    return np.asarray(ImageOps.fit(pixels, size) if crop else pixels)
