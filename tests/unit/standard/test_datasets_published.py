"""The published data sets, read from tiny files in their publishers' layouts and fetched from a local server."""

import gzip
import hashlib
import io
import os
import pickle
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from dlbench.standard import cifar, downloads, idx, svhn


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder and the address under which its files are served."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def idx_bytes(array: np.ndarray) -> bytes:
    header = bytes((0, 0, 8, array.ndim)) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + array.astype(np.uint8).tobytes()


def idx_files(seed: int = 0) -> dict[str, bytes]:
    generator = np.random.default_rng(seed)
    contents = {}
    for prefix, count in (("train", 7), ("t10k", 3)):
        contents[f"{prefix}-images-idx3-ubyte"] = idx_bytes(generator.integers(0, 256, (count, 28, 28)))
        contents[f"{prefix}-labels-idx1-ubyte"] = idx_bytes(np.arange(count))
    return contents


def write(folder: Path, contents: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


# IDX


def test_idx_files_read_as_torchvision_reads_them(tmp_path: Path) -> None:
    import torchvision

    write(tmp_path / "KMNIST/raw", idx_files())
    data = idx.kmnist(tmp_path, download=False)
    for train, images, labels in (
        (True, data.train_images, data.train_labels),
        (False, data.test_images, data.test_labels),
    ):
        known = torchvision.datasets.KMNIST(tmp_path, train=train)
        assert np.array_equal(images[:, 0], known.data.numpy())
        assert np.array_equal(labels, known.targets.numpy())
    assert data.train_images.shape == (7, 1, 28, 28)
    assert (data.train_images.dtype, data.train_labels.dtype) == (np.uint8, np.int64)


def test_a_packed_idx_file_stands_for_the_plain_one(tmp_path: Path) -> None:
    contents = idx_files()
    write(tmp_path / "a/KMNIST/raw", contents)
    write(tmp_path / "b/KMNIST/raw", {f"{name}.gz": gzip.compress(content) for name, content in contents.items()})
    plain, packed = (idx.kmnist(tmp_path / name, download=False) for name in "ab")
    assert np.array_equal(plain.train_images, packed.train_images)
    assert np.array_equal(plain.test_labels, packed.test_labels)


@pytest.mark.parametrize("absent", idx.FILES)
def test_an_absent_idx_file_is_named_with_its_place(tmp_path: Path, absent: str) -> None:
    contents = idx_files()
    del contents[absent]
    folder = write(tmp_path / "FashionMNIST/raw", contents)
    with pytest.raises(FileNotFoundError) as caught:
        idx.fashion_mnist(tmp_path, download=False)
    assert str(folder / absent) in str(caught.value)


@pytest.mark.parametrize("cut", [1, 5000])
def test_a_truncated_idx_file_is_named_with_expected_and_found_size(tmp_path: Path, cut: int) -> None:
    contents = idx_files()
    contents["train-images-idx3-ubyte"] = contents["train-images-idx3-ubyte"][:-cut]
    folder = write(tmp_path / "KMNIST/raw", contents)
    with pytest.raises(ValueError, match="truncated") as caught:
        idx.kmnist(tmp_path, download=False)
    size = 16 + 7 * 28 * 28
    message = str(caught.value)
    assert str(folder / "train-images-idx3-ubyte") in message
    assert f"expected {size:,} bytes" in message
    assert f"found {size - cut:,} bytes" in message


def test_a_file_longer_than_its_header_says_is_refused(tmp_path: Path) -> None:
    contents = idx_files()
    contents["t10k-labels-idx1-ubyte"] += b"\0"
    write(tmp_path / "KMNIST/raw", contents)
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte .* expected 11 bytes, found 12 bytes"):
        idx.kmnist(tmp_path, download=False)


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\x08", b"\0\0\x08\x03\0\0", b"<html>not found</html>", idx_bytes(np.arange(3))]
)
def test_what_is_no_idx_file_is_refused_by_its_header(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "KMNIST/raw", idx_files() | {"train-images-idx3-ubyte": content})
    with pytest.raises(ValueError, match="starts with 00 00 08 03") as caught:
        idx.kmnist(tmp_path, download=False)
    assert f"found {len(content)} bytes" in str(caught.value)


def test_a_truncated_packed_file_is_named(tmp_path: Path) -> None:
    packed = {f"{name}.gz": gzip.compress(content) for name, content in idx_files().items()}
    packed["train-images-idx3-ubyte.gz"] = packed["train-images-idx3-ubyte.gz"][:-100]
    folder = write(tmp_path / "KMNIST/raw", packed)
    with pytest.raises(ValueError, match="corrupt or truncated") as caught:
        idx.kmnist(tmp_path, download=False)
    assert str(folder / "train-images-idx3-ubyte.gz") in str(caught.value)


def test_as_many_labels_as_images_are_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "KMNIST/raw", idx_files() | {"train-labels-idx1-ubyte": idx_bytes(np.arange(6))})
    with pytest.raises(ValueError, match="7 images, 6 labels"):
        idx.kmnist(tmp_path, download=False)


def test_a_label_beyond_the_classes_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "KMNIST/raw", idx_files() | {"t10k-labels-idx1-ubyte": idx_bytes(np.array([0, 10, 1]))})
    with pytest.raises(ValueError, match="t10k-labels-idx1-ubyte is corrupt: expected labels from 0 to 9, found 10"):
        idx.kmnist(tmp_path, download=False)


def test_mnist_of_other_bytes_is_refused_by_its_sha256(tmp_path: Path) -> None:
    contents = idx_files()
    write(tmp_path / "MNIST/raw", contents)
    with pytest.raises(ValueError, match="corrupt") as caught:
        idx.mnist(tmp_path, download=False)
    assert idx.MNIST_SHA256["train-images-idx3-ubyte"] in str(caught.value)
    assert hashlib.sha256(contents["train-images-idx3-ubyte"]).hexdigest() in str(caught.value)


def test_idx_files_are_downloaded_from_the_first_mirror_that_has_them(
    tmp_path: Path, served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.datasets import KMNIST

    folder, address = served
    packed = {f"{name}.gz": gzip.compress(content) for name, content in idx_files().items()}
    write(folder, packed)
    monkeypatch.setattr(KMNIST, "mirrors", [f"{address}nowhere/", address])
    monkeypatch.setattr(KMNIST, "resources", [(name, md5(content)) for name, content in packed.items()])
    data = idx.kmnist(tmp_path, download=True)
    assert data.test_images.shape == (3, 1, 28, 28)
    assert sorted(path.name for path in (tmp_path / "KMNIST/raw").iterdir()) == sorted(idx.FILES)
    assert KMNIST(tmp_path, train=False).data.shape == (3, 28, 28)


# Downloads


def test_a_download_with_another_md5_leaves_nothing_and_names_address_and_sums(
    tmp_path: Path, served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.datasets import SVHN

    folder, address = served
    write(folder, {"train_32x32.mat": b"damaged"})
    monkeypatch.setattr(SVHN, "split_list", {"train": [f"{address}train_32x32.mat", "train_32x32.mat", "0" * 32]})
    root = tmp_path / "data"
    with pytest.raises(OSError, match=r"expected MD5 0{32}") as caught:
        svhn.svhn(root, download=True)
    assert f"{address}train_32x32.mat" in str(caught.value)
    assert md5(b"damaged") in str(caught.value)
    assert not list(root.iterdir())


def test_a_download_that_breaks_off_is_an_error_with_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class BreakOff(QuietHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"half")

    with ThreadingHTTPServer(("127.0.0.1", 0), BreakOff) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/file"
        with pytest.raises(OSError, match="ended after 4 of 1,000 bytes") as caught:
            downloads.fetch([address], md5(b"whole"), tmp_path, lambda: False, lambda content: None)
        server.shutdown()
        thread.join()
    assert address in str(caught.value)


def test_every_dead_address_is_named(served: tuple[Path, str]) -> None:
    folder, address = served
    with pytest.raises(OSError, match="tried") as caught:
        downloads.fetch([f"{address}a", f"{address}b"], "", folder, lambda: False, lambda content: None)
    assert f"{address}a (HTTP Error 404" in str(caught.value)
    assert f"{address}b (HTTP Error 404" in str(caught.value)


def test_a_file_is_placed_whole_or_not_at_all(tmp_path: Path) -> None:
    downloads.place(tmp_path / "below/file", b"content")
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        downloads.place(tmp_path / "taken", b"content")
    assert (tmp_path / "below/file").read_bytes() == b"content"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["below", "taken"]


# CIFAR

SMALL10 = replace(cifar.CIFAR10, batches={"data_batch_1.bin": 4, "data_batch_2.bin": 5, "test_batch.bin": 3}, sha256={})
SMALL100 = replace(cifar.CIFAR100, batches={"train.bin": 6, "test.bin": 2})


def cifar_files(layout: cifar.Layout) -> tuple[dict[str, bytes], dict[str, tuple[np.ndarray, np.ndarray]]]:
    generator = np.random.default_rng(1)
    contents, arrays = {}, {}
    for name, count in layout.batches.items():
        images = generator.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
        labels = generator.integers(0, layout.num_classes, count, dtype=np.uint8)
        coarse = b"\x63" * (layout.label_bytes - 1)
        contents[name] = b"".join(
            coarse + bytes([label]) + image.tobytes() for image, label in zip(images, labels, strict=True)
        )
        arrays[name] = images, labels
    contents[layout.class_file] = "".join(f"class_{i}\n" for i in range(layout.num_classes)).encode() + b"\n"
    return contents, arrays


@pytest.mark.parametrize("layout", [SMALL10, SMALL100], ids=["cifar10", "cifar100"])
def test_binary_batches_give_the_images_and_fine_labels_written(tmp_path: Path, layout: cifar.Layout) -> None:
    contents, arrays = cifar_files(layout)
    write(tmp_path / layout.folder, contents)
    data = cifar.load(layout, tmp_path, download=False)
    *train, test = arrays.values()
    assert np.array_equal(data.train_images, np.concatenate([images for images, _ in train]))
    assert np.array_equal(data.train_labels, np.concatenate([labels for _, labels in train]))
    assert np.array_equal(data.test_images, test[0])
    assert np.array_equal(data.test_labels, test[1])
    assert data.train_labels.dtype == np.int64
    assert list(data.class_names) == [f"class_{i}" for i in range(layout.num_classes)]


def test_a_truncated_batch_is_named_with_expected_and_found_size(tmp_path: Path) -> None:
    contents, _ = cifar_files(SMALL10)
    contents["data_batch_2.bin"] = contents["data_batch_2.bin"][:-3073]
    folder = write(tmp_path / SMALL10.folder, contents)
    with pytest.raises(ValueError, match="expected 15,365 bytes, found 12,292 bytes") as caught:
        cifar.load(SMALL10, tmp_path, download=False)
    assert str(folder / "data_batch_2.bin") in str(caught.value)


def test_a_batch_of_the_right_size_is_held_against_its_sha256(tmp_path: Path) -> None:
    contents, _ = cifar_files(SMALL10)
    known = {"test_batch.bin": hashlib.sha256(contents["test_batch.bin"]).hexdigest()}
    layout = replace(SMALL10, sha256=known)
    folder = write(tmp_path / layout.folder, contents)
    cifar.load(layout, tmp_path, download=False)
    (folder / "test_batch.bin").write_bytes(contents["test_batch.bin"][:-1] + b"\0")
    with pytest.raises(ValueError, match=known["test_batch.bin"]):
        cifar.load(layout, tmp_path, download=False)


def test_a_class_file_without_all_names_is_refused(tmp_path: Path) -> None:
    contents, _ = cifar_files(SMALL100)
    write(tmp_path / SMALL100.folder, contents | {"fine_label_names.txt": b"apple\nbear\n"})
    with pytest.raises(ValueError, match=r"fine_label_names\.txt .* expected 100 names, found 2"):
        cifar.load(SMALL100, tmp_path, download=False)


def test_an_absent_batch_is_named_with_its_place(tmp_path: Path) -> None:
    contents, _ = cifar_files(SMALL10)
    del contents["data_batch_2.bin"]
    folder = write(tmp_path / SMALL10.folder, contents)
    with pytest.raises(FileNotFoundError) as caught:
        cifar.load(SMALL10, tmp_path, download=False)
    assert str(folder / "data_batch_2.bin") in str(caught.value)


def tar_of(contents: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def test_the_binary_archive_is_downloaded_and_no_member_escapes(tmp_path: Path, served: tuple[Path, str]) -> None:
    folder, address = served
    contents, arrays = cifar_files(SMALL10)
    members = {f"{SMALL10.folder}/{name}": content for name, content in contents.items()}
    packed = tar_of(members | {"../escaped": b"x", f"{SMALL10.folder}/../../escaped": b"x"})
    write(folder, {"cifar.tar.gz": packed})
    layout = replace(SMALL10, address=f"{address}cifar.tar.gz", md5=md5(packed))
    data = cifar.load(layout, tmp_path / "a/b", download=True)
    assert np.array_equal(data.test_images, arrays["test_batch.bin"][0])
    assert {path.name for path in (tmp_path / "a/b" / layout.folder).iterdir()} == set(contents)
    assert not list(tmp_path.rglob("escaped"))


@pytest.fixture
def pickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pickled CIFAR-10 of three images, whose checksums torchvision is told."""
    from torchvision.datasets import CIFAR10

    folder = tmp_path / "cifar-10-batches-py"
    names = [f"class_{i}" for i in range(10)]
    contents = {"batches.meta": pickle.dumps({"label_names": names})}
    for label, name in enumerate((*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")):
        row = np.full((1, 3072), 40 * label, np.uint8)
        row[0, :1024] += 1  # red differs, so that a wrong order of axes shows
        contents[name] = pickle.dumps({"data": row, "labels": [label]})
    write(folder, contents)
    monkeypatch.setattr(
        CIFAR10, "train_list", [[f"data_batch_{i}", md5(contents[f"data_batch_{i}"])] for i in range(1, 6)]
    )
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", md5(contents["test_batch"])]])
    meta = {"filename": "batches.meta", "key": "label_names", "md5": md5(contents["batches.meta"])}
    monkeypatch.setattr(CIFAR10, "meta", meta)
    return folder


def test_the_pickled_layout_is_read_where_the_binary_one_is_absent(tmp_path: Path, pickled: Path) -> None:
    data = cifar.cifar10(tmp_path, download=False)
    assert data.train_images.shape == (5, 3, 32, 32)
    assert data.train_labels.tolist() == [0, 1, 2, 3, 4]
    assert (data.test_images[0, 0] == 201).all()
    assert (data.test_images[0, 1:] == 200).all()
    assert data.class_names[9] == "class_9"


def test_a_pickle_of_other_bytes_is_refused_before_it_can_run(tmp_path: Path, pickled: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "ran"),)

    (pickled / "data_batch_3").write_bytes(pickle.dumps(Payload()))
    with pytest.raises(ValueError, match="expected MD5") as caught:
        cifar.cifar10(tmp_path, download=False)
    assert str(pickled / "data_batch_3") in str(caught.value)
    assert not (tmp_path / "ran").exists()


# SVHN


def svhn_files(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    generator = np.random.default_rng(2)
    written = {}
    for split, count in (("train", 12), ("test", 10)):
        images = generator.integers(0, 256, (32, 32, 3, count), dtype=np.uint8)
        labels = (np.arange(count, dtype=np.uint8) % 10 + 1)[:, None]
        savemat(folder / f"{split}_32x32.mat", {"X": images, "y": labels}, do_compression=True)
        written[split] = images, labels
    return written


def test_svhn_puts_images_first_and_calls_label_10_the_digit_0(tmp_path: Path) -> None:
    written = svhn_files(tmp_path)
    data = svhn.svhn(tmp_path, download=False)
    assert data.train_images.shape == (12, 3, 32, 32)
    assert np.array_equal(data.train_images[5, 2], written["train"][0][:, :, 2, 5])
    assert data.test_labels.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]


def test_an_absent_svhn_file_is_named_with_its_place(tmp_path: Path) -> None:
    svhn_files(tmp_path)
    (tmp_path / "test_32x32.mat").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        svhn.svhn(tmp_path, download=False)
    assert str(tmp_path / "test_32x32.mat") in str(caught.value)


@pytest.mark.parametrize("keep", [0, 50, 5000])
def test_a_truncated_svhn_file_is_named_with_its_size(tmp_path: Path, keep: int) -> None:
    svhn_files(tmp_path)
    path = tmp_path / "train_32x32.mat"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=f"its {keep:,} bytes") as caught:
        svhn.svhn(tmp_path, download=False)
    assert str(path) in str(caught.value)


def test_an_svhn_file_with_another_byte_is_named_with_its_size(tmp_path: Path) -> None:
    svhn_files(tmp_path)
    path = tmp_path / "test_32x32.mat"
    content = bytearray(path.read_bytes())
    content[128 + 8] ^= 0xFF  # after the header and the tag of the first part
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"test_32x32\.mat is corrupt.* its {len(content):,} bytes do not unpack"):
        svhn.svhn(tmp_path, download=False)


def test_svhn_labels_outside_1_to_10_are_refused(tmp_path: Path) -> None:
    svhn_files(tmp_path)
    arrays = {"X": np.zeros((32, 32, 3, 2), np.uint8), "y": np.array([[1], [11]], np.uint8)}
    savemat(tmp_path / "train_32x32.mat", arrays)
    with pytest.raises(ValueError, match="found 1 to 11"):
        svhn.svhn(tmp_path, download=False)


# Two at once


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Has another process put files in place while this one waits to download them."""

    def work(put: Callable[[], object]) -> None:
        @contextmanager
        def wait(path: Path) -> Iterator[None]:
            put()
            yield

        monkeypatch.setattr(downloads, "_alone", wait)

    return work


def test_what_another_process_has_fetched_meanwhile_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, another: Callable[[Callable[[], object]], None]
) -> None:
    from torchvision.datasets import KMNIST, SVHN

    nowhere = "http://127.0.0.1:1/"
    monkeypatch.setattr(KMNIST, "mirrors", [nowhere])
    another(lambda: write(tmp_path / "KMNIST/raw", idx_files()))
    assert len(idx.kmnist(tmp_path, download=True).train_labels) == 7
    another(lambda: write(tmp_path / SMALL10.folder, cifar_files(SMALL10)[0]))
    assert len(cifar.load(replace(SMALL10, address=nowhere), tmp_path, download=True).train_labels) == 9
    monkeypatch.setattr(SVHN, "split_list", {part: [nowhere, f"{part}_32x32.mat", ""] for part in ("train", "test")})
    another(lambda: svhn_files(tmp_path))
    assert len(svhn.svhn(tmp_path, download=True).train_labels) == 12


# Real data


def real_data(*names: str) -> Path:
    root = Path(os.environ.get("DLBENCH_DATA_DIR", "/nonexistent"))
    for name in names:
        if not (root / name).exists():
            pytest.skip(f"DLBENCH_DATA_DIR has no {name}")
    return root


def test_the_real_mnist_has_its_published_sizes_and_counts() -> None:
    data = idx.mnist(real_data("MNIST/raw/train-images-idx3-ubyte"), download=False)
    assert data.train_images.shape == (60_000, 1, 28, 28)
    assert data.test_images.shape == (10_000, 1, 28, 28)
    assert np.bincount(data.train_labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(data.test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    # The published mean and deviation of the training pixels.
    assert data.train_images.mean() / 255 == pytest.approx(0.1307, abs=1e-4)
    assert data.train_images.std() / 255 == pytest.approx(0.3081, abs=1e-4)


def test_the_real_cifar10_has_its_published_sizes_and_counts() -> None:
    data = cifar.cifar10(real_data("cifar-10-batches-bin/data_batch_1.bin"), download=False)
    assert data.train_images.shape == (50_000, 3, 32, 32)
    assert data.test_images.shape == (10_000, 3, 32, 32)
    assert np.bincount(data.train_labels).tolist() == [5000] * 10
    assert np.bincount(data.test_labels).tolist() == [1000] * 10
    assert data.class_names[:3] == ["airplane", "automobile", "bird"]
    # The published means of the channels.
    assert data.train_images.mean(axis=(0, 2, 3)) / 255 == pytest.approx([0.4914, 0.4822, 0.4465], abs=1e-4)
