"""SVHN, house numbers from street photographs (Netzer et al. 2011), in its MATLAB files."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from dlbench import ImageData
from dlbench.standard.downloads import fetch, place
from dlbench.standard.limits import check_matlab

#: Bytes of a file, unpacked; the training images have 225 MB.
LARGEST = 256_000_000


def svhn(root: Path, download: bool) -> ImageData:
    """Read SVHN's cropped digits: 73,257 and 26,032 photographs, uint8, 3×32×32."""
    absent = [split for split in ("train", "test") if not _path(root, split).is_file()]
    if absent and not download:
        raise FileNotFoundError(f"there is no {_path(root, absent[0])}.")
    for split in absent:
        _download(root, split)
    return ImageData(*_read(_path(root, "train")), *_read(_path(root, "test")), [str(digit) for digit in range(10)])


def _path(root: Path, split: str) -> Path:
    return root / f"{split}_32x32.mat"


def _download(root: Path, split: str) -> None:
    from torchvision.datasets import SVHN

    address, name, md5 = SVHN.split_list[split]
    path = root / name
    fetch([address], md5, root, path.is_file, partial(place, path))


def _read(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    check_matlab(path, LARGEST)
    try:
        content = loadmat(path, variable_names=("X", "y"))
        images, labels = content["X"], content["y"].ravel()
    except MemoryError:
        raise
    except Exception as error:  # damaged MATLAB files raise errors of many kinds
        size = path.stat().st_size
        raise ValueError(f"{path} is corrupt or truncated, its {size:,} bytes do not read as SVHN: {error}.") from error
    if images.dtype != np.uint8 or images.shape != (32, 32, 3, len(labels)):
        raise ValueError(f"{path} is corrupt: expected 32×32×3×{len(labels)} bytes, found {images.shape}.")
    if not np.isin(labels, range(1, 11)).all():
        raise ValueError(f"{path} is corrupt: expected labels from 1 to 10, found {labels.min()} to {labels.max()}.")
    # The publisher writes the digit 0 as 10.
    return images.transpose(3, 2, 0, 1), labels.astype(np.int64) % 10
