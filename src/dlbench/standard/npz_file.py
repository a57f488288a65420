"""An .npz file, opened with care: sizes are known before anything is read, and nothing is ever unpickled."""

import contextlib
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.standard.array_problem import ArrayProblemError

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 65_536
_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
#: Beginnings of files that people take for archives of arrays.
_OTHERS = {
    _MAGIC: "a single array (.npy)",
    b"\x80": "a pickle",
    b"\x89HDF": "an HDF5 file",
    b"MATLAB": "a MATLAB file",
    b"\x1f\x8b": "a gzip file",
}


@dataclass(frozen=True)
class ArrayHeader:
    """What an array's header says of it: its type and shape, and how many bytes it takes."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Return the bytes that the array takes in memory."""
        return math.prod(self.shape) * self.dtype.itemsize


class NpzFile:
    """An open .npz file. names: of its arrays, in its order."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive
        self._members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        self.names = tuple(name for name, info in self._members.items() if info.filename.endswith(".npy"))

    def header(self, name: str) -> ArrayHeader:
        """Return the header of an array, held against the size of its part of the file."""
        info = self._members[name]
        with _readable(self._path), self._archive.open(info) as file:
            header = _read_header(file, name)
            if not header.dtype.hasobject and file.tell() + header.size != info.file_size:
                raise ValueError(f"{name} should take {header.size:,} bytes, and has {info.file_size - file.tell():,}")
        return header

    def read(self, name: str) -> NDArray[Any]:
        """Return an array. Raises ArrayProblemError if it would have to be unpickled, or is a table."""
        dtype = self.header(name).dtype
        if dtype.hasobject:
            problem = f"{name} is a pickle (allow_pickle): an object array, which could run anything when it is read."
            raise ArrayProblemError(problem, f"a[{name!r}] = np.array(a[{name!r}].tolist())", trusted=True)
        if dtype.names:
            columns = ", ".join(dtype.names)
            problem = f"{name} is a structured array with the columns {columns}; expected plain numbers."
            raise ArrayProblemError(problem, f"a[{name!r}] = a[{name!r}][{dtype.names[0]!r}]")
        with _readable(self._path), self._archive.open(self._members[name]) as file:
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return array


def _read_header(file: IO[bytes], name: str) -> ArrayHeader:
    start = file.read(12)
    version = (start[6], start[7]) if start.startswith(_MAGIC) and len(start) == 12 else (0, 0)
    length = int.from_bytes(start[8:10] if version == (1, 0) else start[8:12], "little")
    if version < (1, 0) or length > _LONGEST_HEADER:
        raise ValueError(f"{name} does not begin as an array does")
    file.seek(8)
    shape, _, dtype = _READERS.get(version, _READERS[2, 0])(file)
    return ArrayHeader(dtype, shape)


@contextmanager
def open_npz(path: Path) -> Iterator[NpzFile]:
    """Open a file of arrays. Raises FileNotFoundError if it is absent, ValueError if it is damaged or no such file."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}.")
    with contextlib.ExitStack() as stack:
        with _readable(path):
            archive = stack.enter_context(zipfile.ZipFile(path))
        yield NpzFile(path, archive)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what damage raises into a ValueError that names the file."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # damaged archives and headers raise errors of many kinds
        raise ValueError(_describe(path, error)) from None


def _describe(path: Path, error: Exception) -> str:
    with path.open("rb") as file:
        start = file.read(8)
    size = f"{path.stat().st_size:,} bytes"
    for magic, what in _OTHERS.items():
        if start.startswith(magic):
            remedy = "np.savez('own.npz', train_images=…, train_labels=…, test_images=…, test_labels=…)"
            return (
                f"{path} is {what} ({size}), not an .npz archive of plain arrays.\nLoad it in Python and save: {remedy}"
            )
    return f"{path} is not a readable .npz archive of plain arrays ({size}): {error}."
