"""The work units of a session: what of a trial is kept, measured and checkpointed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlbench.errors import DlbenchError
from dlbench.plans.diagnostics import read_diagnostics
from dlbench.plugins.registry import Registry
from dlbench.runs.checkpoint_files import FOLDER as CHECKPOINTS
from dlbench.runs.folder import RunFolder
from dlbench.runs.provenance import provenance_id
from dlbench.sessions.options import Options
from dlbench.sessions.pending import kept_diagnostics
from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan
from dlbench.trials.trial import Trial
from dlbench.trials.work_unit import WorkUnit

if TYPE_CHECKING:
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

    def make(self, trial: Trial, wanted: DiagnosticsPlan, *, shared: bool = True) -> WorkUnit:
        """Return the unit of a trial.

        wanted: what its plan measures; nothing is measured while tuning. shared: whether its node sees the run folder.
        """
        folder = self._folder.path.absolute()  # workers have a working directory of their own
        evaluated, options = trial.role == "evaluation", self._options
        kept: dict[ArtifactKind, bool] = {
            "checkpoint": bool(options.checkpoint_every),
            "weights": options.save_weights and evaluated,
        }
        return WorkUnit(
            trials=(trial,),
            weights_folder=str(folder / "weights") if kept["weights"] and shared else "",
            keep_steps=options.step_losses or self._has_steps(trial),
            diagnostics=self._diagnostics(trial, wanted) if evaluated else NO_DIAGNOSTICS,
            checkpoint_folder=str(folder / CHECKPOINTS) if kept["checkpoint"] and shared else "",
            carried=() if shared else tuple(kind for kind, wanted in kept.items() if wanted),
            checkpoint_every=options.checkpoint_every,
            provenance_id=self._provenance_id,
            provenance=self._provenance,
            components=self._components,
        )

    def _has_steps(self, trial: Trial) -> bool:
        """Return whether a record has step losses: one that replaces it has everything that it has."""
        state = self._folder.state
        return trial.trial_id in state.completed and trial.trial_id not in state.without_steps

    def _diagnostics(self, trial: Trial, wanted: DiagnosticsPlan) -> DiagnosticsPlan:
        """Return what is measured: what the plan asks for, and what the record that is replaced has."""
        record = self._folder.state.records.get(trial.trial_id)
        earlier = self._folder.earlier_diagnostics if record and record.watched else ()
        return kept_diagnostics(wanted, record, filter(self._is_known, earlier))

    def _is_known(self, diagnostics: DiagnosticsPlan) -> bool:
        """Return whether diagnostics can still be measured: their plugins are installed."""
        try:
            read_diagnostics(diagnostics.diagnostics, self._registry)
        except DlbenchError:
            return False
        return True
