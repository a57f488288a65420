"""The records, the embedded digits, synthetic images, and the user's own image folders."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dlbench.components.records import Dataset
from dlbench.standard.dataset_records import DATASETS
from dlbench.standard.datasets import digits, synthetic
from dlbench.standard.image_folder import image_folder

# Records


def test_the_promised_data_sets_are_declared() -> None:
    assert [record.name for record in DATASETS] == [
        *("digits", "mnist", "fashion-mnist", "kmnist", "cifar10", "cifar100", "svhn"),
        *("image-folder", "npz", "synthetic"),
    ]


def test_reading_the_records_imports_nothing_heavy() -> None:
    code = (
        "import sys, dlbench.standard.dataset_records\n"
        "print(*{'torch', 'torchvision', 'numpy', 'scipy', 'PIL', 'sklearn'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("record", DATASETS, ids=lambda record: record.name)
def test_every_factory_takes_the_declared_parameters(record: Dataset) -> None:
    import inspect
    from pkgutil import resolve_name

    names = list(inspect.signature(resolve_name(record.factory)).parameters)
    assert names[:2] == ["root", "download"]
    assert set(names[2:]) == set(record.parameters)


# Digits


def test_digits_are_scikit_learns_scaled_to_one_with_the_last_360_for_testing(tmp_path: Path) -> None:
    from sklearn.datasets import load_digits

    known = load_digits()
    data = digits(tmp_path, download=False)
    images = np.concatenate([data.train_images, data.test_images])
    assert np.array_equal(images[:, 0] * 16, known.images)
    assert np.array_equal(np.concatenate([data.train_labels, data.test_labels]), known.target)
    assert len(data.test_images) == len(data.test_labels) == 360
    assert (images.dtype, images.shape, images.max()) == (np.float32, (1797, 1, 8, 8), 1.0)


def test_digits_do_not_import_sklearn() -> None:
    code = (
        "import sys, pathlib\n"
        "from dlbench.standard.datasets import digits\n"
        "digits(pathlib.Path(), False)\n"
        "print('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_digits_fall_back_on_sklearn_where_its_file_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digits(tmp_path, download=False)
    monkeypatch.setattr("dlbench.standard.datasets.find_spec", lambda name: None)
    after = digits(tmp_path, download=False)
    assert np.array_equal(before.train_images, after.train_images)
    assert np.array_equal(before.test_labels, after.test_labels)


# Synthetic


def make_synthetic(**changes: Any) -> Any:
    known = {"shape": (3, 9, 10), "classes": 5, "train_size": 200, "test_size": 100, "noise": 0.5, "seed": 0}
    return synthetic(Path(), False, **known | changes)


def nearest_mean_accuracy(data: Any) -> float:
    flat = data.train_images.reshape(len(data.train_images), -1).astype(float)
    means = np.stack([flat[data.train_labels == label].mean(axis=0) for label in range(len(data.class_names))])
    tests = data.test_images.reshape(len(data.test_images), 1, -1)
    return float((((tests - means) ** 2).sum(axis=2).argmin(axis=1) == data.test_labels).mean())


def test_synthetic_images_have_the_shape_asked_for_and_balanced_classes() -> None:
    data = make_synthetic(classes=7, train_size=3000)
    assert data.train_images.shape == (3000, 3, 9, 10)
    assert data.train_images.dtype == np.uint8
    counts = np.bincount(data.train_labels, minlength=7)
    assert counts.max() - counts.min() <= 1


def test_synthetic_images_can_be_learned_unless_they_are_all_noise() -> None:
    assert nearest_mean_accuracy(make_synthetic()) > 0.95
    assert nearest_mean_accuracy(make_synthetic(noise=1.0, test_size=1000)) == pytest.approx(0.2, abs=0.06)


def test_without_noise_a_class_is_one_image() -> None:
    data = make_synthetic(noise=0.0)
    assert len(np.unique(data.train_images.reshape(200, -1), axis=0)) == 5


def test_the_seed_decides_synthetic_images_and_the_test_size_not_the_training_set() -> None:
    first, same, other = make_synthetic(), make_synthetic(test_size=7), make_synthetic(seed=1)
    assert np.array_equal(first.train_images, same.train_images)
    assert not np.array_equal(first.train_images, other.train_images)
    assert not np.array_equal(first.train_images[:100], first.test_images)


def test_a_synthetic_shape_needs_three_numbers() -> None:
    with pytest.raises(ValueError, match=r"3-32-32.*found 2 numbers"):
        make_synthetic(shape=(8, 8))


# Image folders


def write_images(folder: Path, colours: dict[str, tuple[int, int, int]], size: tuple[int, int] = (6, 4)) -> Path:
    for name, colour in colours.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, colour).save(path)
    return folder


def read_folder(path: Path, **changes: Any) -> Any:
    known: dict[str, Any] = {"size": None, "channels": 3, "test_fraction": 0.2}
    return image_folder(Path(), False, str(path), **known | changes)


RED, GREEN = (255, 0, 0), (0, 255, 0)
SPLIT = {"train/b/1.png": GREEN, "train/a/1.png": RED, "train/a/2.PNG": RED, "test/b/3.png": GREEN}


def test_folders_are_classes_in_the_order_of_their_names(tmp_path: Path) -> None:
    data = read_folder(write_images(tmp_path, SPLIT))
    assert data.class_names == ["a", "b"]
    assert data.train_labels.tolist() == [0, 0, 1]
    assert data.train_images.shape == (3, 3, 4, 6)
    assert data.train_images[0, :, 0, 0].tolist() == [255, 0, 0]
    assert data.test_labels.tolist() == [1]
    assert data.test_images[0, :, 3, 5].tolist() == [0, 255, 0]
    assert data.validation_images is None


@pytest.mark.parametrize("name", ["val", "validation"])
def test_a_validation_folder_becomes_the_data_sets_own_split(tmp_path: Path, name: str) -> None:
    data = read_folder(write_images(tmp_path, SPLIT | {f"{name}/b/1.png": GREEN}))
    assert data.validation_labels.tolist() == [1]


def test_grey_is_one_channel(tmp_path: Path) -> None:
    data = read_folder(write_images(tmp_path, SPLIT), channels=1)
    assert data.train_images.shape == (3, 1, 4, 6)
    assert data.train_images[0, 0, 0, 0] == Image.new("RGB", (1, 1), RED).convert("L").getpixel((0, 0))


def test_images_of_several_sizes_ask_for_a_size_and_take_it(tmp_path: Path) -> None:
    write_images(tmp_path, SPLIT)
    write_images(tmp_path, {"train/b/4.png": GREEN}, size=(9, 9))
    with pytest.raises(ValueError, match=r"4.png has 9×9 pixels, others 6×4. Give one size for all: size=4"):
        read_folder(tmp_path)
    assert read_folder(tmp_path, size=8).train_images.shape == (4, 3, 8, 8)


def test_without_train_and_test_the_names_decide_the_split_and_new_files_move_none(tmp_path: Path) -> None:
    names = [f"{label}/{index}.png" for label in "ab" for index in range(100)]
    few = read_folder(write_images(tmp_path, dict.fromkeys(names, RED)))
    assert 20 <= len(few.test_labels) <= 60  # of 200 at 0.2
    more = read_folder(write_images(tmp_path, {f"b/{index}.png": GREEN for index in range(100, 150)}))
    green = (more.test_images[:, 1, 0, 0] == 255).sum()
    assert len(more.test_labels) - green == len(few.test_labels)
    assert len(more.train_labels) + len(more.test_labels) == 250
    half = read_folder(tmp_path, test_fraction=0.5)
    assert len(half.test_labels) > len(more.test_labels)


def test_names_that_are_no_utf_8_are_read_too(tmp_path: Path) -> None:
    odd = os.fsdecode(b"\xff")
    names = [f"{label}/{odd}{index}.png" for label in ("a", f"b{odd}") for index in range(20)]
    data = read_folder(write_images(tmp_path, dict.fromkeys(names, RED)))
    assert len(data.train_labels) + len(data.test_labels) == 40
    assert data.class_names == ["a", r"b\xff"]


def test_a_folder_with_train_alone_names_the_absent_test(tmp_path: Path) -> None:
    folder = write_images(tmp_path, {"train/a/1.png": RED})
    with pytest.raises(FileNotFoundError) as caught:
        read_folder(folder)
    assert str(folder / "test") in str(caught.value)


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    write_images(tmp_path, {f"{name}/{i}.png": RED for name in ("bus", "train") for i in range(20)})
    assert read_folder(tmp_path).class_names == ["bus", "train"]


def test_a_test_class_that_training_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="test/c is a class that the training images do not have"):
        read_folder(write_images(tmp_path, SPLIT | {"test/c/1.png": RED}))


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize("keep", [0, 4, 600])
def test_a_truncated_image_is_named_with_its_size(tmp_path: Path, suffix: str, keep: int) -> None:
    path = write_images(tmp_path, SPLIT) / f"train/b/2.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=f"image .{keep} bytes") as caught:
        read_folder(tmp_path, size=4)
    assert str(path) in str(caught.value)


def test_an_absent_or_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"no images for train \(0 class folders"):
        read_folder(tmp_path)


def test_two_channels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="channels=2"):
        read_folder(write_images(tmp_path, SPLIT), channels=2)
