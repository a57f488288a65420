"""How many bits of 16-bit image files are used: cameras of microscopes store 10, 12 or 14 in them."""

import math
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

from dlbench.standard.limits import Room

#: The value of white of a whole 16-bit range.
FULL = 65_535
#: Formats that may have 16 bits a channel, by the suffixes of their files.
_SUFFIXES = frozenset({".png", ".tif", ".tiff", ".ppm", ".pgm"})
_DEPTHS = (8, 10, 12, 14)
#: How Pillow is told to take the other byte of each channel of two.
_OTHER_BYTE = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}


def find_white(paths: Iterable[Path], formats: tuple[str, ...], most: int) -> int:
    """Return the value of white of all 16-bit files together: the highest of the bits that one of their pixels uses.

    formats: that Pillow may open. most: pixels of a file that is looked at; what cannot be read is an error later.
    """
    deep = [path for path in paths if path.suffix.lower() in _SUFFIXES]
    room = Room(most)
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        peak = max(threads.map(lambda path: _peak(path, formats, most, room), deep), default=0)
    return next((2**bits - 1 for bits in _DEPTHS if 0 < peak < 2**bits), FULL)


def _peak(path: Path, formats: tuple[str, ...], most: int, room: Room) -> int:
    """Return the highest value of a 16-bit file, and 0 for any other."""
    try:
        with Image.open(path, formats=formats) as image:
            pixels = max(image.width * image.height, math.prod(tile_of(image)))
            gray = is_gray(image)
            if pixels > most or not (gray or is_deep(image)):
                return 0
            with room.taken(pixels):
                return int((np.asarray(image) if gray else read_deep(path, image, formats)).max())
    except MemoryError:
        raise
    except Exception:  # damaged files raise errors of many kinds
        return 0


def tile_of(image: Image.Image) -> tuple[int, int]:
    """Return the width and the height of the tiles of a TIFF, 0 and 0 for images without."""
    tags = getattr(image, "tag_v2", {})
    return tags.get(0x0142, 0), tags.get(0x0143, 0)


def is_gray(image: Image.Image) -> bool:
    """Return whether an image is 16-bit gray, as Pillow reads it whole."""
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM"))


def is_deep(image: Image.Image) -> bool:
    """Return whether the file has 16 bits a channel where Pillow gives 8; known before the pixels are loaded."""
    return any(";16" in mode for mode in _raw_modes(image))


def _raw_modes(image: Image.Image) -> list[str]:
    tiles = image.tile if isinstance(image, ImageFile) else []
    arguments = (tile[3] if isinstance(tile[3], tuple) else (tile[3],) for tile in tiles)
    return [args[0] for args in arguments if args and isinstance(args[0], str)]


def read_deep(path: Path, image: Image.Image, formats: tuple[str, ...]) -> NDArray[np.uint16]:
    """Return the colors of a file of 16 bits a channel, H×W×C, without alpha; Pillow reads one byte of two."""
    with Image.open(path, formats=formats) as other:
        assert isinstance(other, ImageFile)  # since it has tiles
        other.tile = [_other_byte(tile) for tile in other.tile]
        low = np.asarray(other)
    values: NDArray[np.uint16] = np.asarray(image).astype(np.uint16) * np.uint16(256) + low
    return values[..., :-1] if image.mode in ("LA", "RGBA") else values


def _other_byte(tile: Any) -> Any:
    mode, *rest = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
    swapped = mode[:-1] + _OTHER_BYTE[mode[-1]]
    arguments = (swapped, *rest) if isinstance(tile[3], tuple) else swapped
    return tile._replace(args=arguments) if hasattr(tile, "_replace") else (*tile[:3], arguments)


def to_eight_bits(values: NDArray[Any], white: int) -> NDArray[np.uint8]:
    """Return values as bytes: 255 for white and beyond, rounded."""
    scaled: NDArray[np.uint32] = (values.astype(np.uint32) * np.uint32(510) + np.uint32(white)) // np.uint32(2 * white)
    return scaled.clip(max=255).astype(np.uint8)
