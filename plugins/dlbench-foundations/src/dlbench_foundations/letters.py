"""The OCR letters collected by Rob Kassel and cleaned by Ben Taskar (https://ai.stanford.edu/~btaskar/ocr/).

A line a letter, fields joined by tabs: id, letter, next_id, word_id, position, fold, then 128 pixels, 0 or 1.
"""

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from dlbench import ImageData

HOMEPAGE = "https://ai.stanford.edu/~btaskar/ocr/"
ALPHABETS = {"ten": "aegilnortu", "all": ascii_lowercase}
COUNT = 52_152
FOLDS = 10
FIELDS = 6
SHAPE = (1, 16, 8)
PIXELS = 128
#: Bytes; the publisher's file unpacks to less than a quarter of them.
LARGEST = 64_000_000


@dataclass(frozen=True, eq=False)
class Letters:
    """The letters of a file. images: uint8, 0 or 255, N×1×16×8. places: in the alphabet, from 0. folds: 0 to 9."""

    images: NDArray[np.uint8]
    places: NDArray[np.int64]
    folds: NDArray[np.int64]


def letters(root: Path, download: bool, letters: str = "ten", test_folds: Sequence[int] = (0,)) -> ImageData:
    """Read the letters; the publisher's folds divide them into training and test set, so that no word is in both.

    letters: "ten" (a e g i l n o r t u) or "all" 26. Raises FileNotFoundError where the file is absent, ValueError
    where it is corrupt or the test folds leave nothing to train on.
    """
    path = root / "letters" / "letter.data.gz"
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}; letter.data.gz is offered at {HOMEPAGE}.")
    found = read_letters(path)
    if len(found.places) != COUNT:
        raise ValueError(f"{path} is corrupt or truncated: expected {COUNT:,} letters, found {len(found.places):,}.")
    return divide(found, ALPHABETS[letters], test_folds)


def divide(found: Letters, alphabet: str, test_folds: Sequence[int]) -> ImageData:
    """Keep the letters of an alphabet, labeled by their place in it; the test set is some of the folds."""
    if set(test_folds) >= set(range(FOLDS)):
        raise ValueError("all ten folds are test folds: expected at least one fold to train on, found none.")
    label_of = np.array([alphabet.find(letter) for letter in ascii_lowercase], np.int64)
    labels = label_of[found.places]
    test = np.isin(found.folds, test_folds)
    kept = labels >= 0
    train, test = kept & ~test, kept & test
    return ImageData(found.images[train], labels[train], found.images[test], labels[test], list(alphabet))


def read_letters(path: Path) -> Letters:
    """Read the publisher's file; what is not as the publisher wrote it is a ValueError naming the line."""
    rows = [line.rstrip().split(b"\t", FIELDS) for line in _unpack(path).splitlines()]
    for number, row in enumerate(rows, start=1):
        if problem := _problem(row):
            raise ValueError(f"{path} is corrupt, line {number}: {problem}.")
    signs = np.frombuffer(b"".join(row[FIELDS] + b"\t" for row in rows), np.uint8)
    pixels = (signs[::2] - ord("0")) * np.uint8(255)
    return Letters(
        images=pixels.reshape(-1, *SHAPE),
        places=np.array([row[1][0] - ord("a") for row in rows], np.int64),
        folds=np.array([int(row[5]) for row in rows], np.int64),
    )


def _problem(row: Sequence[bytes]) -> str:
    """Return what is wrong with a line's fields, or ""."""
    if len(row) <= FIELDS:
        return f"expected {FIELDS} fields and {PIXELS} pixels joined by tabs, found {len(row)} fields"
    letter, fold, pixels = row[1].decode("latin-1"), row[5].decode("latin-1"), row[FIELDS]
    if len(letter) != 1 or letter not in ascii_lowercase:
        return f"expected a letter from a to z, found {letter!r}"
    if len(fold) != 1 or not fold.isdecimal():
        return f"expected a fold from 0 to 9, found {fold!r}"
    if len(pixels) != 2 * PIXELS - 1 or pixels[1::2].strip(b"\t") or pixels[::2].strip(b"01"):
        return f"expected {PIXELS} pixels of 0 or 1 joined by tabs, found {pixels.count(b'0') + pixels.count(b'1')}"
    return ""


def _unpack(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            content = file.read(LARGEST + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(
            f"{path} is corrupt or truncated: expected a whole gzip file, found {path.stat().st_size:,} bytes that do "
            f"not unpack ({error})."
        ) from None
    if len(content) > LARGEST:
        raise ValueError(f"{path} unpacks to more than {LARGEST:,} bytes, the limit for such a file.")
    return content
