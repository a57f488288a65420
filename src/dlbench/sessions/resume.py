"""Which trials a session computes: those missing, those to be done again, and those that another run has already."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlbench.errors import DlbenchError, suggest
from dlbench.plans.plan import Plan
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import list_runs
from dlbench.runs.peers import at_work
from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord

_DECISIVE = ("dlbench", "torch", "numpy")


@dataclass(frozen=True)
class ReusableTrial:
    """A trial's record in another run folder."""

    run: Path
    record: TrialRecord

    @property
    def weights(self) -> Path:
        """Return where its weights are, if they were kept."""
        return self.run / "weights" / f"{self.record.trial_id}.pt"


@dataclass(frozen=True)
class ReuseRequirements:
    """What a record must come with to be taken over: each step's loss, its weights, what diagnostics measure."""

    steps: bool = False
    weights: bool = False
    diagnostics: DiagnosticsPlan = NO_DIAGNOSTICS

    def satisfied_by(self, found: ReusableTrial) -> bool:
        """Tell whether a record comes with all that."""
        record = found.record
        steps, weights = bool(record.steps) or not self.steps, found.weights.is_file() or not self.weights
        return steps and weights and not self.diagnostics.lacks(record.watched, len(record.epochs))


def check_fresh(path: Path) -> str:
    """Return what starting over would set aside, as a question; "" where there is nothing.

    Raises DlbenchError where another process is at work there.
    """
    if peers := at_work(path):
        raise DlbenchError(
            f"{path} is in use by {', '.join(map(str, peers))}: it cannot be set aside.",
            "Wait for its end, or choose another --name.",
        )
    if not path.is_dir() or not any(path.iterdir()):
        return ""
    try:
        count = f"{len(RunFolder(path).records):,} trials"
    except DlbenchError:  # whatever is wrong with it: starting over is a way out
        count = "what cannot be read"
    return f"Start over, and set {path} with {count} aside?"


def forced_trials(names: Iterable[str], plan: Plan) -> frozenset[str]:
    """Return the trials of a plan that names mean: a variant's label means all of its trials, a trial_id one."""
    by_label: dict[str, list[str]] = {}
    labels = {variant.trial.variant_id: variant.label for variant in plan.variants}
    for trial in plan.trials:
        by_label.setdefault(labels[trial.variant_id], []).append(trial.trial_id)
    known = {*itertools.chain.from_iterable(by_label.values())}
    forced: set[str] = set()
    for name in names:
        if name not in by_label and name not in known:
            raise DlbenchError(
                f"There is no variant and no trial {name!r} to compute again.",
                suggest(name, by_label, f"--force takes {', '.join(by_label)}, or a trial_id of the plan."),
            )
        forced.update(by_label.get(name, [name]))
    return frozenset(forced)


def reusable(
    trials: Sequence[Trial], own: Path, provenance: Mapping[str, Any], wanted_with: ReuseRequirements
) -> Iterator[ReusableTrial]:
    """Yield the trials' records in the run folders beside our own that were computed under the conditions of now.

    Those are the versions of dlbench, torch, numpy and the plugins that decide the trial's numbers, and the processors.
    """
    wanted = {trial.trial_id: trial for trial in trials}
    for run in list_runs(own.parent):
        if not wanted or run.resolve() == own.resolve():
            continue
        try:
            folder = RunFolder(run)
        except DlbenchError:  # damaged, or of a newer dlbench: nothing to take
            continue
        sessions = {s.get("provenance_id"): s for s in (folder.manifest.sessions if folder.manifest else ())}
        for record in folder.records:
            found, session = ReusableTrial(run, record), sessions.get(record.provenance_id)
            if record.trial_id not in wanted.keys() & folder.answered or session is None:
                continue
            same = _decisive(session, record.trial) == _decisive(provenance, record.trial)
            if same and wanted_with.satisfied_by(found):
                del wanted[record.trial_id]
                yield found


def _decisive(provenance: Mapping[str, Any], trial: Trial) -> list[Any]:
    """Return what of a session's provenance decides the numbers of a trial."""
    versions, hardware = provenance.get("versions", {}), provenance.get("hardware", {})
    plugins = {selection.name.partition("/")[0] for selection in trial.components.values() if "/" in selection.name}
    return [
        *(versions.get(name) for name in _DECISIVE),
        *(provenance.get("plugins", {}).get(name, "") for name in sorted(plugins)),
        *(hardware.get(name) for name in ("cpu", "gpu")),
    ]
