"""The user's own arrays: every usual form is read to the same pixels and labels, or refused with what to type."""

import contextlib
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlbench.components.syntax import parse_reference
from dlbench.plugins.registry import Registry
from dlbench.standard import limits
from dlbench.standard.npz import npz


def write_npz(folder: Path, **changes: Any) -> str:
    arrays: dict[str, Any] = {
        "train_images": np.arange(6 * 2 * 4 * 5, dtype=np.uint8).reshape(6, 2, 4, 5),
        "train_labels": np.array([0, 1, 2, 0, 1, 2], np.int32),
        "test_images": np.zeros((2, 2, 4, 5), np.uint8),
        "test_labels": np.array([2, 0], np.int32),
    } | changes
    path = folder / "own.npz"
    np.savez(path, **{key: array for key, array in arrays.items() if array is not None})
    return str(path)


def test_npz_arrays_come_back_with_labels_as_int64(tmp_path: Path) -> None:
    path = write_npz(tmp_path, validation_images=np.full((1, 2, 4, 5), 100, np.uint8), validation_labels=np.array([1]))
    data = npz(Path(), False, path)
    assert np.array_equal(data.train_images, np.load(path)["train_images"])
    assert data.train_labels.dtype == np.int64
    assert data.validation_labels is not None
    assert data.validation_labels.tolist() == [1]
    assert data.class_names == ["0", "1", "2"]


def test_npz_takes_class_names(tmp_path: Path) -> None:
    assert npz(Path(), False, write_npz(tmp_path, class_names=["a", "b", "c", "d"])).class_names == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="2 names, and labels go up to 2"):
        npz(Path(), False, write_npz(tmp_path, class_names=["a", "b"]))


@pytest.mark.parametrize("groups", [["ann", "bob"], [7, 3], [[2], [1]]])
@pytest.mark.parametrize("name", ["test_groups", "groups_test", "test_group"])
def test_npz_takes_the_groups_of_test_images(tmp_path: Path, name: str, groups: Any) -> None:
    data = npz(Path(), False, write_npz(tmp_path, **{name: np.array(groups)}))
    assert data.test_groups is not None
    assert (data.test_groups.dtype, len(set(data.test_groups.tolist()))) == (np.int64, 2)
    assert data.notes == []


def test_npz_refuses_groups_that_are_not_those_of_its_test_images(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a whole number or a text for each of 2 test images"):
        npz(Path(), False, write_npz(tmp_path, test_groups=np.array([1, 2, 3])))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((8, 9), (1, 8, 9)),
        ((8, 9, 3), (3, 8, 9)),
        ((8, 9, 1), (1, 8, 9)),
        ((3, 8, 9), (3, 8, 9)),
    ],
)
def test_npz_images_are_brought_to_channels_first(
    tmp_path: Path, shape: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    images = np.random.default_rng(0).random((6, *shape))
    data = npz(Path(), False, write_npz(tmp_path, train_images=images, test_images=images[:2]))
    assert data.train_images.shape == (6, *expected)
    assert data.train_images.dtype == np.float32
    if shape == (8, 9, 3):
        assert np.array_equal(data.train_images[4, 2], images[4, :, :, 2].astype(np.float32))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"test_labels": None},
            "has test_images but no test_labels; its arrays are test_images, train_images, train_labels",
        ),
        ({"train_labels": np.array([0, 1])}, "6 train_images, but 2 train_labels"),
        ({"train_labels": np.array([0, 1, 2, 0, 1, -1])}, "go down to -1"),
        ({"train_images": np.zeros((6, 40), np.uint8)}, r"shape \(6, 40\)"),
        ({"train_images": np.array([object()] * 6)}, "allow_pickle"),
        ({"validation_images": np.zeros((1, 2, 4, 5), np.uint8)}, "validation_images but no validation_labels"),
    ],
)
def test_npz_says_what_is_wrong_with_an_array(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = write_npz(tmp_path, **changes)
    with pytest.raises(ValueError, match=message) as caught:
        npz(Path(), False, path)
    assert path in str(caught.value)


@pytest.mark.parametrize("keep", [0, 10, 600, -1])
def test_a_truncated_npz_is_named_with_its_size(tmp_path: Path, keep: int) -> None:
    path = Path(write_npz(tmp_path))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=f"{path.stat().st_size:,} bytes"):
        npz(Path(), False, str(path))


def test_an_absent_npz_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz"):
        npz(Path(), False, str(tmp_path / "nowhere.npz"))


# Names


KERAS = ("x_train", "y_train", "x_test", "y_test")


@pytest.mark.parametrize(
    "names",
    [
        KERAS,
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("trainX", "trainY", "testX", "testY"),
        ("train_data", "train_targets", "test_data", "test_targets"),
        ("train_set_x", "train_set_y", "test_set_x", "test_set_y"),
        ("images_train", "labels_train", "images_test", "labels_test"),
    ],
)
def test_arrays_are_found_by_the_names_that_people_give_them(tmp_path: Path, names: tuple[str, ...]) -> None:
    known = npz(Path(), False, write_npz(tmp_path))
    arrays = dict(np.load(tmp_path / "own.npz"))
    np.savez(tmp_path / "theirs.npz", **dict(zip(names, arrays.values(), strict=True)))
    data = npz(Path(), False, str(tmp_path / "theirs.npz"))
    assert np.array_equal(data.train_images, known.train_images)
    assert np.array_equal(data.test_labels, known.test_labels)


def test_medmnist_brings_its_own_validation_split(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for split, count in {"train": 9, "val": 4, "test": 5}.items():
        arrays[f"{split}_images"] = random.integers(0, 256, (count, 28, 28, 3), np.uint8)
        arrays[f"{split}_labels"] = (np.arange(count) % 3).astype(np.uint8)[:, None]
    np.savez(tmp_path / "blood.npz", **arrays)
    data = npz(Path(), False, str(tmp_path / "blood.npz"))
    assert data.validation_images is not None
    assert data.validation_labels is not None
    assert np.array_equal(data.validation_images.transpose(0, 2, 3, 1), arrays["val_images"])
    assert data.validation_labels.tolist() == [0, 1, 2, 0]


def repaired(path: str, folder: Path) -> Any:
    """Run the line of the sentence that refuses a file, and read what it wrote."""
    with pytest.raises(ValueError, match="In Python: ") as caught:
        npz(Path(), False, path)
    line = str(caught.value).partition("In Python: ")[2]
    with contextlib.chdir(folder):
        exec(line, {})
    return npz(Path(), False, str(folder / "own-fixed.npz"))


@pytest.mark.parametrize("with_validation", [True, False])
def test_a_file_without_test_images_gets_the_line_that_makes_some(tmp_path: Path, with_validation: bool) -> None:
    random = np.random.default_rng(0)
    arrays = {"x_train": random.integers(0, 256, (50, 8, 8), np.uint8), "y_train": np.arange(50) % 5}
    if with_validation:
        arrays |= {"x_val": arrays["x_train"][:9] // 2, "y_val": arrays["y_train"][:9]}
    np.savez(tmp_path / "own.npz", **arrays)
    data = repaired(str(tmp_path / "own.npz"), tmp_path)
    assert (len(data.train_labels), len(data.test_labels)) == ((50, 9) if with_validation else (40, 10))


def test_images_along_the_last_axis_are_turned_by_the_line_in_the_sentence(tmp_path: Path) -> None:
    """As MATLAB keeps them, and SVHN with it: height, width, channels, images."""
    images = np.random.default_rng(0).integers(0, 256, (8, 8, 3, 50), np.uint8)
    path = tmp_path / "own.npz"
    np.savez(path, X_train=images, y_train=np.arange(50) % 5, X_test=images[..., :10], y_test=np.arange(10) % 5)
    data = repaired(str(path), tmp_path)
    assert np.array_equal(data.train_images, images.transpose(3, 2, 0, 1))
    assert np.array_equal(data.test_images, images[..., :10].transpose(3, 2, 0, 1))


# What is wrong


WHITE = np.zeros((6, 8, 8), np.uint16) + np.arange(6, dtype=np.uint16)[:, None, None] * 800


@pytest.mark.parametrize(
    "changes",
    [
        {"train_images": WHITE, "test_images": WHITE},
        {"train_images": WHITE.astype(np.int32) - 999, "test_images": WHITE.astype(np.int32)},
        {"train_images": WHITE.astype(np.float32), "test_images": WHITE.astype(np.float32)},
        {"train_images": WHITE.astype(float) - 999, "test_images": WHITE.astype(float) - 999},
        {"train_images": WHITE.transpose(1, 2, 0) // 16, "test_images": WHITE.transpose(1, 2, 0) // 16},
        {"train_images": np.full((6, 8, 8), np.nan), "test_images": np.ones((6, 8, 8))},
        {"train_images": np.full((6, 8, 8), 1e300), "test_images": np.ones((6, 8, 8))},
        {"train_images": WHITE[:, :, :7] // 16, "test_images": WHITE[:, :6] // 16},
        {"train_images": (WHITE // 16).astype(np.uint8), "test_images": WHITE[:6] / 4000},
        {"train_images": (WHITE // 16).reshape(6, -1), "test_images": WHITE // 16},
        {"train_images": WHITE // 16 > 100, "test_images": (WHITE // 16 > 100).astype(np.uint8)},
        {"train_images": (WHITE > 0).astype(int), "test_images": (WHITE > 0).astype(int)},
        {"train_images": WHITE / 2000 - 1, "test_images": WHITE / 4000},
        {"train_labels": np.array([0, 1, 2, 0, 1, -1])},
        {"train_labels": np.array([[0.9, 0.1, 0], [0, 0.2, 0.8], [0.1, 0.7, 0.2]] * 2)},
        {"train_images": np.array([*(WHITE // 16).astype(np.uint8), None], object)[:6]},
        {"train_labels": np.array([0, 1, 2, 0, 1, None], object)[[0, 1, 2, 0, 1, 2]]},
        {"train_labels": np.array([(0, 1), (1, 2), (2, 3)] * 2, [("class", "i4"), ("id", "i4")])},
        {"x_test": np.zeros((6, 8, 8), np.uint8)},
        {"test_images": WHITE[:0] // 16, "test_labels": np.zeros(0, int)},
        {"validation_images": WHITE[:0] // 16, "validation_labels": np.zeros(0, int)},
        {"train_labels": np.arange(4) % 3},
        {"test_images": WHITE[:5] // 16},
        {"train_labels": np.array([0, 1, 2] * 2), "test_labels": np.array([1, 2, 3] * 2)},
        {"train_labels": np.array(["cat", "dog"] * 3), "test_labels": np.array(["cat ", "dog"] * 3)},
    ],
    ids=str,
)
def test_the_line_in_the_sentence_repairs_the_file(tmp_path: Path, changes: dict[str, Any]) -> None:
    known = {"train_images": WHITE // 16, "train_labels": np.arange(6) % 3}
    known |= {"test_images": WHITE // 16, "test_labels": np.arange(6) % 3}
    data = repaired(write_npz(tmp_path, **known | changes), tmp_path)
    assert len(data.train_images) == len(data.train_labels)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train_labels": np.zeros(6, int)}, "every label of train_labels is 0"),
        ({"train_labels": np.array([0.5, 1, 2, 0, 1, 2])}, "fractions or NaN"),
        ({"train_labels": np.array([0, 1, 2, 0, 1, 2]) * 1j}, "complex"),
        ({"train_labels": np.array([[1, 1, 0], [0, 0, 1]] * 3)}, "row 0 has several labels: one class an image is"),
        ({"test_labels": np.array([0, 7])}, "the label 7, which no training image has"),
        ({"train_labels": np.array(list("abcabc"))}, "texts in one and numbers in another"),
        ({"train_images": np.zeros((6, 2, 4, 5), complex)}, "complex"),
        ({"train_images": np.zeros((0, 4, 5)), "train_labels": np.zeros(0, int)}, "no images"),
        ({"train_labels": np.zeros(0, int)}, "each image needs its label"),
        ({"train_images": np.ones((6, 3, 8, 3)), "test_images": np.ones((2, 3, 8, 3))}, "layout=nhwc"),
        ({"class_names": np.array(["a", object()], object)}, "allow_pickle"),
    ],
)
def test_what_only_the_user_knows_is_asked(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        npz(Path(), False, write_npz(tmp_path, **changes))


def test_byte_labels_that_are_not_utf_8_are_shown_as_escapes(tmp_path: Path) -> None:
    labels = np.array([b"cat", b"d\xf6g"] * 3)
    data = npz(Path(), False, write_npz(tmp_path, train_labels=labels, test_labels=labels[:2]))
    assert list(data.class_names) == ["cat", "d\\xf6g"]


@pytest.mark.parametrize(("layout", "shape"), [("nhwc", (3, 3, 8)), ("nchw", (3, 8, 3))])
def test_the_user_may_say_where_the_channels_are(tmp_path: Path, layout: str, shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).random((6, 3, 8, 3), np.float32)
    path = write_npz(tmp_path, train_images=images, test_images=images[:2])
    data = npz(Path(), False, path, layout)
    assert data.train_images.shape[1:] == shape
    assert np.array_equal(data.train_images, images.transpose(0, 3, 1, 2) if layout == "nhwc" else images)


def test_a_layout_left_to_the_file_is_no_part_of_the_identity() -> None:
    plain, automatic, given = (
        Registry.load().select("datasets", parse_reference(f"npz:path=a.npz{layout}"))
        for layout in ("", ":layout=auto", ":layout=nhwc")
    )
    assert plain.identity == automatic.identity == ["standard/npz", {"path": "a.npz"}]
    assert given.identity == ["standard/npz", {"path": "a.npz", "layout": "nhwc"}]


# Bombs


def write_member(path: Path, header: bytes, content: bytes = b"") -> str:
    """Write train_images with a header of one's own beside whole arrays."""
    write_npz(path.parent)
    arrays = dict(np.load(path.parent / "own.npz"))
    np.savez(path, **{name: array for name, array in arrays.items() if name != "train_images"})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train_images.npy", header + content)
    return str(path)


def header(shape: str, descr: str = "|u1") -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def test_arrays_larger_than_the_memory_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "free_memory", lambda: 10_000_000)
    path = write_member(tmp_path / "bomb.npz", header("(10, 1000, 1000)"), bytes(10_000_000))
    assert Path(path).stat().st_size < 20_000
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"^\S*bomb.npz needs 0.0 GB of memory, and 0.0 GB are free"):
        npz(Path(), False, path)
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (header("(1000000, 1000000, 1000000)"), "should take 1,000,000,000,000,000,000 bytes"),
        (header("(6, 2, 4, -5)"), "."),
        (b"\x93NUMPY\x02\x00" + (2**31).to_bytes(4, "little"), "does not begin as an array does"),
        (b"\x93NUMPY\x09\x00" + bytes(60), "."),
        (header("()" * 5000), "."),
        (b"", "does not begin as an array does"),
    ],
)
def test_headers_that_lie_are_refused(tmp_path: Path, start: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        npz(Path(), False, write_member(tmp_path / "odd.npz", start))
    assert "odd.npz is not a readable .npz archive" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x80\x04\x95", "is a pickle"),
        (b"\x89HDF\r\n", "an HDF5 file"),
        (b"\x1f\x8b\x08", "a gzip file"),
        (b"\x93NUMPY\x01\x00", "a single array"),
    ],
)
def test_files_of_another_kind_are_named(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "own.npz").write_bytes(content)
    with pytest.raises(ValueError, match=f"{words}(.|\n)*np.savez"):
        npz(Path(), False, str(tmp_path / "own.npz"))
