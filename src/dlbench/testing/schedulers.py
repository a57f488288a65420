"""What a schedule promises: `factory(optimizer, total_epochs, steps_per_epoch, **parameters) -> LRScheduler`."""

import math
from collections.abc import Iterator

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from dlbench.components.records import Scheduler
from dlbench.testing.modules import through_a_file
from dlbench.testing.promises import Subject, promise

Schedule = LRScheduler | ReduceLROnPlateau
PEAK = 0.1
#: Runs of several lengths: (epochs, steps an epoch).
LENGTHS = ((30, 20), (3, 7), (1, 10))


def build(subject: Subject[Scheduler], epochs: int, steps: int) -> tuple[torch.optim.Optimizer, Schedule]:
    """Return a fresh optimizer and its schedule."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(2))], PEAK, momentum=0.9)
    return optimizer, subject.factory(optimizer, epochs, steps, **subject.parameters)


def run(
    subject: Subject[Scheduler],
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
    epochs: range,
    steps: int,
    *,
    train: bool,
) -> list[float]:
    """Step through some epochs and return the rate of each step. The monitored metric gets worse all the time."""
    record, rates = subject.record, []
    for epoch in epochs:
        for _ in range(steps):
            rates.append(float(optimizer.param_groups[0]["lr"]))
            if train:
                for weight in optimizer.param_groups[0]["params"]:
                    weight.grad = torch.ones_like(weight)
                optimizer.step()
            if record.interval == "step" and not isinstance(schedule, ReduceLROnPlateau):
                schedule.step()
        if isinstance(schedule, ReduceLROnPlateau):
            schedule.step(float(epoch))
        elif record.interval == "epoch":
            schedule.step()
    return rates


@promise("makes the kind of schedule that its record says", decisive=True)
def makes_schedule(subject: Subject[Scheduler]) -> Iterator[str]:
    """Call the factory for runs of several lengths."""
    needs_metric = subject.record.needs_metric
    for epochs, steps in LENGTHS:
        _, schedule = build(subject, epochs, steps)
        if not isinstance(schedule, Schedule):
            yield f"for {epochs} epochs of {steps} steps the factory returned {schedule!r}"
        elif isinstance(schedule, ReduceLROnPlateau) != needs_metric:
            yield f"needs_metric is {needs_metric}, and the factory returned a {type(schedule).__name__}"


@promise("has finite rates that are not negative")
def finite_rates(subject: Subject[Scheduler]) -> Iterator[str]:
    """Step through runs of several lengths."""
    for epochs, steps in LENGTHS:
        rates = run(subject, *build(subject, epochs, steps), range(epochs), steps, train=True)
        for step, rate in enumerate(rates):
            if not math.isfinite(rate) or rate < 0:
                yield f"in a run of {epochs} epochs of {steps} steps from {PEAK}, the rate of step {step} is {rate:g}"


@promise("goes through a state dict")
def state_dict_round_trip(subject: Subject[Scheduler]) -> Iterator[str]:
    """Load the state of one in the middle of a run into a fresh one."""
    optimizer, schedule = build(subject, 6, 5)
    run(subject, optimizer, schedule, range(3), 5, train=True)
    _, fresh = build(subject, 6, 5)
    state = schedule.state_dict()
    fresh.load_state_dict(through_a_file(state))
    loaded = fresh.state_dict()
    for key in state:
        if key not in loaded or repr(loaded[key]) != repr(state[key]):
            yield f"after 3 epochs of 5 steps its state has {key} = {state[key]!r}, and {loaded.get(key)!r} once loaded"


@promise("goes on where it stopped")
def resumes(subject: Subject[Scheduler]) -> Iterator[str]:
    """Compare a whole run with one that is interrupted in its middle."""
    whole = run(subject, *build(subject, 6, 5), range(6), 5, train=True)
    optimizer, schedule = build(subject, 6, 5)
    run(subject, optimizer, schedule, range(3), 5, train=True)
    second_optimizer, second = build(subject, 6, 5)
    second_optimizer.load_state_dict(through_a_file(optimizer.state_dict()))
    second.load_state_dict(through_a_file(schedule.state_dict()))
    rest = run(subject, second_optimizer, second, range(3, 6), 5, train=True)
    for step, (straight, resumed) in enumerate(zip(whole[15:], rest, strict=True), 15):
        if not math.isclose(straight, resumed, rel_tol=1e-9, abs_tol=1e-12):
            yield f"resumed after 15 of 30 steps, the rate of step {step} is {resumed:g}, not {straight:g}"


@promise("can be shown without training")
def previews(subject: Subject[Scheduler]) -> Iterator[str]:
    """Step it with no training in between."""
    trained = run(subject, *build(subject, 6, 5), range(6), 5, train=True)
    optimizer, schedule = build(subject, 6, 5)
    shown = run(subject, optimizer, schedule, range(6), 5, train=False)
    for step, (one, other) in enumerate(zip(trained, shown, strict=True)):
        if not math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12):
            yield f"the rate of step {step} of 30 is {other:g} when it is only shown, and {one:g} in training"
    if not torch.equal(optimizer.param_groups[0]["params"][0], torch.ones(2)):
        yield "showing it changed the weights"


PROMISES = (makes_schedule, finite_rates, state_dict_round_trip, resumes, previews)
