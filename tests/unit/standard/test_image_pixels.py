"""Images of any mode, format and orientation: read to the pixels of an independent reader, or refused."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dlbench.standard.image_pixels import LARGEST, Wanted, read_image
from dlbench.standard.pixel_depth import find_white

COLOR = Wanted(3, None, "one")
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "I")
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF")


def read(path: Path, wanted: Wanted = COLOR) -> NDArray[np.uint8]:
    return read_image(path, wanted, lambda text: None)


def random_image(mode: str, random: np.random.Generator) -> Image.Image:
    height, width = random.integers(3, 12, 2)
    if mode == "I;16":
        return Image.fromarray(random.integers(0, 65536, (height, width)).astype(np.uint16))
    if mode == "F":
        return Image.fromarray(random.random((height, width)).astype(np.float32))
    if mode == "I":
        return Image.fromarray(random.integers(0, 2**20, (height, width)).astype(np.int32))
    image = Image.fromarray(random.integers(0, 256, (height, width, 4)).astype(np.uint8))
    if mode == "RGBA":
        return image
    made = image.convert("LA" if mode == "LA" else "RGB").convert(mode)
    if mode == "P" and random.random() < 0.5:
        made.info["transparency"] = int(np.asarray(made)[0, 0])
    return made


def independent(path: Path) -> NDArray[np.int64]:
    """Read with Pillow's conversions, turn with NumPy, put on white by hand, to at most one level."""
    with Image.open(path) as image:
        turn = image.getexif().get(0x0112, 1) if image.format != "TIFF" else 1  # Pillow turns these itself
        if image.mode.startswith("I;16"):
            gray = np.rint(np.asarray(image).astype(float) / 257)
            pixels = np.stack([gray] * 3, axis=-1)
        elif image.mode in ("LA", "RGBA") or "transparency" in image.info:
            layered = np.asarray(image.convert("RGBA")).astype(float)
            share = layered[..., 3:] / 255
            pixels = np.rint(layered[..., :3] * share + 255 * (1 - share))
        else:
            pixels = np.asarray(image.convert("RGB")).astype(float)
    return _turned(pixels, turn).astype(np.int64)


def _turned(pixels: NDArray[Any], turn: int) -> NDArray[Any]:
    flipped = pixels[:, ::-1] if turn in (2, 4, 5, 7) else pixels
    return np.rot90(flipped, {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(turn, 0))


def check_random_images(folder: Path, count: int, seed: int) -> int:
    random = np.random.default_rng(seed)
    held = 0
    for number in range(count):
        mode, kind = str(random.choice(MODES)), str(random.choice(FORMATS))
        image, path = random_image(mode, random), folder / f"{number}.{kind.lower()}"
        exif = Image.Exif()
        exif[0x0112] = int(random.integers(1, 9))
        try:
            image.save(path, kind, **({"exif": exif} if kind in ("PNG", "JPEG", "TIFF", "WEBP") else {}))
        except (OSError, KeyError, ValueError):
            continue  # the format has no such mode
        if mode in ("F", "I") and kind == "TIFF":
            with pytest.raises(ValueError, match=r"which do not say what is white\nSave 8-bit copies") as caught:
                read(path)
            assert str(path) in str(caught.value)
            continue
        found = read(path)
        known = independent(path)
        assert found.shape == known.shape, (mode, kind, exif[0x0112])
        assert np.abs(found - known).max() <= 1, (mode, kind, exif[0x0112])
        held += 1
    return held


def test_random_images_are_read_to_the_same_pixels_or_refused(tmp_path: Path) -> None:
    assert check_random_images(tmp_path, 150, seed=0) > 60


@pytest.mark.slow
def test_many_random_images_are_read_to_the_same_pixels_or_refused(tmp_path: Path) -> None:
    assert check_random_images(tmp_path, 5000, seed=1) > 2000


def test_sixteen_bits_are_divided_by_257_and_rounded(tmp_path: Path) -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    for name in ("a.png", "a.tif"):
        Image.fromarray(values).save(tmp_path / name)
        assert np.array_equal(read(tmp_path / name)[..., 0], np.rint(values / 257))


@pytest.mark.parametrize(("channels", "kind"), [(3, 2), (4, 6)])
def test_deep_colors_keep_their_higher_bits_and_it_is_said(tmp_path: Path, channels: int, kind: int) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (5, 6, channels)).astype(">u2")
    values[..., 3:] = 65535
    (tmp_path / "a.png").write_bytes(_png(values, kind))
    notes: list[str] = []
    assert np.array_equal(read_image(tmp_path / "a.png", COLOR, notes.append), values[..., :3] >> 8)
    assert notes == ["of 16 bits a channel, of which the higher 8 are kept"]


def _png(values: NDArray[Any], kind: int) -> bytes:
    """Return a PNG of 16 bits a channel, which Pillow does not write. kind: its color type."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    image = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + image


def test_opaque_alpha_changes_no_pixel(tmp_path: Path) -> None:
    image = random_image("RGB", np.random.default_rng(0))
    layered = image.copy()
    layered.putalpha(255)
    layered.save(tmp_path / "a.png")
    assert np.array_equal(read(tmp_path / "a.png"), np.asarray(image))


@pytest.mark.parametrize("name", ["a.gif", "a.tif", "a.webp", "a.png"])
def test_several_frames_are_refused_or_the_first_is_taken(tmp_path: Path, name: str) -> None:
    first, second = Image.new("RGB", (4, 4), "red"), Image.new("RGB", (4, 4), "blue")
    first.save(tmp_path / name, save_all=True, append_images=[second], **({} if name == "a.tif" else {"duration": 9}))
    with pytest.raises(ValueError, match=r"holds 2 images.*\nAdd :frames=first"):
        read(tmp_path / name)
    notes: list[str] = []
    assert read_image(tmp_path / name, Wanted(3, None, "first"), notes.append)[0, 0, 0] >= 250
    assert notes == ["that are the first of their file"]


def test_other_formats_are_not_opened_whatever_their_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **_: object) -> None:
        raise AssertionError(arguments)

    monkeypatch.setattr("subprocess.check_call", refuse)
    path = tmp_path / "a.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n")
    with pytest.raises(ValueError, match="it is none of PNG, JPEG") as caught:
        read(path)
    assert str(path) in str(caught.value)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [10_000, 20_000, 2**30])
def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path, side: int) -> None:
    path = tmp_path / "a.png"
    Image.new("L", (1, 1)).save(path)
    content = path.read_bytes()
    header = b"IHDR" + struct.pack(">II", side, side) + content[24:29]
    path.write_bytes(content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:])
    with pytest.raises(ValueError, match=r"pixels, more than 89,478,485\nIf it is"):
        read(path)


def stored(path: Path, values: NDArray[Any]) -> Path:
    """Store 16-bit values; Pillow writes gray ones only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if values.ndim == 2:
        Image.fromarray(values).save(path)
    else:
        path.write_bytes(_png(values.astype(">u2"), {3: 2, 4: 6}[values.shape[-1]]))
    return path


@pytest.mark.parametrize(
    ("peak", "white"), [(200, 255), (1000, 1023), (3987, 4095), (4095, 4095), (4096, 16383), (20000, 65535), (0, 65535)]
)
@pytest.mark.parametrize("kind", ["a.png", "a.tif", "color.png"])
def test_white_is_that_of_the_bits_which_all_files_use(tmp_path: Path, peak: int, white: int, kind: str) -> None:
    dark = stored(tmp_path / f"dark/{kind}", np.zeros((4, 5, 3) if kind == "color.png" else (4, 5), np.uint16))
    bright = np.array(Image.open(dark)).astype(np.uint16) * 0
    bright[2, 3] = peak
    paths = [dark, stored(tmp_path / f"bright/{kind}", bright)]
    assert find_white(paths, FORMATS, LARGEST) == find_white(paths[::-1], FORMATS, LARGEST) == white


@pytest.mark.parametrize("shape", [(6, 7), (6, 7, 3), (6, 7, 4)])
def test_images_of_12_bits_are_scaled_by_their_range_and_it_is_said(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).integers(0, 4096, shape).astype(np.uint16)
    if shape[-1] == 4:
        values[..., 3] = 65535
    path, notes = stored(tmp_path / "a.png", values), list[str]()
    found = read_image(path, Wanted(3, None, "one", 4095), notes.append)
    colors = values[..., :3] if values.ndim == 3 else np.repeat(values[..., None], 3, axis=-1)
    assert np.array_equal(found, np.floor(colors / 4095 * 255 + 0.5))
    assert notes == ["of 16 bits a channel, of which 12 are used: 4,095 is white"]


def test_compressed_tiffs_of_12_bits_are_scaled_too(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 4096, (6, 7)).astype(np.uint16)
    for compression in ("raw", "tiff_lzw", "tiff_deflate"):
        Image.fromarray(values).save(tmp_path / "a.tif", compression=compression)
        assert find_white([tmp_path / "a.tif"], FORMATS, LARGEST) == 4095
        found = read_image(tmp_path / "a.tif", Wanted(1, None, "one", 4095), lambda text: None)[..., 0]
        assert np.array_equal(found, np.floor(values / 4095 * 255 + 0.5))


def test_what_is_brighter_than_white_is_white(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.png", np.array([[0, 1000, 2000, 65535]], np.uint16))
    assert read_image(path, Wanted(1, None, "one", 1000), lambda text: None)[0, :, 0].tolist() == [0, 255, 255, 255]


def test_files_that_are_not_deep_or_not_readable_do_not_decide_white(tmp_path: Path) -> None:
    Image.new("RGB", (3, 3), "white").save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert find_white([tmp_path / "a.png", tmp_path / "b.png", tmp_path / "c.png"], FORMATS, LARGEST) == 65535


def test_an_image_that_may_not_be_read_is_not_called_corrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(ValueError, match=r"a\.png cannot be read: Permission denied\nCheck the permissions"):
        read(tmp_path / "a.png")


@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_with_tiles_larger_than_the_memory_is_refused_before_one_is_unpacked(tmp_path: Path, bits: int) -> None:
    tags = {256: 10, 257: 10, 258: bits, 259: 8, 262: 1, 277: 1, 322: 30_000, 323: 30_000, 324: 134, 325: 4}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    header = b"II*\0" + struct.pack("<IH", 8, len(tags))
    (tmp_path / "a.tif").write_bytes(header + entries + bytes(4) + zlib.compress(bytes(10)))
    with pytest.raises(ValueError, match=r"a\.tif has tiles of 30,000×30,000 pixels, more than 89,478,485"):
        read(tmp_path / "a.tif")
    assert find_white([tmp_path / "a.tif"], FORMATS, LARGEST) == 65535
