"""One image file as 8-bit pixels: upright, on white, gray or RGB; or why it cannot be read so."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from dlbench.standard.limits import Room
from dlbench.standard.pixel_depth import FULL, is_deep, is_gray, read_deep, tile_of, to_eight_bits

#: Formats that are opened; Pillow's others call other programs (EPS) or are rarely tested.
FORMATS = (
    *("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM"),
    *(["AVIF"] if find_spec("PIL._avif") else []),  # since Pillow 11.3
)
#: More pixels than any camera makes, and less than fills the memory; Pillow warns from here on.
LARGEST = 89_478_485
_MODES = {1: "L", 3: "RGB"}
_PLAIN = frozenset({"1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV"})
_ALPHA = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Wanted:
    """How images are read.

    channels: 3, or 1 for gray.
    size: width and height that they are cropped and scaled to; None leaves them.
    frames: "one" refuses files with several images, "first" takes the first of them.
    white: the value of white in files of 16 bits a channel.
    room: for pixels that are decoded at a time, by all threads together.
    """

    channels: int
    size: tuple[int, int] | None
    frames: str
    white: int = FULL
    room: Room = field(default_factory=lambda: Room(LARGEST))


def read_image(path: Path, wanted: Wanted, note: Callable[[str], None]) -> NDArray[np.uint8]:
    """Return the pixels, H×W×C. note: called with what was done to the file, a short phrase.

    Raises ValueError: what is wrong with the file and, on a second line, what to do.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            _check(path, image, wanted, note)
            with wanted.room.taken(image.width * image.height):
                return _decode(path, image, wanted, note)
    except _ImageProblemError:
        raise
    except UnidentifiedImageError:
        problem = f"{path} is not a readable image ({_bytes(path)}): it is none of {', '.join(FORMATS)}"
        raise ValueError(f"{problem}\nConvert it to .png or .jpg, or delete it.") from None
    except Image.DecompressionBombError:
        raise _too_large(path, "over 178 million") from None
    except PermissionError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}\nCheck the permissions of the file.") from None
    except MemoryError:
        raise
    except Exception as error:  # damaged files raise errors of many kinds
        problem = f"{path} is a corrupt or truncated image ({_bytes(path)}): {error}"
        raise ValueError(f"{problem}\nReplace the file, or delete it.") from None


def _decode(path: Path, image: Image.Image, wanted: Wanted, note: Callable[[str], None]) -> NDArray[np.uint8]:
    deep = image.mode in _PLAIN | _ALPHA and is_deep(image)
    image.load()
    eight = _eight_bits(path, image, wanted, note, deep=deep)
    pixels = _upright(_on_white(eight, note), image, note).convert(_MODES[wanted.channels])
    fitted = ImageOps.fit(pixels, wanted.size) if wanted.size else pixels
    return np.asarray(fitted).reshape(fitted.height, fitted.width, wanted.channels)


class _ImageProblemError(ValueError):
    """A file that Pillow can open, but that does not say which pixels are meant."""


def _bytes(path: Path) -> str:
    return f"{path.stat().st_size:,} bytes" if path.exists() else "a broken link"


def _too_large(path: Path, count: str) -> _ImageProblemError:
    return _ImageProblemError(
        f"{path} has {count} pixels, more than {LARGEST:,}\nIf it is what it should be, save it smaller."
    )


def _check(path: Path, image: Image.Image, wanted: Wanted, note: Callable[[str], None]) -> None:
    if image.width * image.height > LARGEST:
        raise _too_large(path, f"{image.width:,}×{image.height:,}")
    width, height = tile_of(image)
    if width * height > LARGEST:  # a tile is unpacked whole, however little of it the image shows
        raise _too_large(path, f"tiles of {width:,}×{height:,}")
    # Cameras store a preview as the second image of an MPO, which is a JPEG otherwise.
    count = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
    if count > 1 and wanted.frames == "first":
        note("that are the first of their file")
    elif count > 1:
        raise _ImageProblemError(
            f"{path} holds {count:,} images (frames or pages), where one is expected\n"
            "Add :frames=first to the data set to take the first of each file, or save the others as files."
        )


def _eight_bits(
    path: Path, image: Image.Image, wanted: Wanted, note: Callable[[str], None], *, deep: bool
) -> Image.Image:
    """Return the image with 8 bits a channel. deep: whether the file has 16 in each of several channels."""
    if deep and wanted.white != FULL:
        note(_scaled(wanted.white))
        return _with_alpha(to_eight_bits(read_deep(path, image, FORMATS), wanted.white), image)
    if deep:
        note("of 16 bits a channel, of which the higher 8 are kept")
    if image.mode in _PLAIN | _ALPHA:
        return image
    if is_gray(image):
        note("of 16-bit gray divided by 257" if wanted.white == FULL else _scaled(wanted.white))
        return Image.fromarray(to_eight_bits(np.asarray(image), wanted.white))
    kinds = {"F": "floating-point", "I": "32-bit"}
    kind = kinds.get(image.mode, image.mode)
    raise _ImageProblemError(
        f"{path} has {kind} pixels, which do not say what is white\n"
        "Save 8-bit copies, in Python: import numpy as np; from PIL import Image; "
        f"a = np.asarray(Image.open({str(path)!r})); "
        f"Image.fromarray((a * (255 / WHITE)).clip(0, 255).round().astype('uint8')).save({path.stem + '.png'!r})"
        ", with the value of white, the same for all files."
    )


def _scaled(white: int) -> str:
    return f"of 16 bits a channel, of which {white.bit_length()} are used: {white:,} is white"


def _with_alpha(colors: NDArray[np.uint8], image: Image.Image) -> Image.Image:
    """Return colors as an image, with the alpha of the image that they are of."""
    pixels = Image.fromarray(colors.squeeze(-1) if colors.shape[-1] == 1 else colors)
    if image.mode in _ALPHA:
        pixels.putalpha(image.getchannel("A"))
    return pixels


def _on_white(image: Image.Image, note: Callable[[str], None]) -> Image.Image:
    """Return the image without transparency."""
    if image.mode not in _ALPHA and "transparency" not in image.info:
        return image
    if image.mode in ("La", "PA"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    layered = image.convert("RGBA")
    if layered.getchannel("A").getextrema() == (255, 255):
        return layered.convert("RGB")
    note("with transparency put on white")
    return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")


def _upright(pixels: Image.Image, image: Image.Image, note: Callable[[str], None]) -> Image.Image:
    """Return the pixels turned as the file's EXIF data say."""
    try:
        turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken EXIF data say nothing
        return pixels
    if turn is None:
        return pixels
    note("turned upright by their EXIF data")
    return pixels.transpose(turn)
