"""Files that unpack to more than they may: refused by name and limit, before they fill the memory."""

import gzip
import io
import struct
import tarfile
import threading
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from dlbench.standard import cifar, downloads, idx, image_pixels, limits, pickles, pixel_depth, svhn
from dlbench.standard.dataset_records import DATASETS
from dlbench.standard.image_pixels import Wanted

MB = 1_000_000


@pytest.fixture
def peak():
    """Return the peak of Python's memory since the test began, in bytes."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "train-images-idx3-ubyte"])
def test_an_idx_file_of_too_many_bytes_is_refused(tmp_path: Path, name: str, monkeypatch, peak) -> None:
    monkeypatch.setattr(idx, "LARGEST", 2 * MB)
    content = bytes((0, 0, 8, 3)) + bytes(40 * MB)
    (tmp_path / name).write_bytes(gzip.compress(content, 1) if name.endswith(".gz") else content)
    del content
    tracemalloc.reset_peak()
    with pytest.raises(ValueError, match=rf"{name} (has|unpacks to) more than 2,000,000 bytes, the limit"):
        idx.read_idx(tmp_path / "train-images-idx3-ubyte", 3)
    assert peak() < 8 * MB


def test_a_limit_is_the_last_size_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(3 * MB)))
    assert limits.read_bounded(path, 3 * MB) == bytes(3 * MB)
    with pytest.raises(ValueError, match=r"a\.gz unpacks to more than 2,999,999 bytes"):
        limits.read_bounded(path, 3 * MB - 1)


def test_what_the_publishers_give_out_is_within_the_limits() -> None:
    assert idx.LARGEST > 16 + 60_000 * 28 * 28
    assert svhn.LARGEST > 73_257 * 3 * 32 * 32 + MB
    assert max(record.download_bytes or 0 for record in DATASETS) < downloads.LARGEST


def packed_element(content: bytes) -> bytes:
    packed = zlib.compress(content, 1)
    return struct.pack("<II", 15, len(packed)) + packed


def test_a_matlab_file_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch, peak) -> None:
    monkeypatch.setattr(svhn, "LARGEST", 3 * MB)
    labels = np.ones((4, 1), np.uint8)
    for split in ("train", "test"):
        savemat(
            tmp_path / f"{split}_32x32.mat", {"X": np.zeros((32, 32, 3, 4), np.uint8), "y": labels}, do_compression=True
        )
    assert len(svhn.svhn(tmp_path, download=False).train_labels) == 4
    bomb = struct.pack("<II", 14, 40 * MB) + bytes(40 * MB)
    with (tmp_path / "test_32x32.mat").open("ab") as file:
        file.write(packed_element(bomb))
    del bomb
    tracemalloc.reset_peak()
    with pytest.raises(ValueError, match=r"test_32x32\.mat unpacks to more than 3,000,000 bytes"):
        svhn.svhn(tmp_path, download=False)
    assert peak() < 8 * MB


def test_the_parts_of_a_matlab_file_count_together(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    path.write_bytes(bytes(124) + b"\0\1IM" + packed_element(bytes(2 * MB)) * 2)
    limits.check_matlab(path, 4 * MB)
    with pytest.raises(ValueError, match="unpacks to more than 3,999,999"):
        limits.check_matlab(path, 4 * MB - 1)


def test_a_member_of_an_archive_has_a_limit(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(cifar, "_MOST", 2 * MB)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        member = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
        member.size = 20 * MB
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    monkeypatch.setattr(cifar, "fetch", lambda *given: given[-1](buffer.getvalue()))
    with pytest.raises(ValueError, match=r"data_batch_1\.bin of https://\S+ has more than 2,000,000 bytes"):
        cifar.load(cifar.CIFAR10, tmp_path, download=True)
    assert not list(tmp_path.rglob("*.bin"))


def test_threads_have_no_more_in_hand_than_there_is_room_for() -> None:
    room, random = limits.Room(10), np.random.default_rng(0)
    in_hand, most = [0], [0]
    lock = threading.Lock()

    def work(count: int) -> None:
        with room.taken(count):
            with lock:
                in_hand[0] += count
                most[0] = max(most[0], in_hand[0])
            time.sleep(0.001)
            with lock:
                in_hand[0] -= count

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, random.integers(1, 11, 60).tolist()))
    assert 5 <= most[0] <= 10


def test_room_comes_back_after_an_error() -> None:
    room = limits.Room(1)
    for _ in range(2):
        with pytest.raises(ValueError, match="damaged"), room.taken(1):
            raise ValueError("damaged")


@pytest.mark.parametrize(
    ("module", "reader", "read"),
    [
        (svhn, "loadmat", lambda path: svhn.svhn(path, download=False)),
        (pickles, "_Unpickler", lambda path: pickles.read_pickle(path / "train_32x32.mat")),
        (image_pixels, "_decode", lambda path: image_pixels.read_image(path / "a.png", Wanted(1, None, "one"), print)),
        (pixel_depth, "is_gray", lambda path: pixel_depth.find_white([path / "a.png"], ("PNG",), MB)),
    ],
    ids=["matlab", "pickle", "image", "depth of an image"],
)
def test_a_lack_of_memory_is_not_taken_for_damage(tmp_path: Path, monkeypatch, module, reader: str, read) -> None:
    for split in ("train", "test"):
        savemat(tmp_path / f"{split}_32x32.mat", {})
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(tmp_path / "a.png")

    def short(*_: object, **__: object) -> None:
        raise MemoryError("no more of it")

    monkeypatch.setattr(module, reader, short)
    with pytest.raises(MemoryError):
        read(tmp_path)
