"""Recorded steps that a process keeps from one trial to the next of the same variant.

A recording holds addresses. A trial that takes one over copies its own values there and goes on with those tensors, so
that all that refers to its model or optimizer sees what the recording does. Before any does, a trial makes a recording
of its own beside the kept one, and both do one step from the same state: only where all bits are equal is it used.
"""

import gc
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlbench.engine.feed import Batch
from dlbench.engine.fixed_parts import Unshareable, copied_tensors, data_tensors, fixed_parts
from dlbench.engine.randomness import global_states, set_global_states
from dlbench.engine.state import TrainingSetup
from dlbench.engine.training import update
from dlbench.trials.trial import Trial

#: Records what a function does on the device, without doing it, and returns a function that repeats it.
Recorder = Callable[[Callable[[], None]], Callable[[], None]]
#: The loss of a step and its number of correct predictions.
Outcome = tuple[Tensor, Tensor]

#: So many variants at most; trials of one seed come together, so those of a variant seldom do.
_MOST = 8


class RecordedStep:
    """A recorded step, and the tensors that it reads and writes.

    fixed: what it fixes of the training, None where no other training can be shown to have the same.
    """

    def __init__(self, setup: TrainingSetup, batch: Batch, record: Recorder) -> None:
        self.fixed = _fixed(setup)
        self._batch = Batch(batch.places.clone(), [drawn.clone() for drawn in batch.draws])
        self.tensors = [tensor.detach() for tensor in copied_tensors(setup)]
        self._data = [tensor.detach() for tensor in data_tensors(setup)]
        self._loss = self._correct = torch.empty(0)

        def step() -> None:
            self._loss, self._correct = update(setup, self._batch)

        setup.optimizer.zero_grad(set_to_none=True)  # so that the recording creates gradients of its own
        before = _host_states()
        self._replay = record(step)
        if _host_states() != before:  # it repeats what was drawn, which differs from trial to trial
            self.fixed = None

    def __call__(self, batch: Batch) -> Outcome:
        """Train on a batch; later steps do not change the returned tensors."""
        self._batch.places.copy_(batch.places)
        for recorded, drawn in zip(self._batch.draws, batch.draws, strict=True):
            recorded.copy_(drawn)
        self._replay()
        return self._loss.clone(), self._correct.clone()

    def fits(self, setup: TrainingSetup) -> bool:
        """Return whether a training agrees with this recording in all that it fixes."""
        return self.fixed is not None and self.fixed == _fixed(setup)

    def load(self, tensors: list[Tensor]) -> None:
        """Copy a training's values to where the recording finds them."""
        with torch.no_grad():
            for recorded, own in zip(self.tensors, tensors, strict=True):
                recorded.copy_(own)

    def take_over(self, setup: TrainingSetup) -> None:
        """Make a training go on with the recording's tensors, at the training's own values."""
        own = copied_tensors(setup)
        self.load(own)
        setup.optimizer.zero_grad(set_to_none=True)
        for tensor, recorded in zip((*own, *data_tensors(setup)), (*self.tensors, *self._data), strict=True):
            tensor.data = recorded


@dataclass(eq=False)
class SharedStep:
    """The recording that the trials of a variant share.

    step: None before there is one, and where none can be shared.
    proven: whether it does what a fresh one does; None as long as that is not known.
    """

    step: RecordedStep | None = None
    proven: bool | None = None

    def begin(self, setup: TrainingSetup, batch: Batch, record: Recorder) -> tuple[RecordedStep, Outcome]:
        """Do a training's first recorded step; return what does its further ones, and the outcome."""
        kept = self.step if self.step and self.step.fits(setup) else None
        if kept and self.proven:
            kept.take_over(setup)
            return kept, kept(batch)
        fresh = RecordedStep(setup, batch, record)
        if kept:
            outcome, self.proven = _compared(fresh, kept, batch)
            self.step = kept if self.proven is not False else None
            return fresh, outcome
        if self.proven is not False and fresh.fixed is not None:
            self.step, self.proven = fresh, None
        return fresh, fresh(batch)


def half_is_free() -> bool:
    """Return whether half of the GPU's memory is free."""
    free, total = torch.cuda.mem_get_info()
    if 2 * free < total:
        torch.cuda.empty_cache()  # what this process holds in reserve is free too
        free, total = torch.cuda.mem_get_info()
    return bool(2 * free >= total)


@dataclass(eq=False)
class Recordings:
    """The recorded steps of a process, those of the variants that ran last. has_room: whether it may keep them."""

    has_room: Callable[[], bool] = half_is_free
    _steps: dict[str, SharedStep] = field(default_factory=dict)

    def of(self, trial: Trial) -> SharedStep | None:
        """Return what the trials share that differ from this one in seeds, role and learning rate alone."""
        if not trial.dataset_digest:
            return None
        settings = replace(trial.settings, learning_rate=1.0)
        key = replace(trial, seed=0, stream_seeds={}, role="evaluation", settings=settings).variant_id
        self._steps[key] = self._steps.pop(key, SharedStep())  # the latest is the last
        while len(self._steps) > _MOST:
            self._drop(next(iter(self._steps)))
        return self._steps[key]

    def make_room(self) -> None:
        """Forget recordings, the oldest first, until half of the GPU's memory is free."""
        while any(shared.step for shared in self._steps.values()) and not self.has_room():
            self._drop(next(key for key, shared in self._steps.items() if shared.step))

    def forget(self) -> bool:
        """Forget all recordings, as after a failure; return whether there were any."""
        held = any(shared.step for shared in self._steps.values())
        self._steps.clear()
        gc.collect()
        return held

    def _drop(self, key: str) -> None:
        del self._steps[key]
        gc.collect()


def _compared(fresh: RecordedStep, kept: RecordedStep, batch: Batch) -> tuple[Outcome, bool | None]:
    """Do a step of a fresh recording, and beside it the same of a kept one; return the outcome and whether it is equal.

    None where it is not finite, which proves nothing.
    """
    device = batch.places.device
    kept.load(fresh.tensors)
    before = global_states(device)
    others = kept(batch)
    drawn = global_states(device)
    set_global_states(before, device)
    outcome = fresh(batch)
    pairs = zip((*outcome, *fresh.tensors), (*others, *kept.tensors), strict=True)
    equal = all(torch.equal(_bits(one), _bits(other)) for one, other in pairs)
    equal = equal and _same_draws(drawn, global_states(device))
    return outcome, equal if outcome[0].isfinite() else None


def _same_draws(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(
        torch.equal(state, other[name]) if isinstance(state, Tensor) else state == other[name]
        for name, state in one.items()
    )


def _bits(tensor: Tensor) -> Tensor:
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)


def _fixed(setup: TrainingSetup) -> object:
    try:
        return fixed_parts(setup)
    except Unshareable:
        return None


def _host_states() -> tuple[object, ...]:
    return random.getstate(), str(np.random.get_state(legacy=False)), torch.get_rng_state().tolist()
