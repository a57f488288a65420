import inspect
from collections.abc import Callable
from math import cos, pi

import pytest
import torch
from torch import nn

from dlbench import Scheduler
from dlbench_foundations import schedules
from dlbench_foundations.plugin import SCHEDULERS
from dlbench_foundations.schedules import ClosedForm, CosineAnnealing, ExponentialDecay, WarmupCosine

LR0, EPOCHS = 0.1, 120


def optimizer(*rates: float) -> torch.optim.Optimizer:
    groups = [{"params": [nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    return torch.optim.SGD(groups, lr=LR0)


def rates(schedule: ClosedForm, epochs: int = EPOCHS, group: int = 0) -> list[float]:
    seen = []
    for _ in range(epochs):
        seen.append(schedule.optimizer.param_groups[group]["lr"])
        schedule.optimizer.step()
        schedule.step()
    return seen


def cosine(e: float, t_max: float, eta_min: float) -> float:
    return eta_min + (LR0 - eta_min) * (1 + cos(pi * e / t_max)) / 2


def warmup_cosine(e: int, warmup: int, t_max: int, eta_min: float) -> float:
    return LR0 * (e + 1) / warmup if e < warmup else cosine(e - warmup, t_max - warmup, eta_min)


FORMULAS: list[tuple[Callable[..., ClosedForm], dict[str, float], Callable[[int], float]]] = [
    *((ExponentialDecay, {"gamma": gamma}, lambda e, g=gamma: LR0 * g**e) for gamma in (0.90, 0.95, 0.98)),
    *(
        (CosineAnnealing, {"t_max": t, "eta_min_ratio": ratio}, lambda e, t=t, r=ratio: cosine(e, t, r * LR0))
        for t, ratio in ((50, 0.0), (50, 0.1), (25, 0.0))
    ),
    *(
        (
            WarmupCosine,
            {"warmup_epochs": w, "t_max": 50, "eta_min_ratio": ratio},
            lambda e, w=w, r=ratio: warmup_cosine(e, w, 50, r * LR0),
        )
        for w, ratio in ((3, 0.0), (10, 0.0), (10, 0.1), (5, 0.0), (0, 0.0))
    ),
]


@pytest.mark.parametrize(("kind", "parameters", "formula"), FORMULAS)
def test_the_rate_of_every_epoch_is_the_formula_s_beyond_t_max_too(
    kind: Callable[..., ClosedForm], parameters: dict[str, float], formula: Callable[[int], float]
) -> None:
    schedule = kind(optimizer(LR0), 50, 100, **parameters)
    wanted = [formula(e) for e in range(EPOCHS)]
    assert rates(schedule) == pytest.approx(wanted, rel=1e-12, abs=1e-12)


def test_a_warm_up_of_five_begins_at_a_fifth_and_reaches_the_rate_where_the_cosine_starts() -> None:
    seen = rates(WarmupCosine(optimizer(LR0), 50, 100, warmup_epochs=5), 51)
    assert seen[:5] == pytest.approx([LR0 * part / 5 for part in (1, 2, 3, 4, 5)], rel=1e-12)
    assert seen[4] == seen[5] == max(seen) == LR0
    assert seen[50] == pytest.approx(0, abs=1e-12)


def test_a_warm_up_that_leaves_the_cosine_no_epoch_is_refused() -> None:
    with pytest.raises(ValueError, match="warmup_epochs 50 is not below t_max 50"):
        WarmupCosine(optimizer(LR0), 50, 100, warmup_epochs=50, t_max=50)


@pytest.mark.parametrize("kind", [ExponentialDecay, CosineAnnealing, WarmupCosine])
def test_each_group_of_parameters_keeps_its_own_rate(kind: Callable[..., ClosedForm]) -> None:
    first, second = (rates(kind(optimizer(LR0, 3 * LR0), 50, 100), group=group) for group in (0, 1))
    assert second == pytest.approx([3 * rate for rate in first], rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("record", SCHEDULERS, ids=lambda record: record.name)
def test_the_record_says_what_the_factory_takes(record: Scheduler) -> None:
    factory = getattr(schedules, record.factory.partition(":")[2])
    accepted = list(inspect.signature(factory).parameters.values())
    assert [parameter.name for parameter in accepted[:3]] == ["optimizer", "total_epochs", "steps_per_epoch"]
    defaults = {key: parameter.default for key, parameter in record.parameters.items()}
    assert {parameter.name: parameter.default for parameter in accepted[3:]} == defaults
