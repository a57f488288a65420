"""What a data set promises: `factory(root, download, **parameters) -> ImageData`, and no download unless asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from dlbench.components.image_data import ImageData
from dlbench.components.records import Dataset
from dlbench.engine.dataset_contract import check_contract, in_memory, splits, to_image_data
from dlbench.errors import ContractError, DlbenchError
from dlbench.executors.scratch import scratch_subfolder
from dlbench.testing.promises import Subject, Unproven, promise

#: A larger share of test images among the training images is not a coincidence. Real data sets have some:
#: of black-and-white letters of 16×8 pixels, and of photographs that were collected twice.
OVERLAP = 0.2


class _Connected(BaseException):
    """A data set opened a connection; no `except Exception` of its own hides that."""


@contextmanager
def _no_network() -> Iterator[list[str]]:
    """Refuse every connection and note it."""
    seen: list[str] = []

    def refuse(_socket: object, address: object) -> None:
        seen.append(str(address))
        raise _Connected(address)

    def refuse_lookup(host: object, *_: object, **__: object) -> None:
        refuse(None, host)

    with (
        mock.patch("socket.socket.connect", refuse),
        mock.patch("socket.socket.connect_ex", refuse),
        mock.patch("socket.getaddrinfo", refuse_lookup),
    ):
        yield seen


@lru_cache(maxsize=1)
def read(subject: Subject[Dataset]) -> ImageData:
    """Read it from the data folder, downloading nothing."""
    try:
        answer = subject.factory(subject.data_dir, False, **subject.parameters)
    except (FileNotFoundError, RuntimeError) as error:
        raise Unproven(f"its files are not in {subject.data_dir}") from error
    return in_memory(to_image_data(answer, subject.record))


@promise("downloads nothing unless it is asked to")
def downloads_nothing(subject: Subject[Dataset]) -> Iterator[str]:
    """Ask for it in an empty folder, with no network."""
    with scratch_subfolder() as folder, _no_network() as seen:
        try:
            subject.factory(folder, False, **subject.parameters)
        except (FileNotFoundError, DlbenchError):
            pass
        except RuntimeError as error:
            if not str(error):
                yield "with download=False in an empty folder it raised a RuntimeError that says nothing"
        except _Connected:
            pass
        except Exception as error:
            yield f"with download=False in an empty folder it raised {error!r}, no FileNotFoundError"
        if seen:
            yield f"with download=False in an empty folder it connected to {seen[0]}"
        if left := sorted(path.name for path in folder.iterdir()):
            yield f"with download=False it wrote {left[0]} into an empty folder"


@promise("returns images and labels as its record says", decisive=True)
def keeps_contract(subject: Subject[Dataset]) -> Iterator[str]:
    """Check types, shapes, finite pixels, labels and what the record declares."""
    try:
        check_contract(read(subject), subject.record)
    except ContractError as error:
        yield error.message


@promise("has pixels of one range in every split")
def pixels_in_range(subject: Subject[Dataset]) -> Iterator[str]:
    """Look at the smallest and largest pixels."""
    ranges = {split: (images.min(), images.max()) for split, (images, _) in splits(read(subject)).items()}
    for split, (low, high) in ranges.items():
        if low == high:
            yield f"every pixel of the {split} images is {low}"
    (low, high), kind = ranges["train"], read(subject).train_images.dtype
    if kind == np.float32 and max(abs(low), abs(high)) > 16:
        yield f"the float pixels go from {low:g} to {high:g}: images of 0 to 255 belong into uint8"
    for split, (other_low, other_high) in ranges.items():
        if kind == np.float32 and other_high - other_low > 4 * (high - low):
            yield f"train images go from {low:g} to {high:g}, {split} images from {other_low:g} to {other_high:g}"


@promise("has every class among its training labels")
def has_every_class(subject: Subject[Dataset]) -> Iterator[str]:
    """Count the labels."""
    data = read(subject)
    counts = np.bincount(data.train_labels, minlength=len(data.class_names))
    for label, count in enumerate(counts):
        if not count:
            yield f"no training image has the label {label} ({data.class_names[label]})"


@promise("has disjoint splits")
def disjoint_splits(subject: Subject[Dataset]) -> Iterator[str]:
    """Look for images that stand in two splits, bit by bit."""
    found = {split: _rows(images) for split, (images, _) in splits(read(subject)).items()}
    for one, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
        if one in found and other in found:
            shared = float(np.isin(found[other], found[one]).mean())
            if shared > OVERLAP:
                yield f"{shared:.0%} of the {other} images stand among the {one} images"


@promise("reads the same each time")
def reads_the_same(subject: Subject[Dataset]) -> Iterator[str]:
    """Read it a second time."""
    first_data = read(subject)
    again = in_memory(to_image_data(subject.factory(subject.data_dir, False, **subject.parameters), subject.record))
    for split, arrays in splits(again).items():
        for kind, first, second in zip(("images", "labels"), splits(first_data)[split], arrays, strict=True):
            if not np.array_equal(first, second):
                yield f"the {split} {kind} of two readings differ"
    if not np.array_equal(first_data.test_groups, again.test_groups):  # type: ignore[arg-type]  # None equals None
        yield "the groups of test images of two readings differ"


def _rows(images: NDArray[Any]) -> NDArray[Any]:
    """Return a fingerprint of each image."""
    import hashlib

    digests = [hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=8).digest() for image in images]
    return np.frombuffer(b"".join(digests), np.uint64)


PROMISES = (
    downloads_nothing,
    keeps_contract,
    pixels_in_range,
    has_every_class,
    disjoint_splits,
    reads_the_same,
)
