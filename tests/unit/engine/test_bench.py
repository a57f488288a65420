from collections import defaultdict

import pytest
import torch
from torch import nn

from dlbench.analysis.speed import PARTS
from dlbench.engine import bench
from dlbench.engine.peaks import linear_rate
from dlbench.engine.probe import probe
from dlbench.machine import LOSSLESS_ERROR, Machine
from dlbench.plugins.registry import Registry


@pytest.fixture
def subject(registry, make_trial, images):
    return bench.Subject(make_trial(model="mlp:hidden=8", batch_size="4"), images, registry)


def test_each_part_says_how_many_images_it_treated(subject):
    treated = {part: task() for part, task in subject.tasks.items()}
    assert treated == {"forward": 4, "backward": 4, "step": 8 * 4, "evaluation": 30}


def test_a_step_trains_and_the_other_parts_leave_the_weights_alone(subject):
    weights = subject.model[1].weight
    before = weights.detach().clone()
    for part in ("forward", "backward", "evaluation"):
        subject.tasks[part]()
        assert torch.equal(weights, before)
    subject.tasks["step"]()
    assert not torch.equal(weights, before)


def test_a_window_divides_the_images_by_the_time_that_they_took(subject, monkeypatch):
    ticks = iter(range(100))
    monkeypatch.setattr(bench, "clock", lambda setup: float(next(ticks)))
    assert subject.window("forward", 3.0) == 2 * 4 / 3  # at 1 s and at 2 s a batch; at 3 s it is over


def test_the_variants_take_turns_and_the_first_round_is_thrown_away(make_trial, data_dir, monkeypatch):
    calls = []

    def window(self, part, seconds):
        calls.append((part, self.trial.settings.batch_size))
        return float(len(calls))

    monkeypatch.setattr(bench.Subject, "window", window)
    trials = [make_trial(batch_size=size) for size in ("4", "8")]
    rates = bench.measure_rates(trials, data_dir, 0.1, 2, Registry.load())
    one_round = [(part, size) for part in PARTS for size in (4, 8)]
    assert calls == one_round * 3
    assert [rates[0][part] for part in PARTS] == [(9.0, 17.0), (11.0, 19.0), (13.0, 21.0), (15.0, 23.0)]


@pytest.fixture
def modes(monkeypatch):
    """Whether torch's algorithms were deterministic, by forward pass, in lists by batch size."""
    modes = defaultdict(list)

    class Noting(nn.Linear):
        def forward(self, images):
            modes[len(images)].append(torch.are_deterministic_algorithms_enabled())
            return super().forward(images)

    monkeypatch.setattr(bench, "build_model", lambda trial, registry: nn.Sequential(nn.Flatten(), Noting(36, 3)))
    return modes


def test_a_deterministic_variant_alone_is_measured_with_deterministic_algorithms(make_trial, data_dir, modes):
    trials = [make_trial(batch_size="4", deterministic="true"), make_trial(batch_size="8")]
    bench.measure_rates(trials, data_dir, 0.0, 1, Registry.load())
    assert (set(modes[4]), set(modes[8])) == ({True}, {False})
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_cost_of_a_deterministic_variant_is_that_of_deterministic_algorithms(make_trial, data_dir, modes):
    cost = bench.measure_cost(make_trial(batch_size="4", deterministic="true"), data_dir, Registry.load())
    assert cost.flops
    assert set(modes[4]) == {True}
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_combination_s_cost_is_counted_forward_and_backward(make_trial, data_dir):
    """Each layer multiplies once forward and once for its weights' gradient, all but the first once for its input's."""
    cost = bench.measure_cost(make_trial(model="mlp:hidden=8"), data_dir, Registry.load())
    first, second = 2 * 36 * 8, 2 * 8 * 3
    assert cost.flops == 2 * first + 3 * second
    assert cost.parameters == 36 * 8 + 8 + 8 * 3 + 3
    assert cost.peaks.matmul > 0


def test_float32_products_are_lossless_at_the_highest_precision_and_bfloat16_would_not_be():
    assert probe().matmul_errors["highest"] < LOSSLESS_ERROR
    assert torch.finfo(torch.bfloat16).eps > LOSSLESS_ERROR


def test_trying_a_matmul_precision_puts_the_present_one_back():
    linear_rate("medium")
    probe()
    assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.parametrize(
    ("errors", "device", "chosen"),
    [
        ({"highest": 3e-7, "high": 3e-7, "medium": 6e-7}, "cpu", "medium"),
        ({"highest": 3e-7, "high": 3e-7, "medium": 4e-3}, "cpu", "high"),
        ({"highest": 3e-7, "high": 3e-7, "medium": 6e-7}, "cuda", "highest"),
        ({}, "cpu", "highest"),
    ],
)
def test_auto_is_the_loosest_matmul_precision_that_loses_no_digits_on_the_cpu(errors, device, chosen):
    machine = Machine(matmul_errors=errors)
    assert machine.matmul_precision("auto", device) == chosen
    assert machine.matmul_precision("high", device) == "high"


def test_a_schedule_that_ends_does_not_end_the_measurement(registry, make_trial, images):
    """OneCycleLR refuses more steps than a training of its epochs has."""
    trial = make_trial(model="mlp:hidden=8", batch_size="4", scheduler="one-cycle", epochs="1")
    subject = bench.Subject(trial, images, registry)
    assert [subject.step() for _ in range(20)] == [8 * 4] * 20
