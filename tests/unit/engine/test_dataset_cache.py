"""Prepared data sets: what is stored, when it still holds, and which sentence each failure gives."""

import errno
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import TensorDataset

from dlbench.components.image_data import ImageData
from dlbench.components.records import Dataset
from dlbench.components.syntax import parse_reference
from dlbench.dataset_index import PreparedInfo, is_complete, lookup, prepared_folder
from dlbench.engine.dataset_cache import load, load_for_trial, prepare, store
from dlbench.errors import ContractError, DataError, DataMissingError
from dlbench.plugins.discovery import Plugin
from dlbench.plugins.registry import Entry, Registry
from dlbench.standard.dataset_records import DATASETS
from dlbench.trials.trial import Trial

STANDARD = {record.name: record for record in DATASETS}


def entry_of(record: Dataset, version: str = "1.0") -> Entry[Dataset]:
    return Entry(Plugin("stranger", ModuleType("stranger"), "dlbench-stranger", version), record)


def make_data(**changes: Any) -> ImageData:
    generator = np.random.default_rng(0)
    known: dict[str, Any] = {
        "train_images": generator.integers(0, 256, (6, 2, 4, 5), dtype=np.uint8),
        "train_labels": np.array([0, 1, 2, 0, 1, 2]),
        "test_images": generator.integers(0, 256, (3, 2, 4, 5), dtype=np.uint8),
        "test_labels": np.array([2, 1, 0]),
        "class_names": ["a", "b", "c"],
    }
    return ImageData(**known | changes)


Declare = Callable[..., Entry[Dataset]]


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Declare:
    """Declare a data set whose factory is a function of the test."""
    module = ModuleType("dlbench_stranger")
    monkeypatch.setitem(sys.modules, "dlbench_stranger", module)

    def declared(factory: Callable[..., Any], version: str = "1.0", **fields: Any) -> Entry[Dataset]:
        module.make = factory  # type: ignore[attr-defined]  # a module of the test's own
        return entry_of(Dataset(name="strange", factory="dlbench_stranger:make", **fields), version)

    return declared


def find(entry: Entry[Dataset], data_dir: Path, **parameters: Any) -> PreparedInfo | None:
    return lookup(entry.name, parameters, entry.plugin.version, entry.record, data_dir)


# Round trip


def test_what_was_prepared_is_loaded_bit_for_bit(tmp_path: Path, declare: Declare) -> None:
    data = make_data(validation_images=np.ones((1, 2, 4, 5), np.uint8), validation_labels=np.array([2]))
    info = prepare(declare(lambda root, download: data), {}, tmp_path, download=False)
    loaded = load(info.digest, tmp_path)
    for name in ("train", "test", "validation"):
        for kind in ("images", "labels"):
            stored, given = getattr(loaded, f"{name}_{kind}"), getattr(data, f"{name}_{kind}")
            assert np.array_equal(stored, given)
            assert stored.dtype == given.dtype
    assert info == PreparedInfo(
        digest=info.digest,
        input_shape=(2, 4, 5),
        num_classes=3,
        train_size=6,
        test_size=3,
        validation_size=1,
        class_names=("a", "b", "c"),
        class_sizes=(2, 2, 2),
    )
    assert loaded.class_names == info.class_names
    assert len(info.digest) == 32


def test_images_that_stand_in_two_splits_are_counted(tmp_path: Path, declare: Declare) -> None:
    data = make_data()
    tests = np.concatenate([data.train_images[[4, 1, 4]], data.test_images])
    shared = make_data(
        test_images=tests,
        test_labels=np.array([1, 1, 1, 2, 1, 0]),
        validation_images=data.train_images[2:3],
        validation_labels=np.array([2]),
    )
    info = prepare(declare(lambda root, download: shared), {}, tmp_path, download=False)
    assert info.notes == (
        "3 of 6 test images are also training images",
        "1 of 1 validation images are also training images",
    )
    assert prepare(declare(make_data_of), {}, tmp_path, download=False).notes == ()


def make_data_of(root: Path, download: bool) -> ImageData:
    return make_data()


def test_info_survives_json(tmp_path: Path, declare: Declare) -> None:
    info = prepare(declare(lambda root, download: make_data()), {}, tmp_path, download=False)
    assert PreparedInfo.from_json(json.loads(json.dumps(info.to_json()))) == info


def test_loaded_arrays_become_tensors_and_writing_to_them_leaves_the_file(tmp_path: Path, declare: Declare) -> None:
    info = prepare(declare(lambda root, download: make_data()), {}, tmp_path, download=False)
    images = torch.from_numpy(load(info.digest, tmp_path).train_images)
    images.zero_()
    assert np.array_equal(load(info.digest, tmp_path).train_images, make_data().train_images)


@pytest.mark.parametrize(
    "changes",
    [
        {"test_labels": np.array([2, 1, 1])},
        {
            "train_images": make_data().train_images.astype(np.float32),
            "test_images": np.zeros((3, 2, 4, 5), np.float32),
        },
        {"train_images": make_data().train_images.reshape(6, 4, 2, 5), "test_images": np.zeros((3, 4, 2, 5), np.uint8)},
        {"class_names": ["a", "b", "d"]},
        {"validation_images": make_data().test_images, "validation_labels": make_data().test_labels},
    ],
)
def test_the_digest_tells_other_data_apart(tmp_path: Path, declare: Declare, changes: dict[str, Any]) -> None:
    first = prepare(declare(lambda root, download: make_data()), {}, tmp_path, download=False)
    same = prepare(declare(lambda root, download: make_data()), {}, tmp_path / "elsewhere", download=False)
    other = prepare(declare(lambda root, download: make_data(**changes)), {}, tmp_path, download=False)
    assert first.digest == same.digest != other.digest


def test_the_order_in_memory_does_not_change_the_digest(tmp_path: Path, declare: Declare) -> None:
    strided = np.asfortranarray(make_data().train_images)
    first = prepare(declare(lambda root, download: make_data()), {}, tmp_path / "a", download=False)
    other = prepare(declare(lambda root, download: make_data(train_images=strided)), {}, tmp_path / "b", download=False)
    assert first.digest == other.digest
    assert np.array_equal(load(other.digest, tmp_path / "b").train_images, strided)


def test_the_digits_are_prepared_and_found_again(tmp_path: Path) -> None:
    entry = entry_of(STANDARD["digits"])
    assert find(entry, tmp_path) is None
    info = prepare(entry, {}, tmp_path, download=False)
    assert (info.input_shape, info.num_classes, info.train_size, info.test_size) == ((1, 8, 8), 10, 1437, 360)
    assert find(entry, tmp_path) == info


# When it still holds


def file_reader(root: Path, download: bool) -> ImageData:
    pixel = (root / "own" / "data.bin").read_bytes()[0]
    return make_data(train_images=np.full((6, 2, 4, 5), pixel, np.uint8))


@pytest.fixture
def from_file(tmp_path: Path, declare: Declare) -> Entry[Dataset]:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "data.bin").write_bytes(b"\x07")
    return declare(file_reader, files=("own/*.bin",))


def test_a_file_that_changes_invalidates_what_was_prepared(tmp_path: Path, from_file: Entry[Dataset]) -> None:
    path = tmp_path / "own" / "data.bin"
    first = prepare(from_file, {}, tmp_path, download=False)
    assert find(from_file, tmp_path) == first
    state = path.stat()
    path.write_bytes(b"\x08")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert find(from_file, tmp_path) is None
    second = prepare(from_file, {}, tmp_path, download=False)
    assert second.digest != first.digest
    assert find(from_file, tmp_path) == second


@pytest.mark.parametrize("change", ["added", "removed", "grown"])
def test_other_files_or_sizes_invalidate_too(tmp_path: Path, from_file: Entry[Dataset], change: str) -> None:
    path = tmp_path / "own" / "data.bin"
    prepare(from_file, {}, tmp_path, download=False)
    if change == "added":
        path.with_name("more.bin").write_bytes(b"")
    elif change == "removed":
        path.unlink()
    else:
        state = path.stat()
        path.write_bytes(b"\x07\x07")
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert find(from_file, tmp_path) is None


def test_files_beside_those_declared_do_not_matter(tmp_path: Path, from_file: Entry[Dataset]) -> None:
    info = prepare(from_file, {}, tmp_path, download=False)
    (tmp_path / "own" / "readme.txt").write_text("new")
    (tmp_path / "own" / ".data.bin").write_text("half a download")
    assert find(from_file, tmp_path) == info


def test_a_tree_at_a_path_parameter_is_watched(tmp_path: Path) -> None:
    images = tmp_path / "images"
    for name in ("train/a/1.png", "train/b/1.png", "test/a/1.png"):
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(images / name)
    entry, data_dir = entry_of(STANDARD["image-folder"]), tmp_path / "data"
    parameters = {"path": str(images), "size": None, "channels": 3, "test_fraction": 0.2}
    info = prepare(entry, parameters, data_dir, download=False)
    assert find(entry, data_dir, **parameters) == info
    assert find(entry, data_dir, **parameters | {"channels": 1}) is None
    Image.new("RGB", (4, 4)).save(images / "train/b/2.png")
    assert find(entry, data_dir, **parameters) is None


def test_declared_files_that_are_nowhere_are_never_trusted(tmp_path: Path, declare: Declare) -> None:
    entry = declare(lambda root, download: make_data(), files=("misspelt/*",))
    prepare(entry, {}, tmp_path, download=False)
    assert find(entry, tmp_path) is None


def test_data_without_files_is_trusted_until_the_version_changes(tmp_path: Path, declare: Declare) -> None:
    info = prepare(declare(lambda root, download: make_data()), {}, tmp_path, download=False)
    assert find(declare(make_data), tmp_path) == info
    assert find(declare(make_data, version="1.1"), tmp_path) is None


@pytest.mark.parametrize("damaged", ["meta.json", "train_images.npy", "test_labels.npy"])
@pytest.mark.parametrize("how", ["removed", "emptied"])
def test_a_damaged_prepared_folder_is_not_used_and_is_rebuilt(
    tmp_path: Path, declare: Declare, damaged: str, how: str
) -> None:
    entry = declare(lambda root, download: make_data())
    info = prepare(entry, {}, tmp_path, download=False)
    path = prepared_folder(info.digest, tmp_path) / damaged
    path.unlink() if how == "removed" else path.write_bytes(b"")
    assert find(entry, tmp_path) is None
    with pytest.raises(DataError, match="incomplete"):
        load(info.digest, tmp_path)
    assert prepare(entry, {}, tmp_path, download=False) == info
    assert find(entry, tmp_path) == info


def test_a_damaged_index_is_as_good_as_none(tmp_path: Path, declare: Declare) -> None:
    entry = declare(lambda root, download: make_data())
    prepare(entry, {}, tmp_path, download=False)
    (index,) = (tmp_path / "prepared" / "index").iterdir()
    for content in ("", "[]", "{}", '{"info": {}, "fingerprint": ""}'):
        index.write_text(content)
        assert find(entry, tmp_path) is None


def damaged_copies(path: Path, count: int, random: np.random.Generator) -> Iterator[bytes]:
    """Yield the content of a file with one bit flipped, or its end cut off, at places drawn at random."""
    content = path.read_bytes()
    for place in random.integers(0, 8 * len(content), count):
        byte, bit = divmod(int(place), 8)
        flipped = bytes([content[byte] ^ 1 << bit])
        yield content[:byte] + (flipped + content[byte + 1 :] if random.random() < 0.9 else b"")


def as_arrays(data: ImageData) -> dict[str, Any]:
    return {name: array.tolist() for name, array in vars(data).items() if isinstance(array, np.ndarray)}


@pytest.mark.slow
def test_damage_at_any_place_of_a_prepared_copy_is_noticed(tmp_path: Path, declare: Declare) -> None:
    entry = declare(lambda root, download: make_data())
    info = prepare(entry, {}, tmp_path, download=False)
    known, random = as_arrays(load(info.digest, tmp_path)), np.random.default_rng(0)
    noticed = 0
    for path in sorted(prepared_folder(info.digest, tmp_path).iterdir()):
        whole = path.read_bytes()
        for damaged in damaged_copies(path, 200, random):
            path.write_bytes(damaged)
            try:
                assert as_arrays(load(info.digest, tmp_path)) == known  # spaces of a header may become others
            except DataError:
                noticed += 1
            path.write_bytes(whole)
    assert noticed > 950  # of 1,000
    assert as_arrays(load(info.digest, tmp_path)) == known


def test_damage_at_any_place_of_the_index_is_noticed(tmp_path: Path, declare: Declare) -> None:
    entry = declare(lambda root, download: make_data())
    info = prepare(entry, {}, tmp_path, download=False)
    (index,) = (tmp_path / "prepared" / "index").iterdir()
    for damaged in damaged_copies(index, 200, np.random.default_rng(0)):
        index.write_bytes(damaged)
        assert find(entry, tmp_path) is None
    assert prepare(entry, {}, tmp_path, download=False) == find(entry, tmp_path) == info


def test_a_trial_on_a_damaged_copy_prepares_it_again_and_says_so(
    tmp_path: Path, registry: Registry, make_trial: Callable[..., Trial]
) -> None:
    said: list[str] = []
    info = prepare(registry.get(Dataset, "digits"), {}, tmp_path, download=False)
    trial = replace(make_trial(), dataset_digest=info.digest)
    known = as_arrays(load(info.digest, tmp_path))
    path = prepared_folder(info.digest, tmp_path) / "test_labels.npy"
    labels = np.load(path)
    labels[:60] ^= 1
    np.save(path, labels)
    assert as_arrays(load_for_trial(trial, tmp_path, registry, said.append)) == known
    assert said == [f"The prepared data set {path.parent} is damaged. It has been prepared again"]
    assert [path.name for path in (tmp_path / "prepared").iterdir() if path.name.startswith(".")] == []


def test_a_damaged_copy_whose_source_is_gone_is_refused(
    tmp_path: Path, registry: Registry, make_trial: Callable[..., Trial]
) -> None:
    data_dir = tmp_path / "data"
    arrays = {"x_train": make_data().train_images, "y_train": make_data().train_labels}
    np.savez(tmp_path / "own.npz", **arrays, x_test=make_data().test_images, y_test=make_data().test_labels)
    chosen = registry.select("datasets", parse_reference(f"npz:path={tmp_path / 'own.npz'}"))
    info = prepare(registry.get(Dataset, chosen.name), chosen.parameters, data_dir, download=False)
    path = prepared_folder(info.digest, data_dir) / "train_labels.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    (tmp_path / "own.npz").unlink()
    with pytest.raises(DataError, match=r"is damaged\. It cannot be prepared again: .*there is no file .*own\.npz"):
        load_for_trial(replace(make_trial(), dataset=chosen, dataset_digest=info.digest), data_dir, registry)


def _prepare_digits(data_dir: Path, start: Any, answers: Any) -> None:
    start.wait()
    answers.put(prepare(entry_of(STANDARD["digits"]), {}, data_dir, download=False).digest)


@pytest.mark.slow
def test_processes_that_prepare_the_same_leave_one_whole_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(2), context.Queue()
    workers = [context.Process(target=_prepare_digits, args=(tmp_path, start, answers)) for _ in range(2)]
    for worker in workers:
        worker.start()
    digests = {answers.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(digests) == 1
    assert {path.name for path in (tmp_path / "prepared").iterdir()} == digests | {"index"}
    assert is_complete(prepared_folder(digests.pop(), tmp_path))


def test_who_comes_second_keeps_what_the_first_put_there(
    tmp_path: Path, declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The second writes its arrays while the first renames its own into place.
    entry = declare(lambda root, download: make_data())
    save = np.save
    first: list[PreparedInfo] = []

    def save_late(*arguments: Any) -> None:
        monkeypatch.setattr(np, "save", save)
        first.append(prepare(entry, {}, tmp_path, download=False))
        save(*arguments)

    monkeypatch.setattr(np, "save", save_late)
    second = prepare(entry, {}, tmp_path, download=False)
    assert [second] == first
    assert {path.name for path in (tmp_path / "prepared").iterdir()} == {second.digest, "index"}


# Pairs of torch data sets


class Listed:
    """A map-style data set over a list."""

    def __init__(self, items: list[tuple[Any, Any]], classes: list[str] | None = None) -> None:
        self.items = items
        if classes:
            self.classes = classes

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.items[index]


COLOURS = np.random.default_rng(3).integers(0, 256, (4, 8, 9, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("convert", "dtype"),
    [
        (lambda image: Image.fromarray(image), np.uint8),
        (lambda image: image, np.uint8),
        (lambda image: image.transpose(2, 0, 1), np.uint8),
        (lambda image: torch.from_numpy(image).permute(2, 0, 1), np.uint8),
        (lambda image: torch.from_numpy(image).permute(2, 0, 1).float(), np.float32),
        (lambda image: torch.from_numpy(image).permute(2, 0, 1).double(), np.float32),
        (lambda image: image.astype(np.float64), np.float32),
    ],
    ids=["pillow", "hwc", "chw", "tensor", "float-tensor", "double-tensor", "double-array"],
)
def test_a_pair_of_torch_data_sets_becomes_arrays(
    tmp_path: Path, declare: Declare, convert: Callable[[Any], Any], dtype: type
) -> None:
    train = Listed([(convert(image), label) for label, image in enumerate(COLOURS)], classes=list("wxyz"))
    test = Listed([(convert(COLOURS[3]), torch.tensor(3))])
    info = prepare(declare(lambda root, download: (train, test)), {}, tmp_path, download=False)
    data = load(info.digest, tmp_path)
    assert np.array_equal(data.train_images, COLOURS.transpose(0, 3, 1, 2))
    assert data.train_images.dtype == dtype
    assert data.train_labels.tolist() == [0, 1, 2, 3]
    assert data.test_labels.tolist() == [3]
    assert info.class_names == ("w", "x", "y", "z")


@pytest.mark.parametrize("convert", [Image.fromarray, np.asarray, torch.from_numpy], ids=["pillow", "array", "tensor"])
def test_images_without_channels_have_one(tmp_path: Path, declare: Declare, convert: Callable[[Any], Any]) -> None:
    split = Listed([(convert(COLOURS[0, :, :, 0].copy()), 0), (convert(COLOURS[1, :, :, 0].copy()), 1)])
    info = prepare(declare(lambda root, download: (split, split)), {}, tmp_path, download=False)
    assert info.input_shape == (1, 8, 9)
    assert info.class_names == ("0", "1")
    assert np.array_equal(load(info.digest, tmp_path).train_images[1, 0], COLOURS[1, :, :, 0])


def test_a_tensor_data_set_of_torch_is_taken(tmp_path: Path, declare: Declare) -> None:
    split = TensorDataset(torch.rand(5, 1, 3, 3), torch.arange(5))
    info = prepare(declare(lambda root, download: (split, split), num_classes=7), {}, tmp_path, download=False)
    assert (info.train_size, info.num_classes) == (5, 7)


def test_images_of_two_sizes_are_named(tmp_path: Path, declare: Declare) -> None:
    split = Listed([(COLOURS[0], 0), (COLOURS[1][:5], 1)])
    with pytest.raises(ContractError, match=r"image 1 is uint8 \(3, 5, 9\)"):
        prepare(declare(lambda root, download: (split, split)), {}, tmp_path, download=False)


@pytest.mark.parametrize("answer", [None, [1, 2, 3], (Listed([]), Listed([])), (iter([1]), iter([1]))])
def test_anything_else_is_no_data_set(tmp_path: Path, declare: Declare, answer: Any) -> None:
    with pytest.raises(ContractError, match="strange returned") as caught:
        prepare(declare(lambda root, download: answer), {}, tmp_path, download=False)
    assert "dlbench-stranger 1.0" in caught.value.hint


# The contract


@pytest.mark.parametrize(
    ("changes", "promise"),
    [
        ({"train_images": np.zeros((6, 2, 4, 5))}, "train_images are float64, not uint8 or float32"),
        ({"train_images": [[1]]}, "train_images are a list"),
        ({"test_images": np.zeros((3, 4, 5), np.uint8)}, r"test_images have the shape \(3, 4, 5\), not N×C×H×W"),
        ({"train_images": np.zeros((0, 2, 4, 5), np.uint8)}, "at least one image"),
        ({"train_labels": np.arange(6)}, "train_labels go from 0 to 5, not within 0 to 2"),
        ({"test_labels": np.array([-1, 0, 1])}, "test_labels go from -1 to 1"),
        ({"test_labels": np.array([0, 1, 2], np.int32)}, "test_labels are int32"),
        ({"test_labels": np.array([[0], [1], [2]])}, r"int64 of shape \(3, 1\)"),
        ({"test_labels": np.array([0, 1])}, "test_images and test_labels differ in length: 3 and 2"),
        ({"test_images": np.zeros((3, 2, 4, 6), np.uint8)}, "train_images and test_images differ"),
        ({"test_images": np.zeros((3, 2, 4, 5), np.float32)}, "train_images and test_images differ"),
        ({"train_images": np.full((6, 2, 4, 5), np.nan, np.float32)}, "NaN"),
        ({"validation_images": np.zeros((1, 2, 4, 5), np.uint8)}, "validation_labels are a NoneType"),
        ({"class_names": "abc"}, "class_names must be strings"),
        ({"class_names": [0, 1, 2]}, "class_names must be strings"),
        ({"class_names": []}, "class_names are empty"),
        ({"test_groups": [1, 1, 2]}, "test_groups are list, not int64"),
        ({"test_groups": np.array([1, 2])}, r"test_groups are int64 \(2,\), not int64 \(3,\)"),
        ({"test_groups": np.array([1, 1, 2], np.int32)}, "test_groups are int32"),
        ({"test_groups": np.array([1, 1, 1])}, "test_groups are all one group"),
    ],
)
def test_a_broken_promise_is_named(tmp_path: Path, declare: Declare, changes: dict[str, Any], promise: str) -> None:
    with pytest.raises(ContractError, match=promise) as caught:
        prepare(declare(lambda root, download: make_data(**changes)), {}, tmp_path, download=False)
    assert "dlbench-stranger 1.0" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_groups_of_test_images_are_kept_and_make_another_data_set(tmp_path: Path) -> None:
    plain, grouped = store(make_data(), tmp_path), store(make_data(test_groups=np.array([4, 9, 4])), tmp_path)
    assert grouped.digest != plain.digest
    assert (plain.test_groups, grouped.test_groups) == (0, 2)
    assert load(plain.digest, tmp_path).test_groups is None
    assert np.array_equal(load(grouped.digest, tmp_path).test_groups, [4, 9, 4])
    assert "3 test images in 2 groups of 2×4×5" in grouped.sentence


@pytest.mark.parametrize(
    ("fields", "promise"),
    [
        ({"input_shape": (3, 4, 5)}, r"says input_shape \(3, 4, 5\), its images have \(2, 4, 5\)"),
        ({"num_classes": 4}, "4 classes"),
    ],
)
def test_the_record_has_to_fit_the_data(tmp_path: Path, declare: Declare, fields: dict[str, Any], promise: str) -> None:
    with pytest.raises(ContractError, match=promise):
        prepare(declare(lambda root, download: make_data(), **fields), {}, tmp_path, download=False)


def raising(error: BaseException) -> Callable[..., Any]:
    def factory(root: Path, download: bool) -> Any:
        raise error

    return factory


# Failures


def test_absent_files_say_where_they_belong_and_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError) as caught:
        prepare(entry_of(STANDARD["mnist"]), {}, tmp_path, download=False)
    assert str(tmp_path / "MNIST/raw/train-images-idx3-ubyte") in caught.value.message
    for part in ("No download was tried", "`dlbench data fetch mnist` (12 MB)", str(tmp_path), "yann.lecun.com"):
        assert part in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_a_failed_download_names_the_address_and_the_place_for_the_file(tmp_path: Path, declare: Declare) -> None:
    failing = raising(OSError("tried http://publisher.example/x (no route)"))
    entry = declare(failing, files=("own/x.bin",), homepage="http://publisher.example")
    with pytest.raises(DataError, match=r"could not be downloaded: tried http://publisher\.example/x") as caught:
        prepare(entry, {}, tmp_path, download=True)
    assert "A download failed" in caught.value.hint
    assert f"own/x.bin) below {tmp_path}" in caught.value.hint


def test_a_corrupt_file_is_an_error_about_data(tmp_path: Path) -> None:
    folder = tmp_path / "MNIST/raw"
    folder.mkdir(parents=True)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (folder / f"{name}-ubyte").write_bytes(b"cut")
    with pytest.raises(DataError, match=r"mnist cannot be read: .*train-images-idx3-ubyte is corrupt") as caught:
        prepare(entry_of(STANDARD["mnist"]), {}, tmp_path, download=False)
    assert not isinstance(caught.value, DataMissingError)
    assert "delete it" in caught.value.hint


def test_torchvisions_word_for_absent_files_is_an_error_about_data(tmp_path: Path, declare: Declare) -> None:
    with pytest.raises(DataError, match="strange could not be read: Dataset not found"):
        prepare(declare(raising(RuntimeError("Dataset not found."))), {}, tmp_path, download=False)


def test_any_other_error_is_the_plugins_fault(tmp_path: Path, declare: Declare) -> None:
    with pytest.raises(ContractError, match="raised ZeroDivisionError: no") as caught:
        prepare(declare(raising(ZeroDivisionError("no"))), {}, tmp_path, download=False)
    assert "stranger" in caught.value.hint


def test_an_error_in_code_of_the_users_own_is_for_them_to_correct(tmp_path: Path, declare: Declare) -> None:
    record = declare(raising(ZeroDivisionError("no"))).record
    entry = Entry(Plugin("mine.py", ModuleType("mine.py"), "/home/me/mine.py", "0123"), record)
    with pytest.raises(ContractError) as caught:
        prepare(entry, {}, tmp_path, download=False)
    assert caught.value.hint == "Correct /home/me/mine.py."


def test_a_factory_that_is_nowhere_is_the_plugins_fault(tmp_path: Path) -> None:
    entry = entry_of(Dataset(name="gone", factory="dlbench_nowhere:make"))
    with pytest.raises(ContractError, match="No module named 'dlbench_nowhere'"):
        prepare(entry, {}, tmp_path, download=False)


@pytest.mark.parametrize("below", ["", "data"])
def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("in the way")
    data_dir = tmp_path / "file" / below
    with pytest.raises(DataError, match="cannot be used") as caught:
        prepare(entry_of(STANDARD["digits"]), {}, data_dir, download=False)
    assert str(data_dir) in caught.value.message
    assert "--data-dir or DLBENCH_DATA_DIR" in caught.value.hint


def test_a_disk_that_is_full_is_one_sentence_and_leaves_nothing_half(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")  # only POSIX can limit the size of files
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(DataError, match="cannot be used") as caught:
            prepare(entry_of(STANDARD["digits"]), {}, tmp_path, download=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "--data-dir" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_asks_for_room(tmp_path: Path, declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("dlbench.engine.dataset_cache.write_arrays", fill)
    with pytest.raises(DataError, match=r"cannot be used: .*No space left") as caught:
        prepare(declare(lambda root, download: make_data()), {}, tmp_path, download=False)
    assert caught.value.hint.startswith("Make room there, or choose another")
    assert not list(tmp_path.iterdir())


def test_a_file_that_may_not_be_read_is_named_and_not_the_data_folder(tmp_path: Path, declare: Declare) -> None:
    path = tmp_path / "own.npz"
    path.write_text("there")
    failing = raising(PermissionError(errno.EACCES, "Permission denied", str(path)))
    with pytest.raises(DataError, match=rf"cannot be read: {path}: Permission denied") as caught:
        prepare(declare(failing), {}, tmp_path / "data", download=False)
    assert caught.value.hint == "Check the permissions of the file."


@pytest.mark.parametrize("code", ["EACCES", "ENOSPC", "EROFS"])
def test_a_download_into_a_folder_that_takes_nothing_asks_for_another(
    tmp_path: Path, declare: Declare, code: str
) -> None:
    failing = raising(OSError(getattr(errno, code), "refused", str(tmp_path / "x")))
    with pytest.raises(DataError, match=r"cannot be used: .*refused") as caught:
        prepare(declare(failing, files=("x",)), {}, tmp_path, download=True)
    assert "--data-dir" in caught.value.hint


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shape", "sizes"), [("mnist", (1, 28, 28), (60_000, 10_000)), ("cifar10", (3, 32, 32), (50_000, 10_000))]
)
def test_the_real_data_sets_fit_their_records(
    tmp_path: Path, name: str, shape: tuple[int, ...], sizes: tuple[int, ...]
) -> None:
    root = Path(os.environ.get("DLBENCH_DATA_DIR", "/nonexistent"))
    record = STANDARD[name]
    present = [path for pattern in record.files for path in root.glob(pattern)]
    if not present:
        pytest.skip(f"DLBENCH_DATA_DIR has no {name}")
    for path in present:
        link = tmp_path / path.relative_to(root)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    entry = entry_of(record)
    info = prepare(entry, {}, tmp_path, download=False)
    assert info.input_shape == shape
    assert (info.train_size, info.test_size) == sizes
    assert find(entry, tmp_path) == info
    assert len(load(info.digest, tmp_path).test_labels) == sizes[1]


def test_pieces_of_a_killed_preparation_go_days_later_and_those_of_a_running_one_stay(tmp_path):
    abandoned, running = tmp_path / "prepared" / ".abandoned", tmp_path / "prepared" / ".running"
    for folder in (abandoned, running):
        folder.mkdir(parents=True)
        (folder / "train_images.npy").write_bytes(b"half")
    for path in (abandoned, abandoned / "train_images.npy", running):
        os.utime(path, (0, 0))
    images, labels = np.zeros((4, 1, 2, 2), np.uint8), np.array([0, 1, 0, 1])
    store(ImageData(images, labels, images, labels, ["a", "b"]), tmp_path)
    assert not abandoned.exists()
    assert running.exists()
