"""MNIST and the data sets in its format, IDX (http://yann.lecun.com/exdb/mnist)."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dlbench import ImageData
from dlbench.standard.downloads import check, fetch, place, read_labels
from dlbench.standard.limits import read_bounded, unpack_bounded

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
MNIST_SHA256: Mapping[str, str] = MappingProxyType(
    {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    }
)
#: Bytes of a file; MNIST's training images have 47,040,016.
LARGEST = 64_000_000
GARMENTS = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
HIRAGANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


def mnist(root: Path, download: bool) -> ImageData:
    """Read MNIST: 60,000 and 10,000 handwritten digits, uint8, 1×28×28."""
    return _load("MNIST", root, download, [str(digit) for digit in range(10)], MNIST_SHA256)


def fashion_mnist(root: Path, download: bool) -> ImageData:
    """Read Fashion-MNIST: 60,000 and 10,000 articles of clothing, uint8, 1×28×28."""
    return _load("FashionMNIST", root, download, GARMENTS)


def kmnist(root: Path, download: bool) -> ImageData:
    """Read Kuzushiji-MNIST: 60,000 and 10,000 cursive hiragana, uint8, 1×28×28."""
    return _load("KMNIST", root, download, HIRAGANA)


def _load(
    name: str, root: Path, download: bool, class_names: Sequence[str], sha256: Mapping[str, str] = MappingProxyType({})
) -> ImageData:
    folder = root / name / "raw"
    absent = [file for file in FILES if not (folder / file).is_file() and not (folder / f"{file}.gz").is_file()]
    if absent and not download:
        raise FileNotFoundError(f"there is no {folder / absent[0]}, nor {absent[0]}.gz beside it.")
    if absent:
        _download(name, folder, absent)
    train = _read_split(folder, *FILES[:2], len(class_names), sha256)
    test = _read_split(folder, *FILES[2:], len(class_names), sha256)
    return ImageData(*train, *test, class_names)


def _download(name: str, folder: Path, files: Sequence[str]) -> None:
    """Download files as torchvision lays them out; it knows the addresses and checksums, by the set's name."""
    import torchvision

    publisher = getattr(torchvision.datasets, name)
    checksums = dict(publisher.resources)
    for file in files:
        path = folder / file
        addresses = [f"{mirror}{file}.gz" for mirror in publisher.mirrors]
        fetch(addresses, checksums[f"{file}.gz"], folder, path.is_file, partial(_unpack, path))


def _unpack(path: Path, packed: bytes) -> None:
    place(path, unpack_bounded(BytesIO(packed), LARGEST, f"{path.name}.gz"))


def _read_split(
    folder: Path, image_file: str, label_file: str, num_classes: int, sha256: Mapping[str, str]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images = read_idx(folder / image_file, 3, sha256.get(image_file, ""))
    labels = read_idx(folder / label_file, 1, sha256.get(label_file, ""))
    if len(images) != len(labels):
        raise ValueError(
            f"{folder / label_file} does not fit {image_file}: {len(images):,} images, {len(labels):,} labels."
        )
    return images[:, None], read_labels(folder / label_file, labels, num_classes)


def read_idx(path: Path, dimensions: int, sha256: str = "") -> NDArray[np.uint8]:
    """Read a file of bytes in the IDX format, or its .gz form where the plain one is absent."""
    if not path.is_file():
        path = path.with_name(f"{path.name}.gz")
    content = read_bounded(path, LARGEST)
    magic = bytes((0, 0, 8, dimensions))
    header = 4 + 4 * dimensions
    if content[:4] != magic or len(content) < header:
        raise ValueError(
            f"{path} is corrupt or no IDX file: expected a header of {header} bytes that starts with {magic.hex(' ')}, "
            f"found {len(content):,} bytes that start with {content[:4].hex(' ')}."
        )
    shape = [int(size) for size in np.frombuffer(content[4:header], ">u4")]
    check(path, content, header + math.prod(shape), sha256)
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
