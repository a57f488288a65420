import contextlib
import math
import os
import random
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlbench.components.image_data import ImageData
from dlbench.engine.factories import build_model, build_optimizer
from dlbench.engine.feed import Batch
from dlbench.engine.randomness import borrowed_generators, generator
from dlbench.engine.run_trial import run_trial
from dlbench.engine.schedule_free import evaluation_weights
from dlbench.engine.setup import build_setup
from dlbench.engine.split import split_data
from dlbench.engine.training import train_step
from dlbench.engine.work_unit import run_unit
from dlbench.trials.events import EpochFinished, TrialFinished, TrialNoted, TrialStarted
from dlbench.trials.seed_streams import derive
from dlbench.trials.work_unit import WorkUnit


@pytest.fixture
def run(registry, make_trial, images):
    def run(seed=0, **texts):
        return run_trial(make_trial(seed, **texts), images, registry)

    return run


def _plain_loop(images, seed, epochs, batch_size, learning_rate):
    """Train mlp:hidden=8 with dropout by hand, with torch alone; return each epoch's training loss and the weights."""
    data = torch.from_numpy(images.train_images).float() * np.float32(1 / 255)
    labels = torch.from_numpy(images.train_labels)
    split = split_data(images, "0.2", None, generator(seed, "split"))
    torch.manual_seed(derive(seed, "initialisation"))
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=0.9)
    order = torch.Generator().manual_seed(derive(seed, "order"))
    torch.manual_seed(derive(seed, "dropout"))
    losses = []
    for _ in range(epochs):
        total = 0.0
        for batch in split.train[torch.randperm(len(split.train), generator=order)].split(batch_size):
            loss = F.cross_entropy(model(data[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(split.train))
    return losses, model


def test_the_engine_trains_as_a_plain_torch_loop_with_the_same_seeds(run, images):
    record = run(
        seed=5, model="mlp:hidden=8:dropout=0.3", optimizer="sgd:momentum=0.9", learning_rate="0.1", epochs="4"
    )
    losses, _ = _plain_loop(images, seed=5, epochs=4, batch_size=16, learning_rate=0.1)
    assert [row["train_loss"] for row in record.epochs] == pytest.approx(losses, rel=1e-6)


def _numbers(record):
    timed = ("seconds", "images_per_second")
    rows = [{name: value for name, value in row.items() if name not in timed} for row in record.epochs]
    return rows, record.metrics, record.confusion


def test_the_same_trial_gives_the_same_numbers_to_the_last_bit_whatever_ran_before(run):
    first = run(seed=3, model="mlp:dropout=0.5", augment="crop:padding=1,flip,cutout:size=2")
    run(seed=4, activation="rrelu")
    torch.rand(7)
    assert _numbers(run(seed=3, model="mlp:dropout=0.5", augment="crop:padding=1,flip,cutout:size=2")) == _numbers(
        first
    )


def test_another_seed_gives_other_numbers(run):
    assert _numbers(run(seed=1)) != _numbers(run(seed=2))


def test_a_trial_leaves_the_global_generators_as_they_were(run):
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1]
    run(model="mlp:dropout=0.5")
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    np.testing.assert_array_equal(np.random.get_state()[1], before[2])


def test_variants_of_one_seed_share_split_and_order_but_not_weights_of_another_shape(run):
    """With a rate of zero nothing is learned, so that equal validation figures mean equal images."""
    relu, tanh = (run(seed=1, activation=name, learning_rate="0") for name in ("relu", "tanh"))
    assert relu.epochs[0]["train_loss"] != tanh.epochs[0]["train_loss"]
    again = run(seed=1, activation="relu", learning_rate="0", batch_size="48")
    assert again.epochs[0]["validation_loss"] == relu.epochs[0]["validation_loss"]


def test_the_stripes_are_learned(run):
    record = run(learning_rate="0.01", epochs="8")
    assert record.status == "done"
    assert record.metrics["test_accuracy"] > 0.95
    assert np.trace(record.confusion) / np.sum(record.confusion) == pytest.approx(record.metrics["test_accuracy"])


def test_the_row_holds_the_selected_epochs_figures_and_the_last_ones_beside_them(run):
    record = run(learning_rate="0.02", epochs="8", optimizer="sgd:momentum=0.95")
    accuracies = [row["validation_accuracy"] for row in record.epochs]
    best = accuracies.index(max(accuracies))
    assert record.metrics["best_epoch"] == best + 1
    assert record.metrics["validation_loss"] == record.epochs[best]["validation_loss"]
    assert record.metrics["last_validation_loss"] == record.epochs[-1]["validation_loss"]


def test_validation_on_the_test_set_gives_the_test_set_s_figures(run):
    record = run(validation="test", select="last")
    assert record.metrics["validation_accuracy"] == record.metrics["test_accuracy"]
    assert record.metrics["validation_loss"] == record.metrics["test_loss"]


def test_best_on_test_reads_the_test_set_each_epoch_and_keeps_the_best(run):
    record = run(select="best-on-test", learning_rate="0.01")
    assert record.metrics["test_accuracy"] == max(row["test_accuracy"] for row in record.epochs)
    assert "test_accuracy" not in run().epochs[0]


def test_a_loss_that_is_not_finite_ends_the_trial_as_diverged_with_its_accuracy(run):
    record = run(optimizer="sgd", learning_rate="1e30", epochs="6", activation="identity")
    assert record.status == "diverged"
    assert len(record.epochs) < 6
    assert 0 <= record.metrics["test_accuracy"] <= 1
    assert "not finite" in record.message


def test_early_stopping_ends_after_the_epochs_of_patience(run):
    record = run(learning_rate="0", epochs="20", patience="2")
    assert record.metrics["epochs_run"] == 3


@pytest.mark.parametrize(
    ("scheduler", "rates"),
    [("exponential:gamma=0.5", [0.1, 0.05, 0.025]), ("linear-to-zero", [0.1, 0.1 * 2 / 3, 0.1 / 3])],
)
def test_schedules_step_per_epoch_or_per_step(run, scheduler, rates):
    record = run(scheduler=scheduler, learning_rate="0.1", optimizer="sgd")
    assert [row["learning_rate"] for row in record.epochs] == pytest.approx(rates)


def test_a_plateau_schedule_watches_the_monitored_metric(run):
    """At so small a rate no epoch is better by torch's threshold of 1e-4, so that each after the first halves it."""
    record = run(scheduler="plateau:patience=0:factor=0.5", learning_rate="1e-6", optimizer="sgd", epochs="4")
    assert [row["learning_rate"] for row in record.epochs] == pytest.approx([1e-6, 1e-6, 5e-7, 2.5e-7])


def test_gradient_clipping_bounds_the_whole_gradient(registry, make_trial, images):
    trial = make_trial(gradient_clip="0.001", model="mlp")
    model = build_model(trial, registry)
    setup = build_setup(trial, images, model, registry)
    train_step(setup, Batch(setup.train_feed.indices[:16]))
    norm = math.sqrt(sum(float(p.grad.square().sum()) for p in model.parameters()))
    assert norm == pytest.approx(0.001, rel=1e-3)


def test_bfloat16_computes_in_bfloat16_and_learns(run):
    exact, rounded = run(learning_rate="0.01", epochs="8"), run(learning_rate="0.01", epochs="8", precision="bfloat16")
    assert rounded.epochs[0]["train_loss"] != exact.epochs[0]["train_loss"]
    assert rounded.metrics["test_accuracy"] > 0.9


def test_costs_are_counted(run):
    record = run(model="mlp:hidden=8")
    assert record.cost["parameters"] == 36 * 8 + 8 + 8 * 3 + 3
    assert record.cost["flops_per_image"] == 2 * (36 * 8 + 8 * 3)
    assert record.cost["images_per_second"] == pytest.approx(96 * 3 / record.cost["train_seconds"])
    assert record.cost["peak_memory_mb"] > 50


def test_a_unit_emits_start_epochs_and_end_of_each_trial_and_survives_an_exception(make_trial, data_dir, tmp_path):
    broken = make_trial(activation="hardtanh:min_val=2:max_val=1")
    trials = (broken, make_trial(1))
    events = []
    run_unit(WorkUnit(trials=trials, weights_folder=str(tmp_path / "weights")), data_dir, events.append)
    kinds = [(type(event), getattr(event, "trial_id", None)) for event in events]
    assert kinds[0] == (TrialStarted, broken.trial_id)
    assert [type(event) for event in events[2:]] == [TrialStarted, *[EpochFinished] * 3, TrialFinished]
    failed, done = (event.record for event in events if isinstance(event, TrialFinished))
    assert (failed.status, done.status) == ("failed", "done")
    assert "ValueError" in failed.message
    assert "Traceback" in failed.log
    weights = torch.load(tmp_path / "weights" / f"{done.trial_id}.pt", weights_only=True)
    assert {tuple(tensor.shape) for tensor in weights.values()} >= {(128, 36), (3,)}


class _Two(nn.Linear):
    """Returns a pair, as networks with an auxiliary head do."""

    def forward(self, images):
        return super().forward(images), images


@pytest.mark.parametrize(
    ("head", "came"),
    [
        (nn.Linear(36, 4), r"a tensor of shape (16, 4)"),
        (nn.Linear(36, 2), r"a tensor of shape (16, 2)"),
        (_Two(36, 3), "an object of type tuple"),
    ],
    ids=["more", "fewer", "pair"],
)
@pytest.mark.parametrize("rehearsed", [True, False])
def test_a_network_that_returns_no_logits_of_the_classes_fails_with_what_came(
    make_trial, data_dir, monkeypatch, head, came, rehearsed
):
    monkeypatch.setattr(
        "dlbench.engine.run_trial.build_model", lambda trial, registry: nn.Sequential(nn.Flatten(), head)
    )
    if not rehearsed:  # as a network that cannot be copied is not
        monkeypatch.setattr("dlbench.engine.training.warm_up", lambda setup: None)
    events = []
    run_unit(WorkUnit(trials=(make_trial(),)), data_dir, events.append)
    (record,) = [event.record for event in events if isinstance(event, TrialFinished)]
    assert (record.status, record.epochs) == ("failed", ())
    assert f"The network returned {came}, not logits of shape (16, 3)" in record.message


@pytest.mark.skipif(shutil.which("mount") is None or os.geteuid() != 0, reason="may not mount a file system of its own")
def test_weights_without_room_cost_a_note_and_leave_nothing_half_written(make_trial, data_dir, tmp_path):
    (tmp_path / "small").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(tmp_path / "small")]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a file system of its own")
    try:
        events = []
        unit = WorkUnit(trials=(make_trial(1),), weights_folder=str(tmp_path / "small" / "weights"))
        run_unit(unit, data_dir, events.append)
        *_, finished, noted = events
        assert finished.record.status == "done"
        assert "weights could not be saved" in noted.text
        assert "weights: No space left on device" in noted.text
        assert [path for path in (tmp_path / "small").rglob("*") if path.is_file()] == []
    finally:
        subprocess.run(["umount", str(tmp_path / "small")], check=True)


def test_weights_that_cannot_be_saved_at_all_cost_a_note_after_the_record(make_trial, data_dir, tmp_path, monkeypatch):
    def refuse(model, path):
        raise ValueError("nothing to see")

    monkeypatch.setattr("dlbench.engine.work_unit.save_weights", refuse)
    events = []
    run_unit(WorkUnit(trials=(make_trial(1),), weights_folder=str(tmp_path)), data_dir, events.append)
    assert [type(event) for event in events[-2:]] == [TrialFinished, TrialNoted]
    assert "weights could not be saved: ValueError: nothing to see" in events[-1].text


class _TwoFaced(torch.optim.SGD):
    """Evaluates at weights that are 1 larger than those it trains."""

    shifted = False

    def _shift(self, wanted):
        if wanted != self.shifted:
            for group in self.param_groups:
                for parameter in group["params"]:
                    parameter.data += 1 if wanted else -1
            self.shifted = wanted

    def eval(self):
        self._shift(True)

    def train(self):
        self._shift(False)


def test_an_optimizer_with_train_and_eval_is_switched_and_batch_norm_recomputed(registry, make_trial, images):
    trial = make_trial()
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    setup = build_setup(trial, images, model, registry)
    object.__setattr__(setup, "optimizer", _TwoFaced(model.parameters(), lr=0.1))
    weight, statistics = model[1].weight.detach().clone(), model[2].running_mean.clone()
    with evaluation_weights(setup):
        torch.testing.assert_close(model[1].weight.detach(), weight + 1)
        inputs = torch.cat([batch for batch, _ in setup.train_feed.in_order(16)])
        expected = model[1](inputs.flatten(1)).mean(0)
        torch.testing.assert_close(model[2].running_mean, expected.detach(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(model[1].weight.detach(), weight)
    assert torch.equal(model[2].running_mean, statistics)


@pytest.fixture
def normalized(registry, make_trial):
    """Return the setup of a batch norm on images that are stored class by class, with a two-faced optimizer."""

    def normalized(batch_size):
        labels = np.repeat(np.arange(3), 200)
        noise = np.random.default_rng(0).integers(0, 60, (600, 1, 6, 6))
        pixels = (noise + 90 * labels[:, None, None, None]).astype(np.uint8)
        data = ImageData(pixels, labels, pixels[::20], labels[::20], ("a", "b", "c"))
        model = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(36, 3))
        setup = build_setup(make_trial(batch_size=batch_size), data, model, registry)
        return replace(setup, optimizer=_TwoFaced(model.parameters(), lr=0.1))

    return normalized


@pytest.mark.parametrize("batch_size", ["8", "1"])
def test_recomputed_batch_norm_is_that_of_all_classes_of_images_stored_class_by_class(normalized, batch_size):
    """Fifty batches are fewer images than the training has."""
    setup = normalized(batch_size)
    images = torch.cat([batch for batch, _ in setup.train_feed.in_order(480)])
    within = images.var() if batch_size == "8" else images.var((2, 3)).mean()  # of single images: no other is beside
    with evaluation_weights(setup):
        torch.testing.assert_close(setup.model[0].running_mean, images.mean().view(1), rtol=0.15, atol=0)
        torch.testing.assert_close(setup.model[0].running_var, within.view(1), rtol=0.15, atol=0)


def test_borrowed_generators_give_strangers_code_the_stream_and_then_the_old_state_back():
    with borrowed_generators(1, "initialisation"):
        first = torch.rand(1).item(), random.random(), np.random.rand()
    between = torch.rand(1).item()
    with borrowed_generators(1, "initialisation"):
        second = torch.rand(1).item(), random.random(), np.random.rand()
    assert first == second
    assert between != first[0]


def test_the_generator_of_an_apple_gpu_is_given_back_too_and_after_an_error(monkeypatch):
    """Which not every torch's fork_rng does, though its manual_seed seeds that generator."""
    states = ["the training's"]
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: states[-1])
    monkeypatch.setattr(torch.mps, "set_rng_state", states.append)
    monkeypatch.setattr(torch.mps, "manual_seed", states.append)
    with contextlib.suppress(ZeroDivisionError), borrowed_generators(1, "probe"):
        assert states[-1] != "the training's"
        raise ZeroDivisionError
    assert states[-1] == "the training's"


def test_steps_are_kept_on_request_and_average_to_the_epochs_loss(registry, make_trial, images):
    trial = make_trial(batch_size="32")
    record = run_trial(trial, images, registry, keep_steps=True)
    assert len(record.steps) == 3 * 3
    assert record.epochs[0]["train_loss"] == pytest.approx(np.mean(record.steps[:3]))
    assert run_trial(trial, images, registry).steps == ()


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("adam", lambda parameters: torch.optim.Adam(parameters, 0.01, fused=True)),
        ("adamw", lambda parameters: torch.optim.AdamW(parameters, 0.01, fused=True)),
        ("sgd:momentum=0.9", lambda parameters: torch.optim.SGD(parameters, 0.01, 0.9, fused=True)),
    ],
)
def test_a_fused_optimizer_steps_as_torch_s_own_fused_one(registry, make_trial, images, name, made):
    models = [nn.Linear(36, 3) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    ours = build_optimizer(make_trial(optimizer=name, learning_rate="0.01"), registry, models[0])
    for optimizer, model in zip((ours, made(models[1].parameters())), models, strict=True):
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.linspace(-1, 1, 72).view(2, 36)).square().sum().backward()
            optimizer.step()
    assert torch.equal(models[0].weight, models[1].weight)
    assert ours.param_groups[0]["fused"]


@pytest.mark.parametrize("values", [{"optimizer": "adam", "fused": "false"}, {"optimizer": "rmsprop"}])
def test_an_optimizer_is_not_fused_where_it_cannot_or_shall_not(registry, make_trial, values):
    optimizer = build_optimizer(make_trial(**values), registry, nn.Linear(2, 2))
    assert not optimizer.param_groups[0].get("fused")


def test_a_trial_sets_its_matmul_precision_and_no_other_keeps_it(run):
    run(matmul_precision="medium")
    assert torch.get_float32_matmul_precision() == "medium"
    run()
    assert torch.get_float32_matmul_precision() == "highest"


def test_a_trial_that_failed_twice_has_each_epoch_once(monkeypatch, data_dir, make_trial):
    """After an out-of-memory error with recordings kept it is trained once more, from the start."""

    def train_twice(trial, data, registry, on_epoch, **_):
        for epoch in (1, 2, 3, 1, 2):
            on_epoch({"epoch": epoch, "train_loss": 1.0 / epoch})
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("dlbench.engine.work_unit.train_trial", train_twice)
    events = []
    run_unit(WorkUnit(trials=(make_trial(1),)), data_dir, events.append)
    (record,) = [event.record for event in events if isinstance(event, TrialFinished)]
    assert (record.status, [row["epoch"] for row in record.epochs]) == ("oom", [1, 2, 3])
