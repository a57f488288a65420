"""The work units of a session: what of a trial is kept, measured and checkpointed."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dlbench.errors import DlbenchError
from dlbench.plans.diagnostics import read_diagnostics
from dlbench.plugins.registry import Registry
from dlbench.runs.checkpoint_files import FOLDER as CHECKPOINTS
from dlbench.runs.folder import RunFolder
from dlbench.runs.provenance import provenance_id
from dlbench.runs.timing import Estimates
from dlbench.sessions.carried_files import with_checkpoints
from dlbench.sessions.options import Options
from dlbench.sessions.packing import packed
from dlbench.sessions.pending import kept_diagnostics
from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan
from dlbench.trials.resources import Resources
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import COMPLETED, TrialRecord
from dlbench.trials.work_unit import WorkUnit

if TYPE_CHECKING:
    from dlbench.plugins.protocols import ExecutorProtocol
    from dlbench.trials.events import ArtifactKind

#: What a unit takes along of its session's provenance.
_PLANNED = ("versions", "plugins", "sources", "arithmetic", "hardware", "host")


class Units:
    """Makes the units of a session."""

    def __init__(
        self,
        folder: RunFolder,
        registry: Registry,
        options: Options,
        provenance: Mapping[str, Any],
        components: Sequence[str],
    ) -> None:
        self._folder, self._registry, self._options = folder, registry, options
        self._provenance = {name: provenance[name] for name in _PLANNED if name in provenance}
        self._provenance_id = provenance_id(provenance)
        sources = provenance.get("sources") or {}
        self._components = tuple(name for name in components if name.partition("/")[0] in sources)

    @cached_property
    def _estimates(self) -> Estimates:
        return Estimates(self._folder.path.parent)

    def learn(self, record: TrialRecord) -> None:
        """Take into account what a trial took."""
        self._estimates.learn(record)

    def longest_first(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return trials by estimated time, so that no long one remains for the end."""
        return self._estimates.longest_first(trials)

    def give(
        self, trials: Iterator[Trial], wanted: DiagnosticsPlan, executor: "ExecutorProtocol", left: int
    ) -> Iterator[WorkUnit]:
        """Yield the units of trials as an executor asks for them. left: how many trials there are at most."""
        shared = bool(getattr(executor, "shares_files", True))
        units = (self.make(trial, wanted, shared=shared) for trial in trials)
        least = float(getattr(executor, "unit_seconds", 0.0))
        if not least:
            return units
        return packed(units, self._estimates.seconds, least=least, slots=executor.slots(), left=left)

    def prepare(self, unit: WorkUnit) -> WorkUnit:
        """Return a unit that is given out now with what it carries."""
        return with_checkpoints(unit, self._folder.path)

    def make(self, trial: Trial, wanted: DiagnosticsPlan, *, shared: bool = True) -> WorkUnit:
        """Return the unit of a trial.

        wanted: what its plan measures; nothing is measured while tuning. shared: whether its node sees the run folder.
        """
        folder = self._folder.path.absolute()  # workers have a working directory of their own
        evaluated, options = trial.role == "evaluation", self._options
        kept: dict[ArtifactKind, bool] = {
            "checkpoint": bool(options.checkpoint_every),
            "weights": evaluated and (options.save_weights or self._folder.has_weights(trial.trial_id)),
        }
        return WorkUnit(
            trials=(trial,),
            weights_folder=str(folder / "weights") if kept["weights"] and shared else "",
            resources=Resources(
                cpus=trial.settings.threads,
                gpus=float(trial.settings.device == "cuda"),
                memory_mb=self._estimates.memory_mb(trial),
            ),
            keep_steps=options.step_losses or self._has_steps(trial),
            diagnostics=self._diagnostics(trial, wanted) if evaluated else NO_DIAGNOSTICS,
            checkpoint_folder=str(folder / CHECKPOINTS) if kept["checkpoint"] and shared else "",
            carried=() if shared else tuple(kind for kind, wanted in kept.items() if wanted),
            checkpoint_every=options.checkpoint_every,
            provenance_id=self._provenance_id,
            provenance=self._provenance,
            components=self._components,
            user_code=self._registry.user.codes(self._provenance.get("plugins") or ()),
        )

    def _has_steps(self, trial: Trial) -> bool:
        """Return whether a record has step losses: one that replaces it has everything that it has."""
        record = self._folder.record(trial.trial_id)
        return bool(record and record.status in COMPLETED and record.steps)

    def _diagnostics(self, trial: Trial, wanted: DiagnosticsPlan) -> DiagnosticsPlan:
        """Return what is measured: what the plan asks for, and what the record that is replaced has."""
        record = self._folder.record(trial.trial_id)
        earlier = self._folder.earlier_diagnostics if record and record.watched else ()
        return kept_diagnostics(wanted, record, filter(self._is_known, earlier))

    def _is_known(self, diagnostics: DiagnosticsPlan) -> bool:
        """Return whether diagnostics can still be measured: their plugins are installed."""
        try:
            read_diagnostics(diagnostics.diagnostics, self._registry)
        except DlbenchError:
            return False
        return True
