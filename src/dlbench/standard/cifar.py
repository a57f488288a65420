"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009), in the publisher's binary layout or, if need be, the pickled one."""

import hashlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench import ImageData
from dlbench.standard.downloads import check, fetch, place, read_labels
from dlbench.standard.limits import read_at_most, read_bounded
from dlbench.standard.pickles import read_pickle

PIXELS = 3 * 32 * 32
_MOST_TEXT = 1_000_000
#: Bytes of a file; the training images of CIFAR-100 have 155 MB.
_MOST = 200_000_000


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a CIFAR lies on disk and where it comes from.

    batches: files and the images in each, the test set last. label_bytes: before each image's pixels; the last counts.
    python_*: the pickled layout, whose checksums are in the torchvision class of that name.
    """

    folder: str
    batches: Mapping[str, int]
    class_file: str
    num_classes: int
    label_bytes: int
    address: str
    md5: str
    python_class: str
    python_folder: str
    python_files: tuple[str, ...]
    sha256: Mapping[str, str] = field(default_factory=dict)


CIFAR10 = Layout(
    folder="cifar-10-batches-bin",
    batches=MappingProxyType({f"data_batch_{i}.bin": 10_000 for i in range(1, 6)} | {"test_batch.bin": 10_000}),
    class_file="batches.meta.txt",
    num_classes=10,
    label_bytes=1,
    address="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    md5="c32a1d4ab5d03f1284b67883e8d87530",
    python_class="CIFAR10",
    python_folder="cifar-10-batches-py",
    python_files=(*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta"),
    sha256=MappingProxyType(
        {
            "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
            "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
            "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
            "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
            "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
            "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
        }
    ),
)
CIFAR100 = Layout(
    folder="cifar-100-binary",
    batches=MappingProxyType({"train.bin": 50_000, "test.bin": 10_000}),
    class_file="fine_label_names.txt",
    num_classes=100,
    label_bytes=2,
    address="https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    md5="03b5dce01913d631647c71ecec9e9cb8",
    python_class="CIFAR100",
    python_folder="cifar-100-python",
    python_files=("train", "test", "meta"),
)


def cifar10(root: Path, download: bool) -> ImageData:
    """Read CIFAR-10: 50,000 and 10,000 photographs in 10 classes, uint8, 3×32×32."""
    return load(CIFAR10, root, download)


def cifar100(root: Path, download: bool) -> ImageData:
    """Read CIFAR-100 with its 100 fine classes: 50,000 and 10,000 photographs, uint8, 3×32×32."""
    return load(CIFAR100, root, download)


def load(layout: Layout, root: Path, download: bool) -> ImageData:
    """Read the binary layout, else the pickled one, else download the binary one."""
    folder = root / layout.folder
    absent = _absent(layout, folder)
    if not absent:
        return _read_binary(layout, folder)
    if all((root / layout.python_folder / name).is_file() for name in layout.python_files):
        return _read_python(layout, root)
    if not download:
        raise FileNotFoundError(f"there is no {folder / absent[0]}, and no complete {layout.python_folder} beside it.")
    fetch([layout.address], layout.md5, folder, lambda: not _absent(layout, folder), partial(_unpack, layout, folder))
    return _read_binary(layout, folder)


def _absent(layout: Layout, folder: Path) -> list[str]:
    return [name for name in (*layout.batches, layout.class_file) if not (folder / name).is_file()]


def _unpack(layout: Layout, folder: Path, packed: bytes) -> None:
    # Only the members that are read leave the archive, and under names of our own: nothing in it can point elsewhere.
    with tarfile.open(fileobj=BytesIO(packed), mode="r:gz") as archive:
        for name in (*layout.batches, layout.class_file):
            member = archive.extractfile(f"{layout.folder}/{name}")
            if member is None:
                raise ValueError(f"{layout.address} is not a CIFAR archive: its {layout.folder}/{name} is not a file.")
            place(folder / name, read_at_most(member, _MOST, f"{layout.folder}/{name} of {layout.address} has"))


def _read_binary(layout: Layout, folder: Path) -> ImageData:
    class_names = read_bounded(folder / layout.class_file, _MOST_TEXT).decode("ascii", "replace").split()
    if len(class_names) != layout.num_classes:
        raise ValueError(
            f"{folder / layout.class_file} is corrupt or truncated: expected {layout.num_classes} names, "
            f"found {len(class_names)}."
        )
    batches = [_read_batch(layout, folder / name, count) for name, count in layout.batches.items()]
    images = np.concatenate([batch[0] for batch in batches[:-1]])
    labels = np.concatenate([batch[1] for batch in batches[:-1]])
    return ImageData(images, labels, *batches[-1], class_names)


def _read_batch(layout: Layout, path: Path, count: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    row = layout.label_bytes + PIXELS
    content = read_bounded(path, _MOST)
    check(path, content, count * row, layout.sha256.get(path.name, ""))
    rows = np.frombuffer(content, np.uint8).reshape(count, row)
    images = rows[:, layout.label_bytes :].reshape(count, 3, 32, 32)
    return images, read_labels(path, rows[:, layout.label_bytes - 1], layout.num_classes)


def _read_python(layout: Layout, root: Path) -> ImageData:
    import torchvision

    publisher = getattr(torchvision.datasets, layout.python_class)
    known = [*publisher.train_list, *publisher.test_list, (publisher.meta["filename"], publisher.meta["md5"])]
    for name, md5 in known:
        path = root / layout.python_folder / name
        found = hashlib.md5(read_bounded(path, _MOST), usedforsecurity=False).hexdigest()
        if found != md5:
            raise ValueError(
                f"{path} is corrupt or truncated: expected MD5 {md5}, found {found} in {path.stat().st_size:,} bytes."
            )
    folder = root / layout.python_folder
    *train, test, meta = (read_pickle(folder / name) for name in layout.python_files)
    names = meta["label_names" if layout.num_classes == 10 else "fine_label_names"]
    images, labels = zip(*(_python_batch(layout, batch) for batch in train), strict=True)
    return ImageData(np.concatenate(images), np.concatenate(labels), *_python_batch(layout, test), names)


def _python_batch(layout: Layout, batch: Mapping[str, Any]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images = batch["data"].reshape(-1, 3, 32, 32)
    return images, np.array(batch["labels" if layout.num_classes == 10 else "fine_labels"], np.int64)
