"""The user's own images: a folder a class, as image files."""

import contextlib
import os
import re
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlbench import StreamedData, StreamedImages
from dlbench.standard.folder_layout import Files, find_layout
from dlbench.standard.image_pixels import FORMATS, LARGEST, Wanted, read_image
from dlbench.standard.pixel_depth import find_white

_BLOCK_BYTES = 8_000_000
_SIZE = re.compile(r"([1-9]\d*)[x×]([1-9]\d*)\Z", re.IGNORECASE)


def image_folder(
    root: Path,
    download: bool,
    path: str,
    size: int | str | None,
    channels: int,
    test_fraction: float,
    test: str = "auto",
    frames: str = "one",
    white: int | None = None,
) -> StreamedData:
    """Read path/train/<class>/*, path/test/<class>/* and, where it is there, path/val/<class>/*.

    Without train and test, path/<class>/* is split: a file is for testing if the hash of "<class>/<name>", as a
    number in [0, 1), is below test_fraction, so that new files move none of the old.
    size: height and width, 64 or "48x64"; images are cropped around their center and scaled. channels: 3, or 1 for
    gray. test: the folder to test on. frames: "first" reads the first image of files that hold several.
    white: the value of white in files of 16 bits a channel; by default that of the bits that they use together.
    """
    if channels not in (1, 3):
        raise ValueError(f"channels={channels} is not possible\nWrite channels=3 for color, channels=1 for gray.")
    width_and_height = _width_and_height(size)
    folder = Path(os.path.expanduser(path))  # which leaves an unknown user's ~ as it is
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise FileNotFoundError(f"there is no folder {folder}: it {what}.")
    layout = find_layout(folder, test, test_fraction)
    files = [path for split in layout.splits.values() for path, _ in split]
    with _no_warnings():
        known = white or find_white(files, FORMATS, LARGEST)
    reader = _Reader(Wanted(channels, width_and_height, frames, known), layout.splits["train"][0][0])
    splits = {split: reader.streamed(files) for split, files in layout.splits.items()}
    return StreamedData(
        splits["train"],
        splits["test"],
        list(map(_as_text, layout.class_names)),
        splits.get("validation"),
        lambda: [*layout.notes, *reader.notes()],
    )


def _width_and_height(size: int | str | None) -> tuple[int, int] | None:
    """Return the size as Pillow takes it."""
    if size is None:
        return None
    found = _SIZE.match(str(size))
    if found:
        return int(found[2]), int(found[1])
    if not isinstance(size, int) or size < 1:
        raise ValueError(f"size={size} is not possible\nWrite size=64, or size=48x64 for 48 rows of 64 pixels.")
    return size, size


def _as_text(name: str) -> str:
    r"""Return a folder's name for tables and figures: bytes that are not UTF-8 become \xff and the like."""
    return os.fsencode(name).decode(errors="backslashreplace")


class _Reader:
    """Reads files as images of one size with several threads; Pillow decodes without Python's lock.

    first: the file whose size the others must have where none is wanted.
    """

    def __init__(self, wanted: Wanted, first: Path) -> None:
        self._wanted = wanted
        self._done: dict[Path, list[str]] = {}
        self._first = first
        with _no_warnings():
            height, width, channels = self._pixels(first).shape
        self.shape = (channels, height, width)

    def streamed(self, files: Files) -> StreamedImages:
        """Return a split that is read when it is asked for."""
        labels = np.array([label for _, label in files], np.int64)
        return StreamedImages(self.shape, labels, partial(self._blocks, [path for path, _ in files]))

    def notes(self) -> Iterator[str]:
        """Say what was done, each with the number of images."""
        done = [phrase for phrases in self._done.values() for phrase in phrases]
        for phrase in sorted(set(done)):
            count = done.count(phrase)
            yield f"{count:,} image{'s' * (count != 1)} {phrase}"

    def _blocks(self, paths: list[Path]) -> Iterator[NDArray[np.uint8]]:
        rows = max(1, _BLOCK_BYTES // int(np.prod(self.shape)))
        with _no_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
            for start in range(0, len(paths), rows):
                block = np.empty((len(paths[start : start + rows]), *self.shape), np.uint8)
                for row, pixels in zip(block, threads.map(self._checked, paths[start : start + rows]), strict=True):
                    row[:] = pixels.transpose(2, 0, 1)
                yield block

    def _checked(self, path: Path) -> NDArray[np.uint8]:
        pixels = self._pixels(path)
        height, width = pixels.shape[:2]
        if (height, width) != self.shape[1:]:
            _, rows, columns = self.shape
            raise ValueError(
                f"the images differ in size: {path} has {width}×{height} pixels, {self._first} {columns}×{rows}\n"
                f"Give one size for all: size={min(width, height, rows, columns)}, or size=HEIGHTxWIDTH."
            )
        return pixels

    def _pixels(self, path: Path) -> NDArray[np.uint8]:
        done: list[str] = []
        pixels = read_image(path, self._wanted, done.append)
        if done:
            self._done[path] = done
        return pixels


@contextlib.contextmanager
def _no_warnings() -> Iterator[None]:
    """Keep Pillow's warnings off the screen: what they warn of is checked for, or is no fault of the image."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
