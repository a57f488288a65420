import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlbench import ImageData, Trial
from dlbench.testing import Registry, conformance, make_trial
from dlbench.testing.engine_parts import (
    BestWeights,
    EarlyStopping,
    build_setup,
    evaluate_on,
    evaluation_weights,
    generator,
    resolve_factory,
    run_trial,
    split_data,
    train,
)
from dlbench_schedulefree.plugin import dlbench_optimizers

schedulefree = pytest.importorskip("schedulefree", reason="schedulefree is not installed")

NAMES = [record.name for record in dlbench_optimizers()]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load()


@pytest.fixture(scope="module")
def images() -> ImageData:
    """Two hundred images whose class is the brightest of three stripes."""
    source = np.random.default_rng(0)
    labels = source.integers(0, 3, 200)
    pixels = source.integers(0, 120, (200, 1, 6, 6))
    for stripe in range(3):
        pixels[labels == stripe, :, 2 * stripe : 2 * stripe + 2] += 90
    pictures = pixels.astype(np.uint8)
    return ImageData(pictures[:150], labels[:150], pictures[150:], labels[150:], ("a", "b", "c"))


def trial_with(registry: Registry, optimizer: str, **changes: str) -> Trial:
    values = {"batch_size": "16", "epochs": "3", "device": "cpu", "threads": "1", "learning_rate": "0.02"} | changes
    return make_trial(registry, (1, 6, 6), 3, optimizer=optimizer, **values)


def network() -> nn.Sequential:
    """A bias before batch norm has no gradient but rounding, which Adam would blow up: there is none."""
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 12, bias=False), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 3))


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_the_library_s(registry: Registry, name: str) -> None:
    """RAdam's and AdamW's pair of betas is told apart; a group's own bookkeeping is none of the options."""
    record = registry.get("optimizers", name).record
    parameters = {key: parameter.default for key, parameter in record.parameters.items()}
    made = resolve_factory(record)([nn.Parameter(torch.zeros(2))], 0.5, **parameters)
    theirs = type(made)([nn.Parameter(torch.zeros(2))], lr=0.5)
    assert {k: v for k, v in made.param_groups[0].items() if k != "params"} == {
        k: v for k, v in theirs.param_groups[0].items() if k != "params"
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_engine_trains_as_the_library_s_own_recipe_does(registry: Registry, images: ImageData, name: str) -> None:
    """The recipe of schedulefree's README by hand: train(), steps; then eval(), batch norm renewed, evaluation."""
    trial = trial_with(registry, name)
    torch.manual_seed(1)
    ours, by_hand = network(), network()
    by_hand.load_state_dict(ours.state_dict())
    setup = build_setup(trial, images, ours, registry)
    rows = train(
        setup,
        BestWeights("last", lambda: evaluate_on(setup, setup.test_feed)),
        EarlyStopping(None, "validation_loss"),
        lambda row: None,
    ).rows

    split = split_data(images, trial.settings.validation, None, generator(0, "split"))
    pixels = torch.from_numpy(images.train_images).float() / 255
    labels = torch.from_numpy(images.train_labels)
    optimizer: Any = vars(schedulefree)[type(setup.optimizer).__name__](by_hand.parameters(), lr=0.02)
    order = generator(0, "order")
    mixed = split.train[torch.randperm(len(split.train), generator=generator(0, "probe"))]
    norm: Any = by_hand[2]
    for row in rows:
        by_hand.train()
        optimizer.train()
        for batch in split.train[torch.randperm(len(split.train), generator=order)].split(16):
            optimizer.zero_grad()
            F.cross_entropy(by_hand(pixels[batch]), labels[batch]).backward()
            optimizer.step()
        optimizer.eval()
        hidden = [by_hand[1](pixels[batch].flatten(1)).detach() for batch in mixed.split(16)]
        norm.running_mean = torch.stack([h.mean(0) for h in hidden]).mean(0)
        norm.running_var = torch.stack([h.var(0) for h in hidden]).mean(0)
        by_hand.eval()
        loss = F.cross_entropy(by_hand(pixels[split.validation]), labels[split.validation])
        assert row["validation_loss"] == pytest.approx(loss.item(), rel=1e-4)
    for kept, wanted in zip(ours.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(kept, wanted, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours[2].running_mean, norm.running_mean, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_evaluating_in_between_changes_nothing_of_the_training(
    registry: Registry, images: ImageData, name: str
) -> None:
    trial = trial_with(registry, name)
    torch.manual_seed(1)
    model: Any = network()
    setup = build_setup(trial, images, model, registry)
    setup.optimizer.train()  # type: ignore[attr-defined]  # torch's own optimizers have none
    for pixels, labels in setup.train_feed.in_order(16):
        setup.optimizer.zero_grad()
        setup.criterion(model(pixels), labels).backward()
        setup.optimizer.step()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with evaluation_weights(setup):
        assert not torch.equal(model[1].weight, before["1.weight"])
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_what_has_to_be_learned_is_learned(registry: Registry, images: ImageData, name: str) -> None:
    trial = trial_with(registry, name, epochs="20", learning_rate="0.5" if name.startswith("sgd") else "0.02")
    record = run_trial(trial, images, registry)
    assert record.status == "done"
    assert record.metrics["test_accuracy"] is not None
    assert record.metrics["test_accuracy"] > 0.9


def test_reading_the_records_imports_neither_torch_nor_schedulefree() -> None:
    program = (
        "import sys; from dlbench_schedulefree import plugin; plugin.dlbench_optimizers(); "
        "print(sorted({'torch', 'schedulefree', 'numpy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


test_conformance = conformance("schedulefree")
