"""Diagnostics during a training: each works on a copy of the model, so that nothing it does affects the training."""

import copy
import math
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from dlbench.components.choice import Selection
from dlbench.components.records import Diagnostic
from dlbench.components.syntax import parse_reference
from dlbench.engine.feed import Batch
from dlbench.engine.randomness import borrowed_generators, generator
from dlbench.engine.state import TrainingSetup
from dlbench.errors import ContractError, describe_error
from dlbench.plugins.importing import resolve_factory
from dlbench.plugins.registry import Registry
from dlbench.trials.diagnostics import DiagnosticsPlan, Reading

if TYPE_CHECKING:
    from dlbench.plugins.protocols import DiagnosticFactory

PROBE_IMAGES = 512

Batches = Callable[[int], Iterator[tuple[Tensor, Tensor]]]


@dataclass(frozen=True)
class ResolvedDiagnostic:
    """A diagnostic of a plan.

    text: as requested.
    record: its declaration.
    selection: its name and resolved parameters.
    """

    text: str
    record: Diagnostic
    selection: Selection


def resolve_diagnostics(diagnostics: DiagnosticsPlan, registry: Registry) -> tuple[ResolvedDiagnostic, ...]:
    """Return the records and parameters of a plan's diagnostics."""
    resolved = []
    for text in diagnostics.diagnostics:
        reference = parse_reference(text)
        record = registry.get(Diagnostic, reference.name).record
        resolved.append(ResolvedDiagnostic(text, record, registry.select("diagnostics", reference)))
    return tuple(resolved)


@dataclass(eq=False)
class DiagnosticsRunner:
    """Runs the diagnostics of one training, which calls `step` and `measure`.

    diagnostics: which diagnostics to run, and in which epochs.
    resolved: the same diagnostics, resolved.
    seed: the trial's seed.
    readings: the values so far.
    watched: the epochs so far in which each diagnostic ran.
    faults: the first error of each diagnostic that raised, with its traceback.
    """

    diagnostics: DiagnosticsPlan
    resolved: Sequence[ResolvedDiagnostic]
    seed: int
    readings: list[Reading] = field(default_factory=list)
    watched: dict[str, list[int]] = field(default_factory=dict)
    faults: dict[str, tuple[str, str]] = field(default_factory=dict)
    _steps: int = 0
    _rate: float = math.nan
    _losses: list[Sequence[float]] = field(default_factory=list)
    _update: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)

    def step(self, setup: TrainingSetup, batch: Batch) -> tuple[Tensor, Tensor]:
        """Do a training step; keep the weights around the epoch's last full batch if a diagnostic needs them."""
        self._steps += 1
        if self._steps == setup.train_feed.steps(setup.batch_size):
            self._rate = _learning_rate(setup)  # after it, a schedule may have gone on to the next step's
        needed = any("update" in diagnostic.record.needs for diagnostic in self.resolved)
        if not needed or self._steps != max(1, len(setup.train_feed) // setup.batch_size):
            return setup.step(setup, batch)
        before = _weights(setup.model)
        outcome = setup.step(setup, batch)
        after = _weights(setup.model)
        self._update = {name: (weight, after[name]) for name, weight in before.items()}
        return outcome

    def measure(self, setup: TrainingSetup, epoch: int, step_losses: Sequence[float], *, last: bool) -> None:
        """Run the diagnostics that are due after an epoch. last: whether the training ends with it."""
        self._steps = 0
        self._losses.append(step_losses)
        if not self.diagnostics.due(epoch, last=last):
            return
        train_feed, held_out = (
            feed.mixed(generator(self.seed, "probe")) for feed in (setup.train_feed, setup.validation_feed)
        )
        images, labels = next(train_feed.in_order(PROBE_IMAGES))
        extras = {
            "training_batches": train_feed.in_order,
            "held_out_batches": held_out.in_order,
            # Where the training was resumed since, a checkpoint has left it on the CPU.
            "update": {name: tuple(w.to(images.device) for w in pair) for name, pair in self._update.items()},
            "step_losses": tuple(map(tuple, self._losses)),
            "learning_rate": self._rate,
        }
        for diagnostic in self.resolved:
            self.watched.setdefault(diagnostic.text, []).append(epoch)
            try:
                self.readings += self._run(diagnostic, setup, images.clone(), labels.clone(), extras, epoch)
            except Exception as error:
                message = describe_error(error, limit=300)
                self.faults.setdefault(diagnostic.text, (message, traceback.format_exc()))

    def _run(
        self,
        diagnostic: ResolvedDiagnostic,
        setup: TrainingSetup,
        images: Tensor,
        labels: Tensor,
        extras: dict[str, Any],
        epoch: int,
    ) -> list[Reading]:
        """Return the readings of one diagnostic: all or, if it raises, none."""
        factory: DiagnosticFactory = resolve_factory(diagnostic.record)
        given = {name: extras[name] for name in diagnostic.record.needs} | dict(diagnostic.selection.parameters)
        with borrowed_generators(self.seed, "probe"):
            found = [
                Reading(epoch, str(layer), name, float(value))
                for layer, name, value in factory(_copy(setup.model), images, labels, setup.criterion, **given)
            ]
        if unknown := {reading.diagnostic for reading in found} - set(diagnostic.record.value_names):
            raise ContractError(f"it returned {min(unknown)}, which its record does not list among its values")
        return found

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {
            "readings": [(r.epoch, r.layer, r.diagnostic, r.value) for r in self.readings],
            "watched": self.watched,
            "faults": self.faults,
            "steps": self._steps,
            "rate": self._rate,
            "losses": [list(losses) for losses in self._losses],
            "update": self._update,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state from a checkpoint."""
        self.readings[:] = [Reading(*reading) for reading in state["readings"]]
        self.watched, self.faults = dict(state["watched"]), dict(state["faults"])
        self._steps, self._rate = state["steps"], state["rate"]
        self._losses, self._update = state["losses"], state["update"]

    @property
    def message(self) -> str:
        """Return a message that names the diagnostics that raised, or ""."""
        named = [f"{_short_name(text)} ({error})" for text, (error, _) in self.faults.items()]
        return f"diagnostics that failed: {'; '.join(named)}" if named else ""

    @property
    def log(self) -> str:
        """Return the tracebacks of the diagnostics that raised."""
        return "".join(f"The diagnostic {text} failed.\n{trace}" for text, (_, trace) in self.faults.items())


def _short_name(text: str) -> str:
    return parse_reference(text).name.partition("/")[2]


def _learning_rate(setup: TrainingSetup) -> float:
    return float(setup.optimizer.param_groups[0]["lr"])


def _weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}


def _copy(model: nn.Module) -> nn.Module:
    """Return a copy in eval mode whose parameters carry no gradients."""
    copied = copy.deepcopy(model).eval()
    for parameter in copied.parameters():
        parameter.grad = None
    return copied
