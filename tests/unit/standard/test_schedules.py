import inspect
from collections.abc import Callable, Mapping
from math import cos, pi, sqrt
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from dlbench.components.records import Scheduler
from dlbench.components.syntax import parse_reference
from dlbench.errors import DlbenchError
from dlbench.plugins.registry import Registry
from dlbench.standard import schedules
from dlbench.standard.schedule_records import SCHEDULES

LEFT_OUT = {
    "LRScheduler": "the base class",
    "MultiplicativeLR": "takes a function",
    "SequentialLR": "joins other schedules",
    "ChainedScheduler": "joins other schedules",
}
RECORDS = {record.name: record for record in SCHEDULES}
PEAK, EPOCHS, STEPS = 0.4, 6, 5
TOTAL = EPOCHS * STEPS


def momentum_sgd(momentum: float = 0.9) -> torch.optim.Optimizer:
    weight = nn.Parameter(torch.zeros(2))
    weight.grad = torch.zeros(2)
    return torch.optim.SGD([weight], PEAK, momentum=momentum)


def build(record: Scheduler, optimizer: torch.optim.Optimizer, total_epochs: int = EPOCHS, **parameters: Any) -> Any:
    factory = getattr(schedules, record.factory.partition(":")[2])
    defaults = {key: parameter.default for key, parameter in record.parameters.items()}
    return factory(optimizer, total_epochs, STEPS, **(defaults | parameters))


def rates(name: str, metric: float = 1.0, **parameters: Any) -> list[float]:
    """Return the learning rate of every step of a run, the schedule stepped as its record says."""
    record, optimizer = RECORDS[name], momentum_sgd()
    schedule = build(record, optimizer, **parameters)
    seen = []
    for _ in range(EPOCHS):
        for _ in range(STEPS):
            seen.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if record.interval == "step":
                schedule.step()
        if record.needs_metric:
            schedule.step(metric)
        elif record.interval == "epoch":
            schedule.step()
    return seen


def cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1 + cos(pi * part)) / 2


def test_every_schedule_of_the_library_that_stands_alone_is_there() -> None:
    library = set(lr_scheduler.__all__) - LEFT_OUT.keys()
    built = {type(build(record, momentum_sgd())).__name__ for record in SCHEDULES}
    assert built == library


@pytest.mark.parametrize("record", SCHEDULES, ids=lambda record: record.name)
def test_the_record_says_what_the_factory_takes_and_how_it_is_stepped(record: Scheduler) -> None:
    factory = getattr(schedules, record.factory.partition(":")[2])
    accepted = list(inspect.signature(factory).parameters.values())
    assert [parameter.name for parameter in accepted[:3]] == ["optimizer", "total_epochs", "steps_per_epoch"]
    defaults = {parameter.name: parameter.default for parameter in accepted[3:]}
    assert defaults == {key: parameter.default for key, parameter in record.parameters.items()}
    assert record.needs_metric == isinstance(build(record, momentum_sgd()), lr_scheduler.ReduceLROnPlateau)


#: Closed forms over the step t, the epoch e = ⌊t / STEPS⌋ and the whole number of steps, with peak 1.
LIBRARY: list[tuple[str, dict[str, Any], Callable[[int, int], float]]] = [
    ("constant", {}, lambda t, e: 1.0),
    ("constant-warmup", {"factor": 0.25, "epochs": 2}, lambda t, e: 0.25 if e < 2 else 1.0),
    ("constant-warmup", {"epochs": 0}, lambda t, e: 1.0),
    ("linear", {"start_factor": 0.1, "end_factor": 0.7, "epochs": 2}, lambda t, e: 0.1 + 0.6 * min(1, t / 10)),
    ("step", {"step_size": 4, "gamma": 0.3}, lambda t, e: 0.3 ** (e // 4)),
    ("step", {}, lambda t, e: 0.1 ** (e // 2)),
    ("multistep", {"milestones": (4, 1), "gamma": 0.3}, lambda t, e: 0.3 ** ((e >= 1) + (e >= 4))),
    ("multistep", {}, lambda t, e: 0.1 ** ((e >= 3) + (e >= 5))),
    ("exponential", {"gamma": 0.8}, lambda t, e: 0.8**e),
    ("cosine-annealing", {"eta_min": 0.1 * PEAK}, lambda t, e: cosine(1, 0.1, e / EPOCHS)),
    ("cosine-restarts", {}, lambda t, e: cosine(1, 0, t % 15 / 15)),
    (
        "cosine-restarts",
        {"first_cycle": 1, "cycle_factor": 2},
        lambda t, e: cosine(1, 0, t / 5 if t < 5 else (t - 5) / 10 if t < 15 else (t - 15) / 20),
    ),
    ("polynomial", {"power": 2.0}, lambda t, e: (1 - t / TOTAL) ** 2),
    ("polynomial", {"epochs": 3}, lambda t, e: max(0, 1 - t / 15)),
    (
        "cyclic",
        {"base_factor": 0.2, "epochs_up": 1.0, "epochs_down": 2.0},
        lambda t, e: 0.2 + 0.8 * (t % 15 / 5 if t % 15 < 5 else (15 - t % 15) / 10),
    ),
    (
        "cyclic",
        {"base_factor": 0.0, "epochs_up": 1.0, "mode": "triangular2"},
        lambda t, e: (1 - abs(t % 10 - 5) / 5) / 2 ** (t // 10),
    ),
    (
        "cyclic",
        {"base_factor": 0.0, "epochs_up": 1.0, "mode": "exp_range", "gamma": 0.9},
        lambda t, e: (1 - abs(t % 10 - 5) / 5) * 0.9**t,
    ),
    (
        "one-cycle",
        {},
        lambda t, e: cosine(1 / 25, 1, t / 8) if t < 8 else cosine(1, 1 / 25e4, (t - 8) / 21),
    ),
    (
        "one-cycle",
        {"anneal_strategy": "linear", "pct_start": 0.5, "div_factor": 10.0, "final_div_factor": 1.0},
        lambda t, e: 0.1 + 0.9 * t / 14 if t < 14 else 1 - 0.9 * (t - 14) / 15,
    ),
]


@pytest.mark.parametrize(("name", "parameters", "expected"), LIBRARY)
def test_the_library_s_schedules_follow_their_closed_forms(
    name: str, parameters: Mapping[str, Any], expected: Callable[[int, int], float]
) -> None:
    wanted = [PEAK * expected(t, t // STEPS) for t in range(TOTAL)]
    assert rates(name, **parameters) == pytest.approx(wanted, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("name", ["constant-warmup:factor=0", "linear:start_factor=0"])
def test_a_warm_up_from_nothing_which_torch_divides_by_is_refused(registry: Registry, name: str) -> None:
    with pytest.raises(DlbenchError, match="1e-06"):
        registry.select("schedulers", parse_reference(name))


def trapezoid(t: int, power: float, decay: int) -> float:
    part = (t - TOTAL + decay) / decay
    return 1 - part**power if part > 0 else 1.0


#: The rate after W warm-up steps, with peak 1.
OWN: list[tuple[str, dict[str, Any], Callable[[int, int], float]]] = [
    ("cosine", {}, lambda t, w: 0.5 * (1 + cos(pi * (t - w) / (TOTAL - w)))),
    ("cosine", {"final": 0.2}, lambda t, w: 0.2 + 0.8 * 0.5 * (1 + cos(pi * (t - w) / (TOTAL - w)))),
    ("linear-to-zero", {}, lambda t, w: 1 - (t - w) / (TOTAL - w)),
    ("warmup-stable-decay", {}, lambda t, w: trapezoid(t, 1, 6)),
    ("warmup-stable-decay", {"decay": 0.5, "shape": "sqrt"}, lambda t, w: trapezoid(t, 0.5, 15)),
    ("warmup-stable-decay", {"decay": 0.0}, lambda t, w: 1.0),
    ("inverse-sqrt", {}, lambda t, w: sqrt(max(w, 1) / max(t, w, 1))),
    ("rex", {}, lambda t, w: (1 - (t - w) / (TOTAL - w)) / (1 - (t - w) / (TOTAL - w) + 0.5 * (t - w) / (TOTAL - w))),
]


@pytest.mark.parametrize("warmup", [0.0, 0.2, 0.5])
@pytest.mark.parametrize(("name", "parameters", "formula"), OWN)
def test_own_schedules_follow_their_formula_at_every_step(
    name: str, parameters: Mapping[str, Any], formula: Callable[[int, int], float], warmup: float
) -> None:
    steps = round(warmup * TOTAL)
    wanted = [PEAK * ((t + 1) / steps if t < steps else formula(t, steps)) for t in range(TOTAL)]
    assert rates(name, warmup=warmup, **parameters) == pytest.approx(wanted, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", ["cosine", "linear-to-zero", "warmup-stable-decay", "inverse-sqrt", "rex"])
def test_a_warm_up_starts_at_one_step_s_share_and_reaches_the_peak(name: str) -> None:
    seen = rates(name, warmup=0.2)
    assert seen[0] == PEAK / 6
    assert seen[5] == max(seen) == PEAK


def test_rex_without_warm_up_is_the_paper_s_formula() -> None:
    wanted = [PEAK * (1 - t / TOTAL) / (1 - t / TOTAL + 0.5 * t / TOTAL) for t in range(TOTAL)]
    assert rates("rex") == pytest.approx(wanted, rel=1e-12)


def test_cosine_is_the_library_s_stepped_every_step() -> None:
    optimizer = momentum_sgd()
    reference = lr_scheduler.CosineAnnealingLR(optimizer, TOTAL)
    wanted = []
    for _ in range(TOTAL):
        wanted.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        reference.step()
    assert rates("cosine") == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("epochs", [1, 2, 3])
@pytest.mark.parametrize("record", SCHEDULES, ids=lambda record: record.name)
def test_short_runs_get_rates_from_zero_to_the_peak(record: Scheduler, epochs: int) -> None:
    optimizer = momentum_sgd()
    schedule = build(record, optimizer, total_epochs=epochs)
    for _ in range(epochs * (STEPS if record.interval == "step" else 1)):
        assert 0 < optimizer.param_groups[0]["lr"] <= PEAK + 1e-12
        optimizer.step()
        schedule.step(*([1.0] if record.needs_metric else []))
    assert 0 <= optimizer.param_groups[0]["lr"] <= PEAK + 1e-12


def test_each_group_of_parameters_keeps_its_own_peak() -> None:
    weights = [nn.Parameter(torch.zeros(1)) for _ in range(2)]
    for name in ["cosine", "cyclic", "one-cycle", "step"]:
        groups = [{"params": [weight], "lr": rate} for weight, rate in zip(weights, (0.1, 0.3), strict=True)]
        schedule = build(RECORDS[name], torch.optim.SGD(groups, 0.1))
        schedule.optimizer.step()
        schedule.step()
        first, second = schedule.get_last_lr()
        assert second == pytest.approx(3 * first)


@pytest.mark.parametrize("record", SCHEDULES, ids=lambda record: record.name)
def test_a_rate_that_is_kept_in_a_tensor_goes_the_same_way_as_a_number(record: Scheduler) -> None:
    plain, kept = momentum_sgd(), momentum_sgd()
    kept.param_groups[0]["lr"] = torch.tensor(PEAK)  # as optimizers whose steps are recorded keep it
    schedule, other = build(record, plain), build(record, kept)
    for _ in range(TOTAL if record.interval == "step" else EPOCHS):
        assert float(kept.param_groups[0]["lr"]) == pytest.approx(plain.param_groups[0]["lr"], rel=1e-5, abs=1e-7)
        for optimizer, each in ((plain, schedule), (kept, other)):
            optimizer.step()
            each.step(*([1.0] if record.needs_metric else []))
    assert isinstance(kept.param_groups[0]["lr"], torch.Tensor)


@pytest.mark.parametrize(("mode", "metrics", "drops"), [("min", [1, 1, 1, 1, 1, 1], 1), ("min", [6, 5, 4, 3, 2, 1], 0)])
def test_plateau_drops_only_after_its_patience(mode: str, metrics: list[float], drops: int) -> None:
    optimizer = momentum_sgd()
    schedule = build(RECORDS["plateau"], optimizer, mode=mode, factor=0.5, patience=3)
    for metric in metrics:
        optimizer.step()
        schedule.step(metric)
    assert optimizer.param_groups[0]["lr"] == PEAK * 0.5**drops


def test_plateau_in_mode_max_takes_a_falling_accuracy_for_worse() -> None:
    optimizer = momentum_sgd()
    schedule = build(RECORDS["plateau"], optimizer, mode="max", patience=0)
    schedule.step(0.9)
    assert optimizer.param_groups[0]["lr"] == PEAK
    schedule.step(0.8)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(PEAK / 10)


@pytest.mark.parametrize(("name", "lowest", "highest"), [("one-cycle", 0.85, 0.95), ("cyclic", 0.8, 0.9)])
def test_momentum_moves_against_the_rate(name: str, lowest: float, highest: float) -> None:
    optimizer = momentum_sgd()
    schedule = build(RECORDS[name], optimizer)
    pairs = []
    for _ in range(TOTAL):
        pairs.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]))
        optimizer.step()
        schedule.step()
    assert max(pairs) == pytest.approx((PEAK, lowest))
    assert pairs[0][1] == pytest.approx(highest)


@pytest.mark.parametrize("name", ["one-cycle", "cyclic"])
def test_momentum_is_left_alone_where_none_was_chosen_or_asked_for(name: str) -> None:
    plain = momentum_sgd(momentum=0.0)
    build(RECORDS[name], plain)
    assert plain.param_groups[0]["momentum"] == 0
    held = momentum_sgd(momentum=0.7)
    build(RECORDS[name], held, cycle_momentum=False)
    assert held.param_groups[0]["momentum"] == 0.7
    adagrad = torch.optim.Adagrad([nn.Parameter(torch.zeros(1))], 0.1)
    assert build(RECORDS[name], adagrad).get_last_lr()[0] < 0.1
    without = torch.optim.Adam([nn.Parameter(torch.zeros(1))], 0.1, betas=(0.0, 0.999))
    build(RECORDS[name], without)
    assert without.param_groups[0]["betas"] == (0.0, 0.999)
    adam = torch.optim.Adam([nn.Parameter(torch.zeros(1))], 0.1)
    build(RECORDS[name], adam)
    assert adam.param_groups[0]["betas"] == (RECORDS[name].parameters["max_momentum"].default, 0.999)


@pytest.mark.parametrize(
    "parameters", [{"pct_start": 1 / 30}, {"pct_start": 1.0}, {"three_phase": True, "pct_start": 0.6}]
)
def test_one_cycle_without_room_for_a_phase_is_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="30 steps leaves no room"):
        build(RECORDS["one-cycle"], momentum_sgd(), **parameters)


def test_warm_up_and_decay_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match=r"warmup 0\.6 and decay 0\.5 add up to more than 1"):
        build(RECORDS["warmup-stable-decay"], momentum_sgd(), warmup=0.6, decay=0.5)
