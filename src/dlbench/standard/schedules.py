"""Learning-rate schedules: (optimizer, total_epochs, steps_per_epoch, **parameters).

T = total_epochs · steps_per_epoch is the number of steps, t = 0 … T − 1 the step, η the learning rate the
optimizer was made with. Schedules with a warm-up rise as η (t + 1) / W over its W steps and then follow the
formula in their docstring.
"""

from collections.abc import Callable, Sequence
from math import ceil, cos, pi, sqrt

from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import LRScheduler


def _after_warmup(optimizer: Optimizer, warmup_steps: int, factor: Callable[[int], float]) -> LRScheduler:
    return lr_scheduler.LambdaLR(
        optimizer, lambda step: (step + 1) / warmup_steps if step < warmup_steps else factor(step)
    )


def _progress(step: int, start: int, end: int) -> float:
    """Return how far a step lies between two others, from 0 to 1."""
    return min(1.0, max(0.0, (step - start) / max(1, end - start)))


def _peaks(optimizer: Optimizer) -> list[float]:
    """Return the rates as numbers: where a rate is kept in a tensor, schedules write into it."""
    return [float(group["lr"]) for group in optimizer.param_groups]


def _uses_momentum(optimizer: Optimizer) -> bool:
    """Return whether there is a momentum to vary inversely to the rate; a chosen momentum of 0 stays 0."""
    first, *_ = optimizer.defaults.get("betas") or (optimizer.defaults.get("momentum"),)
    return bool(first)


def constant(optimizer: Optimizer, total_epochs: int, steps_per_epoch: int) -> LRScheduler:
    """Keep η."""
    return lr_scheduler.ConstantLR(optimizer, factor=1.0, total_iters=0)


def constant_warmup(
    optimizer: Optimizer, total_epochs: int, steps_per_epoch: int, factor: float = 1 / 3, epochs: int = 5
) -> LRScheduler:
    """Give factor · η for the first epochs, then η."""
    return lr_scheduler.ConstantLR(optimizer, factor if epochs else 1.0, epochs)  # of 0 epochs, torch sees no end


def linear(
    optimizer: Optimizer,
    total_epochs: int,
    steps_per_epoch: int,
    start_factor: float = 1 / 3,
    end_factor: float = 1.0,
    epochs: int = 5,
) -> LRScheduler:
    """Go from start_factor · η to end_factor · η in a straight line over the first epochs, then stay."""
    return lr_scheduler.LinearLR(optimizer, start_factor, end_factor, epochs * steps_per_epoch)


def step(
    optimizer: Optimizer,
    total_epochs: int,
    steps_per_epoch: int,
    step_size: int | None = None,
    gamma: float = 0.1,
) -> LRScheduler:
    """Give η gamma^⌊epoch / step_size⌋; step_size None is a third of all epochs."""
    return lr_scheduler.StepLR(optimizer, step_size or ceil(total_epochs / 3), gamma)


def multistep(
    optimizer: Optimizer,
    total_epochs: int,
    steps_per_epoch: int,
    milestones: Sequence[int] | None = None,
    gamma: float = 0.1,
) -> LRScheduler:
    """Multiply by gamma at each milestone, in epochs; None is one half and three quarters of all."""
    chosen = milestones or (ceil(total_epochs / 2), ceil(3 * total_epochs / 4))
    return lr_scheduler.MultiStepLR(optimizer, sorted(chosen), gamma)


def exponential(optimizer: Optimizer, total_epochs: int, steps_per_epoch: int, gamma: float = 0.95) -> LRScheduler:
    """Give η gamma^epoch."""
    return lr_scheduler.ExponentialLR(optimizer, gamma)


def cosine_annealing(
    optimizer: Optimizer, total_epochs: int, steps_per_epoch: int, eta_min: float = 0.0
) -> LRScheduler:
    """Follow half a cosine from η to eta_min, one value an epoch."""
    return lr_scheduler.CosineAnnealingLR(optimizer, total_epochs, eta_min)


def cosine_restarts(
    optimizer: Optimizer,
    total_epochs: int,
    steps_per_epoch: int,
    first_cycle: int | None = None,
    cycle_factor: int = 1,
    eta_min: float = 0.0,
) -> LRScheduler:
    """Follow half a cosine from η to eta_min again and again; first_cycle None is half of all epochs."""
    steps = first_cycle * steps_per_epoch if first_cycle else ceil(total_epochs * steps_per_epoch / 2)
    return lr_scheduler.CosineAnnealingWarmRestarts(optimizer, steps, cycle_factor, eta_min)


def polynomial(
    optimizer: Optimizer, total_epochs: int, steps_per_epoch: int, power: float = 1.0, epochs: int | None = None
) -> LRScheduler:
    """Give η (1 − t / T)^power, T the steps of that many epochs; None is all."""
    return lr_scheduler.PolynomialLR(optimizer, (epochs or total_epochs) * steps_per_epoch, power)


def cyclic(
    optimizer: Optimizer,
    total_epochs: int,
    steps_per_epoch: int,
    base_factor: float = 0.1,
    epochs_up: float = 2.0,
    epochs_down: float | None = None,
    mode: str = "triangular",
    gamma: float = 1.0,
    cycle_momentum: bool = True,
    base_momentum: float = 0.8,
    max_momentum: float = 0.9,
) -> LRScheduler:
    """Go between base_factor · η and η in straight lines, momentum in the opposite sense.

    mode: triangular keeps the height, triangular2 halves it each cycle, exp_range multiplies it by gamma each step.
    """
    peaks = _peaks(optimizer)
    down = epochs_up if epochs_down is None else epochs_down
    return lr_scheduler.CyclicLR(
        optimizer,
        [base_factor * peak for peak in peaks],
        peaks,
        step_size_up=max(1, round(epochs_up * steps_per_epoch)),
        step_size_down=max(1, round(down * steps_per_epoch)),
        mode=mode,  # type: ignore[arg-type]  # torch wants a Literal; the record lists the choices
        gamma=gamma,
        cycle_momentum=cycle_momentum and _uses_momentum(optimizer),
        base_momentum=base_momentum,
        max_momentum=max_momentum,
    )


def one_cycle(
    optimizer: Optimizer,
    total_epochs: int,
    steps_per_epoch: int,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    cycle_momentum: bool = True,
    base_momentum: float = 0.85,
    max_momentum: float = 0.95,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> LRScheduler:
    """Rise from η / div_factor to η, then fall to η / (div_factor · final_div_factor), momentum opposite.

    Raises ValueError where rise or fall would have no step of its own.
    """
    total = total_epochs * steps_per_epoch
    last_phase = (pct_start * total - 1) * (2 if three_phase else 1)
    if not 0 < last_phase < total - 1:
        raise ValueError(
            f"one-cycle: pct_start {pct_start:g} of {total} steps leaves no room for the rise or the fall."
        )
    return lr_scheduler.OneCycleLR(
        optimizer,
        _peaks(optimizer),
        total_steps=total,
        pct_start=pct_start,
        anneal_strategy=anneal_strategy,  # type: ignore[arg-type]  # torch wants a Literal; the record lists them
        cycle_momentum=cycle_momentum and _uses_momentum(optimizer),
        base_momentum=base_momentum,
        max_momentum=max_momentum,
        div_factor=div_factor,
        final_div_factor=final_div_factor,
        three_phase=three_phase,
    )


def plateau(
    optimizer: Optimizer,
    total_epochs: int,
    steps_per_epoch: int,
    mode: str = "min",
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    threshold_mode: str = "rel",
    cooldown: int = 0,
    min_lr: float = 0.0,
    eps: float = 1e-8,
) -> lr_scheduler.ReduceLROnPlateau:
    """Multiply by factor when the monitored metric is no better for more than `patience` epochs."""
    return lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode,  # type: ignore[arg-type]  # torch wants a Literal; the record lists the choices
        factor,
        patience,
        threshold,
        threshold_mode,  # type: ignore[arg-type]  # as above
        cooldown,
        min_lr,
        eps,
    )


def cosine(
    optimizer: Optimizer, total_epochs: int, steps_per_epoch: int, warmup: float = 0.0, final: float = 0.0
) -> LRScheduler:
    """Give η (final + (1 − final) ½ (1 + cos π(t − W)/(T − W)))."""
    total = total_epochs * steps_per_epoch
    start = round(warmup * total)
    return _after_warmup(
        optimizer, start, lambda t: final + (1 - final) * 0.5 * (1 + cos(pi * _progress(t, start, total)))
    )


def linear_to_zero(optimizer: Optimizer, total_epochs: int, steps_per_epoch: int, warmup: float = 0.0) -> LRScheduler:
    """Give η (1 − (t − W)/(T − W))."""
    total = total_epochs * steps_per_epoch
    start = round(warmup * total)
    return _after_warmup(optimizer, start, lambda t: 1 - _progress(t, start, total))


def warmup_stable_decay(
    optimizer: Optimizer,
    total_epochs: int,
    steps_per_epoch: int,
    warmup: float = 0.05,
    decay: float = 0.2,
    shape: str = "linear",
) -> LRScheduler:
    """Give η until T − D, then η (1 − u), or η (1 − √u) for shape "sqrt", u = (t − T + D)/D.

    Raises ValueError where warm-up and decay overlap.
    """
    total = total_epochs * steps_per_epoch
    warmup_steps, decay_steps = round(warmup * total), round(decay * total)
    if warmup + decay > 1 + 1e-9:
        raise ValueError(f"warmup-stable-decay: warmup {warmup:g} and decay {decay:g} add up to more than 1.")
    power = 0.5 if shape == "sqrt" else 1.0
    return _after_warmup(optimizer, warmup_steps, lambda t: 1 - _progress(t, total - decay_steps, total) ** power)


def inverse_sqrt(optimizer: Optimizer, total_epochs: int, steps_per_epoch: int, warmup: float = 0.1) -> LRScheduler:
    """Give η √(W / max(t, W)); W is at least 1."""
    warmup_steps = max(1, round(warmup * total_epochs * steps_per_epoch))
    return _after_warmup(optimizer, warmup_steps, lambda t: sqrt(warmup_steps / max(t, warmup_steps)))


def rex(optimizer: Optimizer, total_epochs: int, steps_per_epoch: int, warmup: float = 0.0) -> LRScheduler:
    """Give η (1 − u) / (1 − u + ½ u), u = (t − W)/(T − W)."""
    total = total_epochs * steps_per_epoch
    start = round(warmup * total)

    def factor(step: int) -> float:
        remaining = 1 - _progress(step, start, total)
        return remaining / (remaining + 0.5 * (1 - remaining))

    return _after_warmup(optimizer, start, factor)
