"""Arrays of random type, range, layout and labels: read to what they were made of, or refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlbench.components.image_data import ImageData
from dlbench.standard.npz import npz

Random = np.random.Generator
#: How pixels from 0 to 255 are written, and what they then are in [0, 1], or as they are. None: to be refused.
WRITTEN: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any] | None]] = {
    **{
        kind: (lambda pixels, kind=kind: pixels.astype(kind), lambda pixels: pixels / 255)
        for kind in ("u1", "i2", "<i8", ">i4", "<u2", ">u2", "f2", "<f4", ">f8")
    },
    "fractions": (lambda pixels: np.minimum(pixels + 0.25, 255), lambda pixels: np.minimum(pixels + 0.25, 255) / 255),
    "0 to 1": (lambda pixels: pixels / 255, lambda pixels: pixels / 255),
    "-1 to 1": (lambda pixels: (pixels / 127.5 - 1).astype("f4"), lambda pixels: pixels / 127.5 - 1),
    "standardized": (lambda pixels: (pixels - 120) / 60, lambda pixels: (pixels - 120) / 60),
    "bool": (lambda pixels: pixels > 99, lambda pixels: (pixels > 99) * 1.0),
    "16 bits": (lambda pixels: pixels.astype("u2") * 257, None),
    "16 bits as floats": (lambda pixels: pixels.astype("f4") * 257, None),
    "signed": (lambda pixels: (pixels.astype("i2") - 128).astype("i1"), None),
    "nan": (lambda pixels: np.where(pixels == pixels.max(), np.nan, pixels), None),
    "infinite": (lambda pixels: np.where(pixels == pixels.max(), -np.inf, pixels / 255), None),
    "objects": (lambda pixels: pixels.astype(object), None),
    "fields": (lambda pixels: pixels.astype("u1").view([("pixel", "u1")]), None),
    "complex": (lambda pixels: pixels * 1j, None),
}
LABELED: dict[str, Callable[[Any, int], Any]] = {
    **{kind: lambda labels, count, kind=kind: labels.astype(kind) for kind in ("i8", ">i2", "u1", "f4", "f8")},
    "column": lambda labels, count: labels[:, None].astype("u1"),
    "one-hot": lambda labels, count: np.eye(count)[labels],
    "one-hot bool": lambda labels, count: np.eye(count)[labels] > 0,
    "from one": lambda labels, count: labels + 1,
    "thousands": lambda labels, count: (labels * 1000).astype("u8"),
    "negative": lambda labels, count: labels * 2 - 1 if count == 2 else labels,
    "texts": lambda labels, count: np.array(["ant", "bee", "cat", "dog", "elk"])[labels],
    "bytes": lambda labels, count: np.array([b"ant", b"bee", b"cat", b"dog", b"elk"])[labels],
}
NAMES = (
    ("train_images", "train_labels", "test_images", "test_labels", "val_images", "val_labels"),
    ("x_train", "y_train", "x_test", "y_test", "x_val", "y_val"),
    ("X_train", "y_train", "X_valid", "y_valid", "X_test", "y_test"),
)


def written(
    random: Random, pixels: Any, write: Callable[[Any], Any], form: str, order: str
) -> tuple[Any, tuple[int, ...]]:
    """Return N×C×H×W pixels as a file has them, and the shape of an image there."""
    array = write(pixels)
    if form == "nhw":
        array = array[:, 0]
    elif form == "nhwc":
        array = array.transpose(0, 2, 3, 1)
    return np.array(array, order=order), array.shape[1:]  # type: ignore[call-overload]


def read_or_refused(path: Path, layout: str) -> tuple[ImageData | None, str]:
    try:
        return npz(Path(), False, str(path), layout), ""
    except ValueError as error:
        return None, str(error)


def check_one(random: Random, path: Path) -> bool:
    """Write a file at random and read it; return whether it was read. Raises AssertionError if it was read wrongly."""
    kind, labeled, names = random.choice(list(WRITTEN)), random.choice(list(LABELED)), NAMES[random.integers(3)]
    write, read = WRITTEN[kind]
    channels, height, width = random.choice([1, 2, 3, 4]), *random.integers(2, 24, 2)
    form = random.choice(["nchw", "nhwc", *(["nhw"] if channels == 1 else [])])
    layout = random.choice(["auto", "auto", form if form != "nhw" else "auto"])
    count, splits = int(random.integers(2, 6)), int(random.integers(2, 4))
    pixels, labels, arrays = [], [], {}
    for split in range(splits):
        labels.append(random.permutation(np.arange(count + random.integers(0, 9)) % count))
        pixels.append(random.integers(0, 256, (len(labels[-1]), channels, height, width)))
        pixels[-1].flat[:2] = 0, 255
        array, shape = written(random, pixels[-1], write, form, random.choice(["C", "F"]))
        arrays[names[2 * split]], arrays[names[2 * split + 1]] = array, LABELED[labeled](labels[-1], count)
    missing = names[2].startswith("X_v") and splits == 2  # train and valid alone
    np.savez(path, **arrays)
    about = f"{kind}, {labeled}, {form} of {shape}, layout={layout}, {names[0]}, {count} classes"
    data, refusal = read_or_refused(path, layout)
    if data is None:
        assert read is None or missing or (layout == "auto" and "layout=nhwc" in refusal), f"{about}: {refusal}"
        assert str(path) in refusal, about
        return False
    assert read is not None, about
    assert not missing, about
    found = {"train": (data.train_images, data.train_labels), "test": (data.test_images, data.test_labels)}
    found["valid" if names[2].startswith("X_v") else "val"] = (data.validation_images, data.validation_labels)
    for split in range(splits):
        name = next(each for each in found if each in names[2 * split].lower())
        images, classes = found[name]
        scale = 255 if images.dtype == np.uint8 else 1
        np.testing.assert_allclose(images / scale, read(pixels[split]), rtol=2e-6, atol=1e-6, err_msg=about)
        assert classes.tolist() == labels[split].tolist(), about
    assert len(data.class_names) == count, about
    return True


def check_many(count: int, seed: int, folder: Path) -> float:
    random = np.random.default_rng(seed)
    return sum(check_one(random, folder / "random.npz") for _ in range(count)) / count


def test_random_arrays_are_read_to_what_they_were_made_of_or_refused(tmp_path: Path) -> None:
    assert check_many(150, 0, tmp_path) > 0.4


@pytest.mark.slow
def test_many_random_arrays_are_read_to_what_they_were_made_of_or_refused(tmp_path: Path) -> None:
    assert check_many(2_000, 1, tmp_path) > 0.4
