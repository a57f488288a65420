"""What a data-set factory returns, converted to arrays and checked against its contract."""

import sys
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dlbench.components.image_data import ImageData, StreamedData
from dlbench.components.records import Dataset
from dlbench.errors import ContractError

Images = NDArray[np.uint8 | np.float32]


def to_image_data(answer: object, record: Dataset) -> ImageData | StreamedData:
    """Return ImageData and StreamedData; convert a pair (train, test) of torch map-style data sets image by image."""
    if isinstance(answer, ImageData | StreamedData):
        return answer
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise ContractError(
            f"The data set {record.name} returned {type(answer).__name__}, "
            "neither ImageData nor StreamedData nor a pair (train, test) of torch data sets."
        )
    (train_images, train_labels), (test_images, test_labels) = (_convert(split, record) for split in answer)
    count = record.num_classes or 1 + int(max(train_labels.max(), test_labels.max()))
    names = getattr(answer[0], "classes", None) or [str(label) for label in range(count)]
    return ImageData(train_images, train_labels, test_images, test_labels, names)


def _convert(split: Any, record: Dataset) -> tuple[Images, NDArray[np.int64]]:
    if not hasattr(split, "__len__") or not hasattr(split, "__getitem__") or not len(split):
        raise ContractError(
            f"The data set {record.name} returned a split of type {type(split).__name__} "
            "that is empty or cannot be indexed."
        )
    labels = np.empty(len(split), np.int64)
    first = to_array(split[0][0])
    images = np.empty((len(split), *first.shape), first.dtype)
    for index in range(len(split)):
        image, label = split[index]
        array = to_array(image)
        if array.shape != first.shape or array.dtype != first.dtype:
            raise ContractError(
                f"The data set {record.name} has images that differ: image 0 is {first.dtype} {first.shape}, "
                f"image {index} is {array.dtype} {array.shape}."
            )
        images[index], labels[index] = array, int(label)
    return images, labels


def to_array(image: Any) -> NDArray[Any]:
    """Return one image as C×H×W: a tensor (C×H×W, H×W), an array (these, or H×W×C with 1, 3 or 4 last), or Pillow's."""
    if isinstance(image, Image.Image):
        array = np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))
        return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    torch: Any = sys.modules.get("torch")  # whoever gives a tensor has imported it; images from files need it not
    tensor = torch is not None and isinstance(image, torch.Tensor)
    array = image.detach().cpu().numpy() if tensor else np.asarray(image)
    if array.dtype.kind == "f":
        array = array.astype(np.float32, copy=False)
    if array.ndim == 2:
        return array[None]
    channels = (1, 3, 4)
    if not tensor and array.ndim == 3 and array.shape[-1] in channels and array.shape[0] not in channels:
        return array.transpose(2, 0, 1)
    return array


def in_memory(data: ImageData | StreamedData) -> ImageData:
    """Return a data set with all its images read."""
    if isinstance(data, ImageData):
        return data
    train, test = (np.concatenate(list(each.read())) for each in (data.train, data.test))
    own = data.validation
    return ImageData(
        train_images=train,
        train_labels=data.train.labels,
        test_images=test,
        test_labels=data.test.labels,
        class_names=data.class_names,
        validation_images=np.concatenate(list(own.read())) if own else None,
        validation_labels=own.labels if own else None,
        notes=tuple(data.notes()),
        test_groups=data.test_groups,
    )


def check_contract(data: ImageData | StreamedData, record: Dataset) -> None:
    """Raise ContractError naming the first promise of its type, or of the record, that the data breaks.

    Streamed images are checked when they are read (`block_problem`).
    """
    arrays = _broken_streams(data) if isinstance(data, StreamedData) else _broken_arrays(data)
    for promise in chain(_broken_names(data), arrays, _broken_groups(data), _broken_record(data, record)):
        raise ContractError(f"The data set {record.name} breaks its contract: {promise}.")


def splits(data: ImageData) -> dict[str, tuple[Any, Any]]:
    """Return images and labels by split; validation only where the data set has one."""
    known = {"train": (data.train_images, data.train_labels), "test": (data.test_images, data.test_labels)}
    if data.validation_images is not None or data.validation_labels is not None:
        return known | {"validation": (data.validation_images, data.validation_labels)}
    return known


def _broken_names(data: ImageData | StreamedData) -> Iterator[str]:
    if isinstance(data.class_names, str) or not all(isinstance(name, str) for name in data.class_names):
        yield "class_names must be strings"
    if not len(data.class_names):
        yield "class_names are empty"


def _broken_arrays(data: ImageData) -> Iterator[str]:
    for split, (images, labels) in splits(data).items():
        yield from (f"{split}_images {broken}" for broken in _broken_images(images))
        yield from (f"{split}_labels {broken}" for broken in _broken_labels(labels, len(data.class_names)))
        if len(images) != len(labels):
            yield f"{split}_images and {split}_labels differ in length: {len(images)} and {len(labels)}"
        train = data.train_images
        if images.shape[1:] != train.shape[1:] or images.dtype != train.dtype:
            found = f"{train.dtype} {train.shape[1:]} and {images.dtype} {images.shape[1:]}"
            yield f"train_images and {split}_images differ: {found}"


def _broken_streams(data: StreamedData) -> Iterator[str]:
    for split, stream in (("train", data.train), ("test", data.test), ("validation", data.validation)):
        if stream is None:
            continue
        yield from (f"{split}_labels {broken}" for broken in _broken_labels(stream.labels, len(data.class_names)))
        if not len(stream.labels):
            yield f"{split} has no images"
        if stream.shape != data.train.shape or stream.dtype != data.train.dtype:
            yield f"train and {split} images differ: {data.train.shape} and {stream.shape}"


def block_problem(block: Any, shape: tuple[int, ...], dtype: "np.dtype[Any]") -> str:
    """Return what is wrong with a block of streamed images, or ""."""
    if not isinstance(block, np.ndarray) or block.dtype != dtype or block.shape[1:] != shape:
        found = f"{block.dtype} {block.shape}" if isinstance(block, np.ndarray) else type(block).__name__
        return f"a block is {found}, not N images of {dtype} {shape}"
    return next(_broken_images(block), "")


def _broken_images(images: Any) -> Iterator[str]:
    if not isinstance(images, np.ndarray):
        yield f"are a {type(images).__name__}, not a NumPy array"
    if images.dtype not in (np.uint8, np.float32):
        yield f"are {images.dtype}, not uint8 or float32"
    if images.ndim != 4 or not images.size:
        yield f"have the shape {images.shape}, not N×C×H×W with at least one image"
    if images.dtype == np.float32 and not np.isfinite(images).all():
        yield "have pixels that are infinite or NaN"


def _broken_labels(labels: Any, num_classes: int) -> Iterator[str]:
    if not isinstance(labels, np.ndarray):
        yield f"are a {type(labels).__name__}, not a NumPy array"
    if labels.dtype != np.int64 or labels.ndim != 1:
        yield f"are {labels.dtype} of shape {labels.shape}, not int64 of shape N"
    if labels.size and not 0 <= labels.min() <= labels.max() < num_classes:
        yield f"go from {labels.min()} to {labels.max()}, not within 0 to {num_classes - 1} (class_names)"


def _broken_groups(data: ImageData | StreamedData) -> Iterator[str]:
    groups = data.test_groups
    if groups is None:
        return
    count = len(data.test.labels if isinstance(data, StreamedData) else data.test_labels)
    if not isinstance(groups, np.ndarray) or groups.dtype != np.int64 or groups.shape != (count,):
        found = f"{groups.dtype} {groups.shape}" if isinstance(groups, np.ndarray) else type(groups).__name__
        yield f"test_groups are {found}, not int64 ({count},): the group of each test image"
    elif len(np.unique(groups)) < 2:
        yield "test_groups are all one group; leave them out where each image stands for itself"


def _broken_record(data: ImageData | StreamedData, record: Dataset) -> Iterator[str]:
    if isinstance(data, StreamedData):
        shape, labels = data.train.shape, data.train.labels
    else:
        shape, labels = data.train_images.shape[1:], data.train_labels
    if record.input_shape and tuple(record.input_shape) != shape:
        yield f"its record says input_shape {tuple(record.input_shape)}, its images have {shape}"
    if record.train_size and record.train_size != len(labels):
        yield f"its record says {record.train_size} training images, it has {len(labels)}"
    if record.num_classes and record.num_classes != len(data.class_names):
        yield f"its record says {record.num_classes} classes, class_names has {len(data.class_names)}"
