"""The user's own arrays in one NumPy archive, as Keras, MedMNIST and others write them."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench import ImageData
from dlbench.standard.array_labels import read_labels
from dlbench.standard.array_names import Names, find_names, without_empty
from dlbench.standard.array_pixels import read_pixels
from dlbench.standard.array_problem import ArrayProblemError
from dlbench.standard.limits import check_fits
from dlbench.standard.npz_file import NpzFile, open_npz


def npz(root: Path, download: bool, path: str, layout: str = "auto") -> ImageData:
    """Read train_images, train_labels, test_images, test_labels (or x_train, y_train, …), and where given val_*.

    test_groups: the group of each test image, such as its writer or its patient, where given.

    Images: uint8, other whole numbers in 0 to 255, floats or bool; N×H×W, N×H×W×C or N×C×H×W. Labels: whole numbers,
    N or N×1, one-hot rows or texts. layout: "nchw" or "nhwc" where the shape does not tell. Raises ValueError with the
    line that repairs a file that cannot be read as it is.
    """
    try:
        with open_npz(Path(os.path.expanduser(path))) as file:
            names = find_names(file.names)
            _check_memory(path, file, names)
            return _read(file, names, layout)
    except ArrayProblemError as error:
        raise ValueError(error.about(path)) from None


def _read(file: NpzFile, names: Names, layout: str) -> ImageData:
    images = {part.images: file.read(part.images) for part in names.parts.values()}
    labels = {part.labels: file.read(part.labels) for part in names.parts.values()}
    class_names = [_text(name) for name in file.read(names.class_names).ravel()] if names.class_names else None
    _check_first_axis(names, images, labels)
    for split, part in names.parts.items():
        _check_lengths(part.images, images[part.images], part.labels, labels[part.labels])
        if images[part.images].shape[:1] == (0,):
            problem = f"{part.images} have the shape {images[part.images].shape}: there are no images."
            raise ArrayProblemError(problem, without_empty(names.parts, split))
    pixels, done = read_pixels(images, layout)
    numbers, classes, numbered = read_labels(
        labels, class_names, {part.labels: part.images for part in names.parts.values()}
    )
    parts = {split: (pixels[part.images], numbers[part.labels]) for split, part in names.parts.items()}
    notes = [*done, *numbered, *(f"{name} is not used" for name in names.unused)]
    own = parts.get("validation", (None, None))
    groups = _read_groups(file, names, len(parts["test"][1]))
    return ImageData(*parts["train"], *parts["test"], classes, own[0], own[1], notes, groups)


def _read_groups(file: NpzFile, names: Names, images: int) -> NDArray[np.int64] | None:
    """Return the group of each test image, numbered from 0, whatever the file calls it; None if it names none."""
    if not names.groups:
        return None
    found = file.read(names.groups)
    if found.shape not in ((images,), (images, 1)) or found.dtype.kind not in "iuSU":
        kind = f"{found.dtype} of shape {found.shape}"
        problem = f"{names.groups} are {kind}; expected a whole number or a text for each of {images:,} test images."
        raise ArrayProblemError(problem, f"del a[{names.groups!r}]")
    groups: NDArray[np.int64] = np.unique(found.ravel(), return_inverse=True)[1].astype(np.int64)
    return groups


def _check_memory(path: str, file: NpzFile, names: Names) -> None:
    """Raise ValueError if the arrays and one copy of them need more memory than is free."""
    needed = [name for part in names.parts.values() for name in (part.images, part.labels)]
    size = sum(file.header(name).size for name in [*needed, *filter(None, [names.class_names])])
    check_fits(2 * size, path, "Save fewer images, smaller ones, or uint8 instead of floats.")


def _check_first_axis(names: Names, images: Mapping[str, NDArray[Any]], labels: Mapping[str, NDArray[Any]]) -> None:
    """Raise ArrayProblemError for images along the last axis, as MATLAB keeps them."""
    last = [
        part.images
        for part in names.parts.values()
        if images[part.images].ndim > 2 and labels[part.labels].ndim
        if images[part.images].shape[0] != len(labels[part.labels]) == images[part.images].shape[-1]
    ]
    if last:
        problem = (
            f"{last[0]} have the shape {images[last[0]].shape}, with the images along the last axis, not the first."
        )
        raise ArrayProblemError(problem, f"a.update({{k: np.moveaxis(a[k], -1, 0) for k in {tuple(last)}}})")


def _check_lengths(images_name: str, images: NDArray[Any], labels_name: str, labels: NDArray[Any]) -> None:
    counts = [len(array) if array.ndim else 1 for array in (images, labels)]
    if counts[0] != counts[1]:
        problem = f"{counts[0]:,} {images_name}, but {counts[1]:,} {labels_name}: each image needs its label."
        if not min(counts):
            raise ArrayProblemError(problem)
        longer = (images_name, labels_name)[counts[1] > counts[0]]
        cut = f"a[{longer!r}] = a[{longer!r}][:{min(counts)}]"
        raise ArrayProblemError(f"{problem} If the last ones are spare, cut them off:", cut)


def _text(name: Any) -> str:
    return name.decode(errors="backslashreplace") if isinstance(name, bytes) else str(name)
