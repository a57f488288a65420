from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from dlbench.selection import Selection
from dlbench.settings import Settings
from dlbench.trial import Trial, TrialRecord

MakeRecord = Callable[..., TrialRecord]
MakePlan = Callable[..., dict[str, Any]]


def _trial(activation: str, seed: int, settings: dict[str, Any]) -> Trial:
    return Trial(
        model=Selection("standard/mlp", {"hidden": (128, 64)}),
        activation=Selection(f"standard/{activation}"),
        dataset=Selection("standard/digits"),
        scheduler=Selection("standard/constant"),
        optimizer=Selection("standard/adam"),
        settings=replace(Settings(device="cpu"), **settings),
        seed=seed,
        dataset_digest="abc",
        input_shape=(1, 8, 8),
        num_classes=3,
    )


def _record(
    activation: str = "relu",
    seed: int = 0,
    accuracy: float = 0.9,
    epochs: int = 3,
    settings: dict[str, Any] | None = None,
    **changes: Any,
) -> TrialRecord:
    rows = tuple(
        {
            "epoch": epoch,
            "learning_rate": 0.001,
            "train_loss": 1 / epoch,
            "train_accuracy": accuracy,
            "validation_loss": 1.1 / epoch,
            "validation_accuracy": accuracy * epoch / epochs,
            "seconds": 0.25,
        }
        for epoch in range(1, epochs + 1)
    )
    record = TrialRecord(
        trial=_trial(activation, seed, settings or {}),
        status="done",
        metrics={
            "train_loss": 0.1,
            "train_accuracy": accuracy,
            "validation_loss": 0.3,
            "validation_accuracy": accuracy,
            "test_loss": 0.4 - accuracy / 10,
            "test_accuracy": accuracy - 0.01,
            "best_epoch": epochs,
            "epochs_run": epochs,
        },
        cost={
            "train_seconds": 0.75,
            "images_per_second": 12345.6,
            "parameters": 17000,
            "flops_per_image": 34000,
            "peak_memory_mb": None,
        },
        epochs=rows,
        confusion=((5, 0, 1), (0, 6, 0), (0, 0, 7)),
        class_names=("zero", "one", "two"),
    )
    return replace(record, **changes)


def _plan(
    activations: Sequence[str] = ("relu", "tanh"), seeds: Sequence[int] = (0, 1, 2), **settings: Any
) -> dict[str, Any]:
    variants = [
        {
            "label": name,
            "values": {"activation": name},
            "variant_id": _trial(name, 0, settings).variant_id,
        }
        for name in activations
    ]
    return {
        "axes": {"activation": list(activations)},
        "fixed": {"dataset": "standard/digits", "model": "standard/mlp", "epochs": "10"},
        "variants": variants,
        "seeds": list(seeds),
        "baseline": activations[0],
    }


@pytest.fixture
def make_record() -> MakeRecord:
    return _record


@pytest.fixture
def make_plan() -> MakePlan:
    return _plan


@pytest.fixture
def surroundings() -> dict[str, Any]:
    return {
        "versions": {"dlbench": "0.1.0", "torch": "2.9.0", "torchvision": "0.24.0", "numpy": "2.4", "python": "3.11"},
        "plugins": {"foundations": "0.1.0"},
        "hardware": {"cpu": "A CPU", "cores": 2, "gpu": None},
        "git_commit": None,
    }
