"""Each source of randomness in a training takes its own seed where the trial gives it one."""

from dataclasses import replace

import pytest
import torch

from dlbench.engine.run_trial import train_trial
from dlbench.engine.setup import build_setup
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.standard.datasets import digits

VALUES = {
    "model": ("mlp:dropout=0.5",),
    "augment": ("crop",),
    "epochs": ("1",),
    "train_size": ("128",),
    "device": ("cpu",),
}
SOURCES = ("split", "initialization", "order", "augmentation", "dropout")


@pytest.fixture
def numbers(registry, tmp_path):
    """Return a function from seeds to what a training of digits with them gives."""
    (trial,) = build(Request(values=VALUES, seeds=1), registry).trials
    data = digits(tmp_path, download=False)

    def train(seed, **stream_seeds):
        seeded = replace(trial, seed=seed, stream_seeds=stream_seeds)
        record, _ = train_trial(seeded, data, registry, lambda row: None, keep_steps=True)
        return record.steps

    return train


def test_seeds_of_every_source_are_those_of_the_seed_that_they_name(numbers):
    assert numbers(5, **dict.fromkeys(SOURCES, 2)) == numbers(2)


@pytest.mark.parametrize("source", SOURCES)
def test_each_source_alone_changes_the_training(numbers, source):
    assert numbers(2, **{source: 5}) != numbers(2)


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_with_the_trials_own_seed_changes_nothing(numbers, source):
    assert numbers(2, **{source: 2}) == numbers(2)


def test_the_kernels_have_no_seed_on_a_processor(numbers):
    assert numbers(2, kernels=1) == numbers(2)


def test_a_held_split_is_the_same_split_for_all_seeds(registry, tmp_path):
    (trial,) = build(Request(values={**VALUES, "train_size": ("none",)}, seeds=1), registry).trials
    data = digits(tmp_path, download=False)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))

    def indices(seed, **stream_seeds):
        setup = build_setup(replace(trial, seed=seed, stream_seeds=stream_seeds), data, model, registry)
        return setup.validation_feed.indices.tolist()

    assert indices(1, split=0) == indices(2, split=0) == indices(0)
    assert indices(1) != indices(2)
