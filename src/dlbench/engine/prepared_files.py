"""The files of a prepared data set: arrays written a block at a time, and what they contain."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.components.image_data import ImageData, StreamedData, StreamedImages
from dlbench.dataset_index import PreparedInfo
from dlbench.engine.dataset_contract import block_problem, splits
from dlbench.errors import ContractError, DataError

_BLOCK = 8_000_000
Report = Callable[[int, int], None]
"""Called with the number of images that are written, and of all."""


def as_streams(data: ImageData | StreamedData) -> dict[str, StreamedImages]:
    """Return the splits of a data set, each to be read in blocks."""
    if isinstance(data, StreamedData):
        known = {"train": data.train, "test": data.test}
        return known | ({"validation": data.validation} if data.validation else {})
    return {split: _in_blocks(images, labels) for split, (images, labels) in splits(data).items()}


def _in_blocks(images: NDArray[Any], labels: NDArray[np.int64]) -> StreamedImages:
    rows = max(1, _BLOCK // max(1, images[0].nbytes))
    channels, height, width = images.shape[1:]
    blocks = (images[start : start + rows] for start in range(0, len(images), rows))
    return StreamedImages((channels, height, width), labels, lambda: blocks, images.dtype.name)


def write_arrays(data: ImageData | StreamedData, folder: Path, report: Report) -> None:
    """Write the arrays of a data set below a folder; images are never all in memory."""
    streams = as_streams(data)
    _check_room(streams, folder)
    total, done = sum(len(stream.labels) for stream in streams.values()), 0
    if data.test_groups is not None:
        np.save(folder / "test_groups.npy", np.ascontiguousarray(data.test_groups))
    for split, stream in sorted(streams.items()):
        np.save(folder / f"{split}_labels.npy", np.ascontiguousarray(stream.labels))
        shape, dtype = (len(stream.labels), *stream.shape), np.dtype(stream.dtype)
        with (folder / f"{split}_images.npy").open("wb") as file:
            header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for count in _write_blocks(file, split, stream, dtype):
                done += count
                report(done, total)


def _write_blocks(file: IO[bytes], split: str, stream: StreamedImages, dtype: np.dtype[Any]) -> Iterator[int]:
    """Write the images of a split and yield their number, block after block."""
    written, wanted = 0, len(stream.labels)
    for block in stream.read():
        if problem := block_problem(block, stream.shape, dtype):
            raise ContractError(f"{split}_images: {problem}.")
        file.write(np.ascontiguousarray(block).data)
        written += len(block)
        yield len(block)
    if written != wanted:
        raise ContractError(f"{split}_images and {split}_labels differ in length: {written} and {wanted}.")


def _check_room(streams: Mapping[str, StreamedImages], folder: Path) -> None:
    """Raise DataError if the arrays do not fit on the disk."""
    sizes = (len(each.labels) * int(np.prod(each.shape)) * np.dtype(each.dtype).itemsize for each in streams.values())
    needed, free = sum(sizes), shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"The prepared copy of the data set needs {needed / 1e9:,.1f} GB in {folder.parent}, "
            f"and {free / 1e9:,.1f} GB are free there.",
            "Use smaller images, such as size=64, or choose another folder with --data-dir or DLBENCH_DATA_DIR.",
        )


def describe_arrays(folder: Path, class_names: tuple[str, ...]) -> PreparedInfo:
    """Return what the arrays of a folder contain; the digest covers their names, types, shapes and bytes."""
    content = hashlib.sha256(json.dumps(class_names).encode())
    shapes = {}
    for path in sorted(folder.glob("*.npy"), key=lambda path: path.stem):
        array = np.load(path, mmap_mode="r")
        shapes[path.stem] = array.shape
        content.update(json.dumps([path.stem, array.dtype.str, array.shape]).encode())
        for block in _content(path, array):
            content.update(block)
    channels, height, width = shapes["train_images"][1:]
    labels = np.load(folder / "train_labels.npy")
    labels = labels[(labels >= 0) & (labels < len(class_names))]  # damaged ones would be counted up to a billion
    counts = np.bincount(labels, minlength=len(class_names))
    return PreparedInfo(
        digest=content.hexdigest()[:32],
        input_shape=(channels, height, width),
        num_classes=len(class_names),
        train_size=shapes["train_labels"][0],
        test_size=shapes["test_labels"][0],
        validation_size=shapes.get("validation_labels", (0,))[0],
        class_names=class_names,
        class_sizes=tuple(int(count) for count in counts),
        test_groups=len(np.unique(np.load(folder / "test_groups.npy"))) if "test_groups" in shapes else 0,
    )


def _content(path: Path, array: "np.memmap[Any, Any]") -> Iterator[bytes]:
    """Yield the bytes of a mapped array; they are read, since pages that are looked at stay in memory."""
    if not array.flags.c_contiguous:
        raise ValueError(f"{path} is in Fortran's order.")
    with path.open("rb") as file:
        file.seek(array.offset)
        while block := file.read(1 << 20):
            yield block
