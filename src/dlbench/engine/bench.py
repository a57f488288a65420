"""Measure the speed of combinations: a warm-up, then windows of equal length, taking turns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from dlbench.analysis.speed import PARTS
from dlbench.components.image_data import ImageData
from dlbench.engine import cost
from dlbench.engine.dataset_cache import load_for_trial
from dlbench.engine.evaluation import logits_of
from dlbench.engine.factories import build_model
from dlbench.engine.peaks import measure_peaks
from dlbench.engine.process_settings import apply_process_settings, deterministic
from dlbench.engine.randomness import borrowed_generators
from dlbench.engine.setup import build_setup, layout
from dlbench.engine.training import clock, evaluate_on, train_epoch
from dlbench.engine.warmup import compile_calls
from dlbench.machine import Peaks
from dlbench.plugins.registry import Registry
from dlbench.trials.trial import Trial

#: Steps of a measured piece of an epoch: enough that reading the losses at its end costs little of it.
_STEPS = 8
_EVALUATED = 1000
#: A schedule may refuse more steps than it was built for, as one-cycle does; windows take as many as they can.
_EPOCHS = 100_000


@dataclass(frozen=True)
class Cost:
    """What one combination costs.

    parameters: the number of trained parameters.
    flops: operations of an image's forward and backward pass, None where unknown.
    peak_memory_mb: of the process or the device, None where unknown.
    peaks: the machine's best rates.
    """

    parameters: int
    flops: int | None
    peak_memory_mb: float | None
    peaks: Peaks


class Subject:
    """A trial that is ready to be measured, with a task for each part; a task returns its number of images."""

    def __init__(self, trial: Trial, data: ImageData, registry: Registry) -> None:
        self.trial = trial
        with borrowed_generators(trial.seed_of("initialisation"), "initialisation"):
            device = torch.device(trial.settings.device)
            self.model = build_model(trial, registry).to(device).to(memory_format=layout(trial.settings))
            endless = replace(trial, settings=replace(trial.settings, epochs=_EPOCHS))
            setup = build_setup(endless, data, self.model, registry)
        if trial.settings.compile:
            compile_calls(self.model)
        size = trial.settings.batch_size
        self.batch = next(setup.train_feed.in_order(size))
        self.setup = replace(
            setup,
            train_feed=replace(setup.train_feed, indices=setup.train_feed.indices[: _STEPS * size]),
            test_feed=replace(setup.test_feed, indices=setup.test_feed.indices[:_EVALUATED]),
        )
        self.tasks: Mapping[str, Callable[[], int]] = dict(
            zip(PARTS, (self.forward, self.backward, self.step, self.evaluation), strict=True)
        )

    @contextmanager
    def settings_applied(self) -> Iterator[None]:
        """Apply the trial's settings of the whole process."""
        apply_process_settings(self.trial.settings)
        with deterministic(self.trial.settings.deterministic):
            yield

    def loss(self) -> torch.Tensor:
        """Return the loss of one fixed batch in training mode."""
        images, labels = self.batch
        self.model.train()
        with self.setup.autocast():
            logits = logits_of(self.model, images, self.setup.num_classes)
            return self.setup.criterion(logits.float(), labels)

    def forward(self) -> int:
        """Compute a batch's loss and keep its graph, as in training."""
        self.loss()
        return len(self.batch[1])

    def backward(self) -> int:
        """Compute a batch's loss and all gradients."""
        self.model.zero_grad(set_to_none=True)
        self.loss().backward()
        return len(self.batch[1])

    def step(self) -> int:
        """Train a piece of an epoch as a trial does, with feed, metrics, optimizer and schedule."""
        train_epoch(self.setup)
        return len(self.setup.train_feed)

    def evaluation(self) -> int:
        """Evaluate on a piece of the test set as a trial does."""
        evaluate_on(self.setup, self.setup.test_feed)
        return len(self.setup.test_feed)

    def window(self, part: str, seconds: float) -> float:
        """Repeat a part for some seconds and return its images per second."""
        images, started = 0, clock(self.setup)
        while (taken := clock(self.setup) - started) < seconds or not images:
            images += self.tasks[part]()
        return images / taken


def measure_rates(
    trials: Sequence[Trial], data_dir: Path, seconds: float, windows: int, registry: Registry
) -> list[dict[str, tuple[float, ...]]]:
    """Return the images per second of each part in each window, for each trial.

    A round measures every trial once, so that a machine that drifts slows all of them; the first round is discarded.
    """
    subjects = [Subject(trial, load_for_trial(trial, data_dir, registry), registry) for trial in trials]
    rates: list[dict[str, list[float]]] = [{part: [] for part in PARTS} for _ in subjects]
    for number in range(windows + 1):
        for part in PARTS:
            for subject, found in zip(subjects, rates, strict=True):
                with subject.settings_applied():
                    rate = subject.window(part, seconds if number else 0.0)
                if number:
                    found[part].append(rate)
    return [{part: tuple(values) for part, values in found.items()} for found in rates]


def measure_cost(trial: Trial, data_dir: Path, registry: Registry) -> Cost:
    """Return what a combination costs; call it in a fresh process, whose memory holds nothing else."""
    settings = trial.settings
    subject = Subject(trial, load_for_trial(trial, data_dir, registry), registry)
    device = torch.device(settings.device)
    with subject.settings_applied():
        cost.reset_peak_memory(device)
        subject.step()
        memory = cost.peak_memory_mb(device)
        flops = _flops(subject)
    return Cost(
        parameters=cost.count_parameters(subject.model),
        flops=flops,
        peak_memory_mb=memory,
        peaks=measure_peaks(device, settings.precision, settings.threads),
    )


def _flops(subject: Subject) -> int | None:
    try:
        with FlopCounterMode(display=False) as counter:
            images = subject.backward()
    except Exception:  # the counter does not support every model
        return None
    return int(counter.get_total_flops()) // images
