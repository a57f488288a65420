"""The images and labels of a data set, in memory or streamed; numpy is imported only for type checking."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ImageData:
    """A data set in memory. Images are uint8 or float32, N×C×H×W; labels are int64, N.

    train_images: training images.
    train_labels: their labels, from 0.
    test_images: test images.
    test_labels: their labels, from 0.
    class_names: names of the classes, by label.
    validation_images: images of the data set's own validation split; None if it has none.
    validation_labels: their labels, from 0; None if there is no validation split.
    notes: what was done to the files to read them so, each a short phrase.
    test_groups: int64, N: the group of each test image, such as its writer or its patient; None where each is its own.
    """

    train_images: "NDArray[np.uint8 | np.float32]"
    train_labels: "NDArray[np.int64]"
    test_images: "NDArray[np.uint8 | np.float32]"
    test_labels: "NDArray[np.int64]"
    class_names: Sequence[str]
    validation_images: "NDArray[np.uint8 | np.float32] | None" = None
    validation_labels: "NDArray[np.int64] | None" = None
    notes: Sequence[str] = ()
    test_groups: "NDArray[np.int64] | None" = None


@dataclass(frozen=True, eq=False)
class StreamedImages:
    """One split whose images are read a block at a time, so that they never lie in memory together.

    shape: channels, height and width of an image.
    labels: int64, N, from 0.
    read: called once; yields blocks of images in the order of the labels, uint8 or float32, N×C×H×W.
    dtype: "uint8" or "float32".
    """

    shape: tuple[int, int, int]
    labels: "NDArray[np.int64]"
    read: "Callable[[], Iterable[NDArray[np.uint8 | np.float32]]]"
    dtype: str = "uint8"


@dataclass(frozen=True, eq=False)
class StreamedData:
    """A data set that is written to the prepared copy while it is read.

    train: training images.
    test: test images.
    class_names: names of the classes, by label.
    validation: the data set's own validation split; None if it has none.
    notes: called after the last image; returns what was done to the files to read them so, each a short phrase.
    test_groups: int64, N: the group of each test image; None where each is its own.
    """

    train: StreamedImages
    test: StreamedImages
    class_names: Sequence[str]
    validation: StreamedImages | None = None
    notes: Callable[[], Sequence[str]] = tuple
    test_groups: "NDArray[np.int64] | None" = None
