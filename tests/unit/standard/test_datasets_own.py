"""The records, the embedded digits, and synthetic images."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlbench.components.records import Dataset
from dlbench.standard.dataset_records import DATASETS
from dlbench.standard.datasets import digits, synthetic

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
