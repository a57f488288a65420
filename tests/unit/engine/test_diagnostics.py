"""Diagnostics stay out of a training's numbers, to the last bit; one that raises costs its own values alone."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import dlbench.engine.diagnostics
import dlbench.engine.setup
from dlbench.components.choice import Selection
from dlbench.components.records import NEEDS, Diagnostic
from dlbench.engine.diagnostics import DiagnosticsRunner, ResolvedDiagnostic, resolve_diagnostics
from dlbench.engine.feed import Normalization
from dlbench.engine.randomness import borrowed_generators
from dlbench.engine.run_trial import run_trial
from dlbench.engine.setup import build_setup
from dlbench.engine.stopping import BestWeights, EarlyStopping
from dlbench.engine.training import evaluate_on, train
from dlbench.plans.diagnostics import read_diagnostics
from dlbench.plugins.registry import Registry
from dlbench.trials.diagnostics import DiagnosticsPlan

BUILT_IN = (
    *("activations", "calibration", "dead-units", "dormant-units", "generalization-gap", "gradient-norm"),
    *("gradient-noise-scale:small=8:large=32", "hessian-eigenvalue", "saturation", "sharpness", "step-loss:window=2"),
    "update-ratio",
)


class Averaged(torch.optim.SGD):
    """Evaluates at other weights than it trains at, as schedule-free optimizers do; the way back is not exact."""

    def eval(self):
        self._mix(0.3)

    def train(self):
        self._mix(-0.3 / 0.7)

    def _mix(self, share):
        with torch.no_grad():
            for group in self.param_groups:
                for parameter in group["params"]:
                    parameter.lerp_(torch.ones_like(parameter), share)


PLUGIN = """
    from dlbench import Diagnostic, hookimpl

    @hookimpl
    def dlbench_diagnostics():
        return [
            Diagnostic(name="weight-size", factory=f"{__name__}:size", summary="Mean size of a layer's weights"),
            Diagnostic(name="broken", factory=f"{__name__}:broken", summary="It raises"),
        ]

    def size(model, probe_images, probe_labels, loss):
        for name, parameter in model.named_parameters():
            yield name, "weight_size", parameter.detach().abs().mean()

    def broken(model, probe_images, probe_labels, loss):
        raise RuntimeError("this one cannot")
"""


def network():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.Tanh(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.4),
        nn.Linear(36, 3),
    )


def rude(model, probe_images, probe_labels, loss, **needed):
    """Scribble over everything that is handed over, and everything global."""
    assert needed.keys() == set(NEEDS)
    model.train()
    loss(model(probe_images), probe_labels).backward()
    for images, _ in needed["training_batches"](16):
        model(images)
        images.zero_()
    for _, labels in needed["held_out_batches"](16):
        labels.zero_()
    for before, after in needed["update"].values():
        before.zero_()
        after.zero_()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
        parameter.fill_(1e6)
    probe_images.zero_()
    probe_labels.zero_()
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)
    yield "", "rude", 1.0


@pytest.fixture
def rude_one(monkeypatch):
    record = Diagnostic(name="rude", factory="nowhere:rude", needs=NEEDS)
    resolve = dlbench.engine.diagnostics.resolve_factory
    found = lambda wanted: rude if wanted is record else resolve(wanted)  # noqa: E731
    monkeypatch.setattr(dlbench.engine.diagnostics, "resolve_factory", found)
    return ResolvedDiagnostic("stranger/rude", record, Selection("stranger/rude"))


@pytest.fixture
def trained(registry, make_trial, images):
    def run(diagnostics=None, extra=(), optimizer=None, **texts):
        trial = make_trial(3, **texts)
        random.seed(7)
        np.random.seed(7)
        torch.manual_seed(7)
        with borrowed_generators(trial.seed, "initialisation"):
            model = network()
            setup = build_setup(trial, images, model, registry)
            if optimizer:
                made = optimizer(model.parameters(), lr=0.1, momentum=0.9)
                setup = replace(setup, optimizer=made, schedule=torch.optim.lr_scheduler.ConstantLR(made, 1.0))
            runner = (
                DiagnosticsRunner(diagnostics, (*resolve_diagnostics(diagnostics, registry), *extra), trial.seed)
                if diagnostics
                else None
            )
            best_weights = BestWeights("last", lambda: evaluate_on(setup, setup.test_feed))
            result = train(setup, best_weights, EarlyStopping(None, "validation_loss"), lambda row: None, runner)
            states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
        return result, setup, states, runner

    return run


def left(result, setup, states):
    """Everything that a training leaves, as something that compares to the last bit."""
    rows = [{k: v for k, v in row.items() if k not in ("seconds", "images_per_second")} for row in result.rows]
    weights = {name: tensor.numpy().tobytes() for name, tensor in setup.model.state_dict().items()}
    gradients = {name: p.grad.numpy().tobytes() for name, p in setup.model.named_parameters()}
    kept = setup.optimizer.state_dict()["state"]
    optimizer = {(k, n): v.numpy().tobytes() for k, s in kept.items() for n, v in s.items() if torch.is_tensor(v)}
    flags = [(p.requires_grad, p.stride()) for p in setup.model.parameters()]
    modes = [module.training for module in setup.model.modules()]
    order = setup.order.get_state().tolist()
    return rows, result.step_losses, weights, gradients, optimizer, flags, modes, order, states


@pytest.mark.parametrize("optimizer", [None, Averaged], ids=["adam", "schedule-free"])
def test_with_and_without_diagnostics_a_training_is_the_same_to_the_last_bit(trained, rude_one, optimizer):
    diagnostics = DiagnosticsPlan(diagnostics=tuple(f"standard/{name}" for name in BUILT_IN), at=("every:1",))
    *without, _ = trained(optimizer=optimizer, augment="crop:padding=1")
    *with_them, runner = trained(diagnostics, (rude_one,), optimizer=optimizer, augment="crop:padding=1")
    assert runner.faults == {}
    assert {name for name, epochs in runner.watched.items() if epochs == [1, 2, 3]} == {
        *diagnostics.diagnostics,
        "stranger/rude",
    }
    assert left(*with_them) == left(*without)


def test_measuring_repeats_itself_whatever_ran_before(trained, rude_one):
    diagnostics = DiagnosticsPlan(
        diagnostics=("standard/gradient-norm", "standard/hessian-eigenvalue", "standard/activations")
    )
    first = trained(diagnostics)[3].readings
    assert trained(diagnostics, (rude_one,))[3].readings[: len(first)]
    assert [r for r in trained(diagnostics, (rude_one,))[3].readings if r.diagnostic != "rude"] == first


def test_a_diagnostic_sees_the_weights_that_are_evaluated(trained, registry, make_trial, images):
    diagnostics = DiagnosticsPlan(diagnostics=("standard/generalization-gap:images=100000",), at=("last",))
    result, setup, _, runner = trained(diagnostics)
    measured = {reading.diagnostic: reading.value for reading in runner.readings}
    train_side, validation = evaluate_on(setup, setup.train_feed), evaluate_on(setup, setup.validation_feed)
    assert measured["evaluation_accuracy_gap"] == pytest.approx(train_side.accuracy - validation.accuracy)
    assert measured["evaluation_loss_gap"] == pytest.approx(validation.loss - train_side.loss, abs=1e-6)
    assert validation.loss == pytest.approx(result.rows[-1]["validation_loss"])


def test_the_update_is_that_of_the_last_whole_step(trained, make_trial):
    """96 images in batches of 16 and plain SGD: ΔW is the rate times the gradient that the last step left behind."""
    diagnostics = DiagnosticsPlan(diagnostics=("standard/update-ratio",), at=("last",))
    _, setup, _, runner = trained(diagnostics, optimizer=lambda parameters, **_: torch.optim.SGD(parameters, lr=0.01))
    found = {reading.layer: reading.value for reading in runner.readings}
    for layer in ("0", "6"):
        weight = setup.model.get_submodule(layer).weight.detach()
        update = 0.01 * setup.model.get_submodule(layer).weight.grad
        assert found[layer] == pytest.approx(float(update.norm() / (weight + update).norm()), rel=1e-3)


@pytest.mark.parametrize("scheduler", ["linear-to-zero", "cosine-restarts", "cosine-annealing", "constant"])
def test_the_learning_rate_is_that_of_the_last_step_that_was_made(trained, monkeypatch, scheduler):
    made = []
    step = dlbench.engine.setup.train_step

    def noted(setup, batch):
        made.append(setup.optimizer.param_groups[0]["lr"])
        return step(setup, batch)

    monkeypatch.setattr(dlbench.engine.setup, "train_step", noted)
    diagnostics = DiagnosticsPlan(diagnostics=("standard/hessian-eigenvalue",), at=("every:1",))
    *_, runner = trained(diagnostics, scheduler=scheduler)
    limits = [reading.value for reading in runner.readings if reading.diagnostic == "stability_limit"]
    each = len(made) // len(limits)
    assert limits == [2 / rate for rate in made[each - 1 :: each]]


def test_what_lacks_a_part_is_not_resumed(trained):
    diagnostics = DiagnosticsPlan(diagnostics=("standard/hessian-eigenvalue",), at=("last",))
    *_, runner = trained(diagnostics)
    state = runner.state_dict()
    for part in state:
        lacking = {name: value for name, value in state.items() if name != part}
        with pytest.raises(KeyError, match=part):
            DiagnosticsRunner(diagnostics, runner.resolved, runner.seed).load_state_dict(lacking)


def test_the_update_of_a_resumed_training_is_on_its_device(registry, make_trial, images, monkeypatch):
    """A checkpoint is read to the CPU. The device is torch's "meta", which every machine has."""
    devices = []

    def note(model, probe_images, probe_labels, loss, update):
        devices.extend(tensor.device.type for tensor in (probe_images, *update["1.weight"]))
        return ()

    monkeypatch.setattr(dlbench.engine.diagnostics, "resolve_factory", lambda record: note)
    record = Diagnostic(name="noting", factory="nowhere:note", needs=("update",))
    plan = DiagnosticsPlan(diagnostics=("stranger/noting",), at=("last",))
    runner = DiagnosticsRunner(plan, (ResolvedDiagnostic("stranger/noting", record, Selection("stranger/noting")),), 0)
    runner.load_state_dict({**runner.state_dict(), "update": {"1.weight": (torch.zeros(2), torch.ones(2))}})
    setup = build_setup(make_trial(), images, network(), registry)
    feed = setup.train_feed
    moved = {name: getattr(feed, name).to("meta") for name in ("images", "labels", "indices")}
    normalization = Normalization(feed.normalization.scale.to("meta"), feed.normalization.shift.to("meta"))
    there = replace(setup, train_feed=replace(feed, **moved, normalization=normalization))
    runner.measure(there, 1, [1.0], last=True)
    assert runner.faults == {}
    assert devices == ["meta"] * 3


def test_one_that_raises_costs_its_own_values_and_is_named_once(registry, make_trial, images):
    diagnostics = DiagnosticsPlan(
        diagnostics=("standard/gradient-noise-scale:large=1000", "standard/gradient-norm"), at=("first", "last")
    )
    record = run_trial(make_trial(model="mlp:hidden=8"), images, registry, diagnostics=diagnostics)
    assert record.status == "done"
    assert {reading.diagnostic for reading in record.diagnostics} == {"gradient_norm", "vanishing_ratio"}
    assert record.message.count("gradient-noise-scale") == 1
    assert "fewer than 992 training images" in record.message
    assert "Traceback" in record.log
    assert record.watched == dict.fromkeys(diagnostics.diagnostics, (1, 3))
    assert not diagnostics.missing_from(record.watched, 3)  # it is not tried again each time


def test_a_value_that_the_record_does_not_name_is_a_fault(trained, rude_one, monkeypatch):
    monkeypatch.setattr(
        dlbench.engine.diagnostics, "resolve_factory", lambda record: lambda *_, **__: [("", "surprise", 1.0)]
    )
    runner = trained(DiagnosticsPlan(diagnostics=("standard/sharpness",)))[3]
    assert runner.readings == []
    assert "surprise" in runner.message


def test_the_last_epoch_is_that_of_an_early_stop(registry, make_trial, images):
    trial = make_trial(model="mlp:hidden=8", learning_rate="0", patience="2", epochs="9")
    diagnostics = DiagnosticsPlan(diagnostics=("standard/gradient-norm",))
    record = run_trial(trial, images, registry, diagnostics=diagnostics)
    assert len(record.epochs) == 3
    assert record.watched == {"standard/gradient-norm": (1, 3)}


def test_one_epoch_is_first_and_last_and_measured_once(registry, make_trial, images):
    diagnostics = DiagnosticsPlan(diagnostics=("standard/sharpness",))
    record = run_trial(make_trial(model="mlp:hidden=8", epochs="1"), images, registry, diagnostics=diagnostics)
    assert [reading.epoch for reading in record.diagnostics] == [1]


def test_a_stranger_s_diagnostic_takes_part_through_the_same_hook(install, make_trial, images, monkeypatch):
    install("stranger", PLUGIN)
    monkeypatch.setenv("DLBENCH_PLUGINS", "stranger")
    registry = Registry.load()
    diagnostics = read_diagnostics(["weight-size,broken,last"], registry)
    assert diagnostics.values == ("weight_size", "broken")
    record = run_trial(make_trial(model="mlp:hidden=8"), images, registry, diagnostics=diagnostics)
    assert record.status == "done"
    assert record.message == "diagnostics that failed: broken (RuntimeError: this one cannot)"
    assert [reading.layer for reading in record.diagnostics] == ["1.weight", "1.bias", "3.weight", "3.bias"]
    assert all(reading.value > 0 and reading.epoch == 3 for reading in record.diagnostics)
