"""Tests that need a GPU: recorded steps train like single ones, nothing waits within an epoch, trials resume."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from dlbench.components.image_data import ImageData
from dlbench.engine.artifacts import SharedFile
from dlbench.engine.checkpoint import Checkpoints, Interrupted
from dlbench.engine.cuda_graphs import GraphedStep
from dlbench.engine.process_settings import apply_process_settings
from dlbench.engine.randomness import borrowed_generators
from dlbench.engine.run_trial import run_trial
from dlbench.engine.setup import build_setup, layout
from dlbench.engine.training import train_epoch, train_step
from dlbench.errors import DlbenchError
from dlbench.plans.build import build
from dlbench.plans.plan import Request

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA GPU")

STEPS = 6  # and a smaller one


class Convolutions(nn.Sequential):
    """A convolutional network with batch norm, pooling and dropout."""

    def __init__(self):
        super().__init__(
            *(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(4)),
            *(nn.Flatten(), nn.Dropout(0.1), nn.Linear(512, 10)),
        )


@pytest.fixture(scope="module")
def images():
    """Ten classes of 16×16 color images, each class with its own bright row."""
    random = np.random.default_rng(0)

    def part(count):
        labels = random.integers(0, 10, count)
        pixels = random.integers(0, 120, (count, 3, 16, 16))
        pixels[np.arange(count), :, labels] += 100
        return pixels.astype(np.uint8), labels.astype(np.int64)

    return ImageData(*part(500), *part(100), tuple("abcdefghij"))


@pytest.fixture
def make_trial(registry):
    def make(seed=0, **texts):
        values = {"model": "mlp:dropout=0.2", "epochs": "3", "batch_size": "64", "device": "cuda"}
        values |= {"augment": "crop:padding=2,flip,cutout:size=4", "learning_rate": "0.001", **texts}
        request = Request(values={name: (text,) for name, text in values.items()}, seeds=1)
        trial = build(request, registry).variants[0].trial
        return replace(trial, seed=seed, input_shape=(3, 16, 16), num_classes=10, dataset_digest="made")

    return make


@pytest.fixture
def make_setup(registry, make_trial, images):
    def make(model=Convolutions, **texts):
        trial = make_trial(**texts)
        apply_process_settings(trial.settings)
        with borrowed_generators(trial.seed, "initialisation"):
            network = model().cuda().to(memory_format=layout(trial.settings))
            return build_setup(trial, images, network, registry)

    return make


def _epochs(setup, count=3):
    with borrowed_generators(0, "dropout"):
        results = [train_epoch(setup) for _ in range(count)]
    return [loss for _, _, steps in results for loss in steps], [p.detach().clone() for p in setup.model.parameters()]


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {"optimizer": "sgd:momentum=0.9:nesterov=true", "scheduler": "linear-to-zero"},
        {"optimizer": "adamw:weight_decay=0.1", "scheduler": "one-cycle", "gradient_clip": "0.5"},
        {"optimizer": "rmsprop", "scheduler": "exponential:gamma=0.5"},
        {"precision": "bfloat16"},
        {"matmul_precision": "high"},
        {"channels_last": "false", "loss": "mse"},
    ],
    ids=str,
)
def test_recorded_steps_train_as_single_steps_do(make_setup, texts):
    single, weights = _epochs(make_setup(**texts))
    setup = make_setup(**texts, cuda_graphs="true")
    assert isinstance(setup.step, GraphedStep)
    recorded, recorded_weights = _epochs(setup)
    tolerance = 0.05 if "bfloat16" in texts.values() or "matmul_precision" in texts else 2e-3
    assert recorded == pytest.approx(single, rel=tolerance)
    assert np.mean(recorded[-STEPS:]) < np.mean(recorded[:STEPS])
    assert all(torch.isfinite(weight).all() for weight in recorded_weights)
    assert all(a.shape == b.shape for a, b in zip(weights, recorded_weights, strict=True))


class Dropped(nn.Module):
    """A linear network that stores the output of dropout on ones, step by step."""

    def __init__(self):
        super().__init__()
        self.linear, self.dropout = nn.Linear(3 * 16 * 16, 10), nn.Dropout(0.5)
        self.register_buffer("left", torch.zeros(64))

    def forward(self, images):
        self.left.copy_(self.dropout(torch.ones_like(self.left)))
        return self.linear(images.flatten(1))


def test_dropout_differs_between_replays_and_is_the_same_in_each_run(make_setup):
    def seen():
        setup = make_setup(Dropped, cuda_graphs="true", augment="none")
        with borrowed_generators(0, "dropout"):
            masks = [(setup.step(setup, batch), setup.model.left.clone())[1] for batch in _batches(setup)]
        torch.cuda.synchronize()  # the recording must exist until its replays have finished
        return masks

    first = seen()
    assert len({tuple(mask.tolist()) for mask in first}) == len(first) == STEPS
    for mask, other in zip(first, seen(), strict=True):
        assert torch.equal(mask, other)


@pytest.mark.parametrize("graphs", ["false", "true"])
def test_nothing_waits_for_the_device_within_an_epoch(make_setup, graphs):
    setup = make_setup(cuda_graphs=graphs, scheduler="linear-to-zero")
    train_epoch(setup)  # kernels are chosen, and the step is recorded
    batches = _batches(setup)
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for batch in batches:
            setup.step(setup, batch)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("graphs", ["false", "true"])
def test_an_interrupted_trial_resumes_to_the_last_bit(registry, make_trial, images, tmp_path, graphs):
    trial = make_trial(cuda_graphs=graphs, scheduler="one-cycle", deterministic="true")

    def losses(after=None):
        asked = iter(range(10_000))

        class Stop(threading.Event):
            def is_set(self):
                return after is not None and next(asked) >= after

        checkpoints = Checkpoints(SharedFile(tmp_path / "trial.pt"), {}, 3600.0, Stop())
        record = run_trial(trial, images, registry, keep_steps=True, checkpoints=checkpoints)
        return record.steps, record.metrics["test_loss"]

    undisturbed = losses()
    with pytest.raises(Interrupted):
        losses(after=9)
    assert losses() == undisturbed


def test_an_optimizer_that_cannot_be_recorded_trains_step_by_step(make_setup):
    assert make_setup(optimizer="adagrad", cuda_graphs="true").step is train_step


class Reading(nn.Module):
    """A linear network that reads a number back from the device in its forward pass, which cannot be recorded."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3 * 16 * 16, 10)

    def forward(self, images):
        return self.linear(images.flatten(1)) * (1.0 if images.mean().item() > -1 else 0.0)


def test_a_network_that_cannot_be_recorded_is_reported_and_affects_no_other(make_setup):
    setup = make_setup(Reading, cuda_graphs="true")
    with borrowed_generators(0, "dropout"), pytest.raises(DlbenchError, match="cannot be recorded as a CUDA graph"):
        train_epoch(setup)
    losses, _ = _epochs(make_setup(cuda_graphs="true"))
    assert np.mean(losses[-STEPS:]) < np.mean(losses[:STEPS])


def _batches(setup):
    return [
        b
        for b in setup.train_feed.shuffled(setup.batch_size, setup.order, setup.augmentation)
        if len(b) == setup.batch_size
    ]
