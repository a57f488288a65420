"""Trainings on real data; skipped where DLBENCH_DATA_DIR lacks it."""

import csv

import pytest

pytestmark = pytest.mark.slow


def _accuracies(folder):
    with (folder / "trials.csv").open(newline="") as file:
        return [float(row["test_accuracy"]) for row in csv.DictReader(file)]


def test_mlp_reaches_97_percent_on_mnist(compare, real_data_dir, tmp_path):
    arguments = ("--dataset", "mnist", "--model", "mlp", "--epochs", "5", "--seeds", "3")
    found = _accuracies(tmp_path / compare(*arguments, data=real_data_dir)["path"])
    assert min(found) >= 0.965
    assert sum(found) / 3 >= 0.97


def test_activations_on_mnist(compare, real_data_dir, tmp_path):
    arguments = ("--activation", "relu,tanh,sigmoid", "--dataset", "mnist", "--epochs", "2", "--seeds", "2")
    found = _accuracies(tmp_path / compare(*arguments, data=real_data_dir)["path"])
    assert len(found) == 6
    assert min(found) > 0.85


def test_resnet18_learns_on_cifar10(compare, real_data_dir, tmp_path):
    arguments = ("--model", "torchvision/resnet18", "--dataset", "cifar10", "--train-size", "5000", "--epochs", "1")
    (found,) = _accuracies(tmp_path / compare(*arguments, "--seeds", "1", data=real_data_dir)["path"])
    assert found > 0.2
