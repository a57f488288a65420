from dataclasses import replace

import numpy as np
import pytest

from dlbench.components.image_data import ImageData
from dlbench.engine.dataset_cache import store
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.plugins.registry import Registry


@pytest.fixture(scope="session")
def registry():
    return Registry.load()


@pytest.fixture(scope="session")
def digest(images, data_dir):
    """Store the images in the data folder and return their digest."""
    return store(images, data_dir).digest


@pytest.fixture
def make_trial(registry, digest):
    """Return a trial for 1×6×6 images of three classes; keywords are settings and components in text."""

    def make(seed=0, **texts):
        values = {"epochs": "3", "batch_size": "16", "device": "cpu", **texts}
        request = Request(values={name: (text,) for name, text in values.items()}, seeds=1)
        trial = build(request, registry).variants[0].trial
        return replace(trial, seed=seed, input_shape=(1, 6, 6), num_classes=3, dataset_digest=digest)

    return make


@pytest.fixture(scope="session")
def images():
    """Three classes of noisy stripes, 120 to train on and 30 to test on."""
    random = np.random.default_rng(0)

    def part(count):
        labels = random.integers(0, 3, count)
        noise = random.integers(0, 60, (count, 1, 6, 6))
        stripes = np.zeros((count, 1, 6, 6), np.int64)
        for image, label in zip(stripes, labels, strict=True):
            image[0, label::3] = 180
        return (noise + stripes).astype(np.uint8), labels.astype(np.int64)

    return ImageData(*part(120), *part(30), ("a", "b", "c"))
