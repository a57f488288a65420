"""Data sets that need no download: the digits that come with scikit-learn, and synthetic images."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlbench import ImageData

DIGITS_TEST_SIZE = 360
_CHUNK = 1024


def digits(root: Path, download: bool) -> ImageData:
    """Read scikit-learn's digits: 1,437 images and 360 to test, the last; float32 in [0, 1], 1×8×8."""
    table = _digits_table()
    images = (table[:, :-1] / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    labels = table[:, -1].astype(np.int64)
    cut = len(table) - DIGITS_TEST_SIZE
    names = [str(digit) for digit in range(10)]
    return ImageData(images[:cut], labels[:cut], images[cut:], labels[cut:], names)


def _digits_table() -> NDArray[np.float64]:
    """Return a row an image: 64 pixels from 0 to 16 and the label."""
    # Importing sklearn.datasets takes two seconds; its file alone, milliseconds.
    package = find_spec("sklearn")
    for place in (package.submodule_search_locations or ()) if package else ():
        path = Path(place) / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            return np.loadtxt(path, delimiter=",")
    from sklearn.datasets import load_digits

    known = load_digits()
    return np.column_stack([known.data, known.target])


def synthetic(
    root: Path,
    download: bool,
    shape: tuple[int, ...],
    classes: int,
    train_size: int,
    test_size: int,
    noise: float,
    seed: int,
) -> ImageData:
    """Make images of one coarse random pattern a class, mixed with noise; uint8, balanced classes.

    noise: the share of each pixel that is noise, from 0 (patterns alone) to 1 (nothing to learn).
    """
    if len(shape) != 3:
        raise ValueError(f"expected a shape of channels, height and width (3-32-32), found {len(shape)} numbers.")
    channels, height, width = shape
    # Patches of a quarter of the image: their shades and edges are there for networks with and without pooling.
    patches = np.random.default_rng([seed, 0]).integers(0, 256, (classes, channels, 4, 4))
    rows, columns = np.arange(height) * 4 // height, np.arange(width) * 4 // width
    patterns = patches[:, :, rows][:, :, :, columns].astype(np.float32)
    train = _draw(patterns, train_size, noise, np.random.default_rng([seed, 1]))
    test = _draw(patterns, test_size, noise, np.random.default_rng([seed, 2]))
    return ImageData(*train, *test, [str(label) for label in range(classes)])


def _draw(
    patterns: NDArray[np.float32], size: int, noise: float, generator: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    labels = generator.permutation(size) % len(patterns)
    images = np.empty((size, *patterns.shape[1:]), np.uint8)
    for start in range(0, size, _CHUNK):
        chunk = slice(start, start + _CHUNK)
        random = generator.integers(0, 256, images[chunk].shape, dtype=np.uint8)
        images[chunk] = (1 - noise) * patterns[labels[chunk]] + noise * random
    return images, labels
