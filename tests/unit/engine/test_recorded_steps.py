"""Trials that share a recorded step, without a GPU: a replay repeats its work on the objects that it was recorded with.

So whatever a trial that takes a recording over has not brought to those objects changes its numbers.
"""

import inspect
import random
import threading
from dataclasses import replace

import pytest
import torch
from torch import nn

from dlbench.engine import cuda_graphs
from dlbench.engine import recorded_steps as shared_steps
from dlbench.engine import run_trial as trials
from dlbench.engine import setup as setups
from dlbench.engine.artifacts import SharedFile
from dlbench.engine.checkpoint import Checkpoints, Interrupted
from dlbench.engine.recorded_steps import Recordings
from dlbench.engine.run_trial import train_trial
from dlbench.engine.work_unit import UnitRunner, run_unit
from dlbench.trials.events import TrialFinished
from dlbench.trials.work_unit import WorkUnit

SEEDS = (0, 1, 2, 3)
TEXTS = {"batch_size": "10", "cuda_graphs": "true", "learning_rate": "0.01"}


class Network(nn.Module):
    """A network with buffers, dropout and weights that are used twice."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.twice = nn.Linear(36, 8), nn.BatchNorm1d(8), nn.Linear(8, 8)
        self.last, self.dropout = nn.Linear(8, 3), nn.Dropout(0.2)

    def forward(self, images):
        hidden = self.dropout(self.norm(self.first(images.flatten(1))).relu())
        return self.last(self.twice(self.twice(hidden).relu()))


def replayed(work):
    """Return what repeats the work as a graph does, in training mode and with the optimizer's present numbers."""
    setup = inspect.getclosurevars(work).nonlocals["setup"]
    numbers = cuda_graphs._numbers(setup.optimizer)

    def replay():
        now = cuda_graphs._numbers(setup.optimizer)
        setup.model.train()
        for values in (numbers, now):
            for group, fixed in zip(setup.optimizer.param_groups, values, strict=True):
                group.update(fixed)
            if values is numbers:
                work()

    return replay


def with_graphs(trial):
    """Return a trial that records its steps, which is asked for on GPUs alone."""
    return replace(trial, settings=replace(trial.settings, cuda_graphs=True))


@pytest.fixture
def recorded(monkeypatch):
    """Let steps on the CPU be recorded; the list grows with each recording."""
    made = []
    monkeypatch.setattr(setups, "can_record", lambda device: True)
    monkeypatch.setattr(cuda_graphs, "on_side_stream", lambda work: work)
    monkeypatch.setattr(cuda_graphs, "record_on_cuda", lambda work: made.append(1) or replayed(work))
    return made


@pytest.fixture
def train(registry, make_trial, images, monkeypatch, recorded):
    """Train a trial; return all that it decides, to the last bit."""

    def run(seed=0, recordings=None, network=Network, checkpoints=None, **texts):
        monkeypatch.setattr(trials, "build_model", lambda trial, registry: network())
        record, model = train_trial(
            with_graphs(make_trial(seed, **{**TEXTS, **texts})),
            images,
            registry,
            lambda row: None,
            keep_steps=True,
            checkpoints=checkpoints,
            recordings=recordings,
        )
        weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        return record.steps, dict(record.metrics), weights

    return run


def room(**_):
    return Recordings(has_room=lambda: True)


def same(one, other):
    weights = zip(one[2].values(), other[2].values(), strict=True)
    return one[:2] == other[:2] and all(torch.equal(each, its) for each, its in weights)


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {"optimizer": "sgd:momentum=0.9:nesterov=true", "scheduler": "linear-to-zero"},
        {"optimizer": "adamw:weight_decay=0.1", "gradient_clip": "0.5", "augment": "crop:padding=1,flip"},
        {"optimizer": "rmsprop", "scheduler": "exponential:gamma=0.5", "batch_size": "7", "select": "last"},
        {"optimizer": "adam", "scheduler": "one-cycle:cycle_momentum=false", "normalization": "standard"},
        {"optimizer": "sgd:momentum=0.9", "scheduler": "one-cycle"},
        {"loss": "mse", "select": "best-on-test"},
    ],
    ids=str,
)
def test_trials_of_a_variant_have_the_bits_of_trials_that_record_their_own(train, recorded, texts):
    points = [(seed, str(rate)) for seed, rate in zip(SEEDS, (0.01, 0.1, 0.01, 0.001), strict=True)]
    fresh = [train(seed, **{**texts, "learning_rate": rate}) for seed, rate in points]
    assert len(recorded) == len(points)
    recorded.clear()
    kept = room()
    found = [train(seed, kept, **{**texts, "learning_rate": rate}) for seed, rate in points]
    assert len(recorded) == 2
    assert all(map(same, found, fresh))
    assert not same(fresh[0], fresh[2])


def test_trials_in_the_order_of_a_comparison_share_too(train, recorded):
    kept = room()
    for seed in SEEDS:
        for optimizer in ("adam", "adamw", "sgd"):
            train(seed, kept, optimizer=optimizer)
    assert len(recorded) == 2 * 3


def test_a_trial_that_diverges_leaves_a_recording_that_others_can_use(train, recorded):
    kept, rates = room(), ("0.01", "1e20", "0.01", "0.01")
    texts = {"optimizer": "sgd", "epochs": "2"}
    fresh = [train(seed, learning_rate=rate, **texts) for seed, rate in zip(SEEDS, rates, strict=True)]
    recorded.clear()
    found = [train(seed, kept, learning_rate=rate, **texts) for seed, rate in zip(SEEDS, rates, strict=True)]
    assert len(recorded) == 3, "a step that is not finite proves nothing"
    for one, other in zip(found[2:], fresh[2:], strict=True):
        assert same(one, other)
    assert not torch.isfinite(torch.tensor(found[1][0][-1]))


def test_a_trial_that_took_over_resumes_to_the_last_bit(train, recorded, tmp_path):
    kept = room()
    train(0, kept)
    train(1, kept)
    undisturbed, calls = train(2), iter(range(10_000))

    class Stop(threading.Event):
        def is_set(self):
            return next(calls) >= 12

    file = SharedFile(tmp_path / "trial.pt")
    recorded.clear()
    with pytest.raises(Interrupted):
        train(2, kept, checkpoints=Checkpoints(file, {}, 3600.0, Stop()))
    train(3, kept)
    assert same(train(2, kept, checkpoints=Checkpoints(file, {}, 3600.0)), undisturbed)
    assert not recorded


class Hidden(Network):
    """A network with a tensor that torch does not know of."""

    def __init__(self):
        super().__init__()
        self.scales = [torch.rand(3)]

    def forward(self, images):
        return super().forward(images) * self.scales[0]


class Closed(Network):
    """The same, in a function."""

    def __init__(self):
        super().__init__()
        scales = torch.rand(3)
        self.scale = lambda logits: logits * scales

    def forward(self, images):
        return self.scale(super().forward(images))


class Numbered(Network):
    """A network with a number of its own."""

    def __init__(self):
        super().__init__()
        self.scale = float(torch.rand(()))

    def forward(self, images):
        return super().forward(images) * self.scale


class Wide(Network):
    """A network of another width each time."""

    def __init__(self):
        super().__init__()
        width = int(torch.randint(4, 1000, ()))
        self.last = nn.Sequential(nn.Linear(8, width), nn.Linear(width, 3))


class Hooked(Network):
    """A network with a hook."""

    def __init__(self):
        super().__init__()
        self.last.register_forward_hook(lambda module, inputs, output: output * 2)


@pytest.mark.parametrize("network", [Hidden, Closed, Numbered, Wide, Hooked])
def test_a_network_that_holds_more_than_can_be_compared_is_recorded_anew(train, recorded, network):
    kept = room()
    fresh = [train(seed, network=network) for seed in SEEDS]
    recorded.clear()
    assert all(map(same, (train(seed, kept, network=network) for seed in SEEDS), fresh))
    assert len(recorded) == len(SEEDS)


class Secret(Network):
    """A network that takes a number from where nobody looks."""

    numbers: dict = {}  # noqa: RUF012

    def __init__(self):
        super().__init__()
        Secret.numbers[id(self)] = float(torch.rand(()))

    def forward(self, images):
        return super().forward(images) * self.numbers.get(id(self), 1.0)


def test_a_recording_that_gives_other_bits_is_never_used(train, recorded):
    kept = room()
    fresh = [train(seed, network=Secret) for seed in SEEDS]
    recorded.clear()
    assert all(map(same, (train(seed, kept, network=Secret) for seed in SEEDS), fresh))
    assert len(recorded) == len(SEEDS)
    assert not kept.forget()


@pytest.mark.parametrize("part", ["weights", "state", "draws"])
def test_each_part_of_a_step_is_compared(train, recorded, monkeypatch, part):
    """The kept recording's replay is changed in one part alone, after its own trial."""
    kept = room()
    train(0, kept)
    (shared,) = kept._steps.values()
    step, replay = shared.step, shared.step._replay

    def changed():
        replay()
        tensors = {"weights": step.tensors[0], "state": step.tensors[-1]}
        with torch.no_grad():
            if part in tensors:
                tensors[part].view(-1)[-1].add_(1e-3)
            else:
                torch.rand(1)

    step._replay = changed
    fresh = train(1)
    assert same(train(1, kept), fresh)
    assert (shared.proven, shared.step) == (False, None)


def test_a_step_that_draws_on_the_host_while_it_is_recorded_is_not_shared(train, recorded, monkeypatch):
    monkeypatch.setattr(cuda_graphs, "record_on_cuda", lambda work: random.random() and replayed(work))
    kept = room()
    train(0, kept)
    assert not kept.forget()


def test_recordings_are_forgotten_where_there_is_no_room(train, recorded):
    kept = Recordings(has_room=lambda: False)
    for seed in SEEDS:
        train(seed, kept)
    assert len(recorded) == len(SEEDS)


def test_few_recordings_are_kept(train, recorded, monkeypatch):
    monkeypatch.setattr(shared_steps, "_MOST", 1)
    kept = room()
    for optimizer in ("adam", "adamw", "adam"):
        train(0, kept, optimizer=optimizer)
    assert len(recorded) == 3
    assert len(kept._steps) == 1


def test_a_failure_ends_all_recordings(train, recorded):
    class Failing(Network):
        def forward(self, images):
            raise ValueError("no")

    kept = room()
    train(0, kept)
    with pytest.raises(ValueError, match="no"):
        train(1, kept, network=Failing)
    assert not kept.forget()


def test_a_trial_without_memory_beside_recordings_is_trained_without_them(train, recorded):
    kept, expected = room(), train(1)
    train(0, kept, optimizer="adamw")
    others = list(kept._steps.values())

    class Large(Network):
        def forward(self, images):
            if any(each in kept._steps.values() for each in others):
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().forward(images)

    assert same(train(1, kept, network=Large), expected)


def test_a_process_keeps_recordings_from_unit_to_unit(make_trial, data_dir, recorded, monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (2, 3))
    monkeypatch.setattr(trials, "build_model", lambda trial, registry: Network())
    units = [WorkUnit(trials=(with_graphs(make_trial(seed, epochs="1", **TEXTS)),)) for seed in SEEDS]

    def steps(run):
        recorded.clear()
        events = []
        for unit in units:
            run(replace(unit, keep_steps=True), data_dir, events.append)
        found = [event.record for event in events if isinstance(event, TrialFinished)]
        assert [record.status for record in found] == ["done"] * len(SEEDS)
        return [record.steps for record in found]

    fresh = steps(run_unit)
    assert len(recorded) == len(SEEDS)
    assert steps(UnitRunner()) == fresh
    assert len(recorded) == 2, "the first trial's, and the second's for comparison"
