"""Diagnostics beside a training: each works on a copy of the model, so that nothing it does reaches the training."""

import copy
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from dlbench.components.choice import Selection
from dlbench.components.records import Diagnostic
from dlbench.components.syntax import parse_reference
from dlbench.engine.building import resolve_factory
from dlbench.engine.feed import Batch, Feed
from dlbench.engine.randomness import borrowed_generators, generator
from dlbench.engine.training import TrainingSetup
from dlbench.errors import ContractError
from dlbench.plugins.registry import Registry
from dlbench.trials.diagnostics import DiagnosticsPlan, Reading

PROBE_IMAGES = 512

Batches = Callable[[int], Iterator[tuple[Tensor, Tensor]]]


@dataclass(frozen=True)
class ResolvedDiagnostic:
    """A diagnostic as it was asked for: its text, its record and its resolved parameters."""

    text: str
    record: Diagnostic
    selection: Selection


def choose(diagnostics: DiagnosticsPlan, registry: Registry) -> tuple[ResolvedDiagnostic, ...]:
    """Resolve the diagnostics of a plan to their factories."""
    chosen = []
    for text in diagnostics.diagnostics:
        reference = parse_reference(text)
        record = registry.get("diagnostics", reference.name).record
        assert isinstance(record, Diagnostic)
        chosen.append(ResolvedDiagnostic(text, record, registry.select("diagnostics", reference)))
    return tuple(chosen)


@dataclass(eq=False)
class Watcher:
    """Measures one training; `step` and `measure` are called by it.

    readings, watched: as the trial's record keeps them. faults: the first error of each diagnostic that raised, with
    its traceback.
    """

    diagnostics: DiagnosticsPlan
    chosen: Sequence[ResolvedDiagnostic]
    seed: int
    readings: list[Reading] = field(default_factory=list)
    watched: dict[str, list[int]] = field(default_factory=dict)
    faults: dict[str, tuple[str, str]] = field(default_factory=dict)
    _steps: int = 0
    _losses: list[Sequence[float]] = field(default_factory=list)
    _update: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)

    def step(self, use: TrainingSetup, batch: Batch) -> tuple[Tensor, Tensor]:
        """Do a training step; keep the weights around the epoch's last whole batch, where a diagnostic needs them."""
        self._steps += 1
        needed = any("update" in chosen.record.needs for chosen in self.chosen)
        if not needed or self._steps != max(1, len(use.train_feed) // use.batch_size):
            return use.step(use, batch)
        before = _weights(use.model)
        answer = use.step(use, batch)
        after = _weights(use.model)
        self._update = {name: (weight, after[name]) for name, weight in before.items()}
        return answer

    def measure(self, use: TrainingSetup, epoch: int, step_losses: Sequence[float], *, last: bool) -> None:
        """Run the diagnostics that are due at the end of an epoch. last: whether the training ends with it."""
        self._steps = 0
        self._losses.append(step_losses)
        if not self.diagnostics.due(epoch, last=last):
            return
        order = torch.randperm(len(use.train_feed), generator=generator(self.seed, "probe"))
        probe = _part(use.train_feed, order[:PROBE_IMAGES])
        images, labels = next(probe.in_order(PROBE_IMAGES))
        extras = {
            "training_batches": _part(use.train_feed, order).in_order,
            "held_out_batches": self._shuffled(use.validation_feed).in_order,
            "update": dict(self._update),
            "step_losses": tuple(map(tuple, self._losses)),
            "learning_rate": float(use.optimizer.param_groups[0]["lr"]),
        }
        for chosen in self.chosen:
            self.watched.setdefault(chosen.text, []).append(epoch)
            try:
                self.readings += self._run(chosen, use, images.clone(), labels.clone(), extras, epoch)
            except Exception as error:
                said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
                self.faults.setdefault(chosen.text, (said, traceback.format_exc()))

    def _run(
        self,
        chosen: ResolvedDiagnostic,
        use: TrainingSetup,
        images: Tensor,
        labels: Tensor,
        extras: dict[str, Any],
        epoch: int,
    ) -> list[Reading]:
        """Return what one diagnostic gives: all of it or, where it raises, nothing."""
        factory = resolve_factory(chosen.record)
        given = {name: extras[name] for name in chosen.record.needs} | dict(chosen.selection.parameters)
        with borrowed_generators(self.seed, "probe"):
            found = [
                Reading(epoch, str(layer), name, float(value))
                for layer, name, value in factory(_copy(use.model), images, labels, use.criterion, **given)
            ]
        if strange := {reading.diagnostic for reading in found} - set(chosen.record.values):
            raise ContractError(f"it gave {min(strange)}, which its record does not name among its values")
        return found

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {
            "readings": [(r.epoch, r.layer, r.diagnostic, r.value) for r in self.readings],
            "watched": self.watched,
            "faults": self.faults,
            "steps": self._steps,
            "losses": [list(losses) for losses in self._losses],
            "update": self._update,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.readings[:] = [Reading(*reading) for reading in state["readings"]]
        self.watched, self.faults = dict(state["watched"]), dict(state["faults"])
        self._steps, self._losses, self._update = state["steps"], state["losses"], state["update"]

    def _shuffled(self, feed: Feed) -> Feed:
        return _part(feed, torch.randperm(len(feed), generator=generator(self.seed, "probe")))

    @property
    def message(self) -> str:
        """Say which diagnostics raised, or ""."""
        named = [f"{parse_reference(text).name.partition('/')[2]} ({said})" for text, (said, _) in self.faults.items()]
        return f"diagnostics that failed: {'; '.join(named)}" if named else ""

    @property
    def log(self) -> str:
        """Return the tracebacks of the diagnostics that raised."""
        return "".join(f"The diagnostic {text} failed.\n{trace}" for text, (_, trace) in self.faults.items())


def _part(feed: Feed, places: Tensor) -> Feed:
    """Return a feed of the images at some places of another."""
    return replace(feed, indices=feed.indices[places.to(feed.indices.device)])


def _weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}


def _copy(model: nn.Module) -> nn.Module:
    """Return a copy in eval mode whose parameters carry no gradients."""
    copied = copy.deepcopy(model).eval()
    for parameter in copied.parameters():
        parameter.grad = None
    return copied
