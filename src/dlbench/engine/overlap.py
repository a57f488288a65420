"""Images that stand in two splits of a data set: the test would ask what was trained."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np


def overlap_notes(folder: Path) -> tuple[str, ...]:
    """Return a phrase for the test images of a prepared folder, and one for its validation images, that train too."""
    train = set(image_digests(folder / "train_images.npy"))
    notes = []
    for split in ("test", "validation"):
        path = folder / f"{split}_images.npy"
        found = [digest in train for digest in image_digests(path)] if path.exists() else []
        if shared := sum(found):
            notes.append(f"{shared:,} of {len(found):,} {split} images are also training images")
    return tuple(notes)


def image_digests(path: Path) -> Iterator[bytes]:
    """Yield a digest of each image; the file is read, since pages of a mapped one stay in memory."""
    array = np.load(path, mmap_mode="r")
    size = array[0].nbytes
    with path.open("rb") as file:
        file.seek(array.offset)
        for _ in range(len(array)):
            yield hashlib.blake2b(file.read(size), digest_size=16).digest()
