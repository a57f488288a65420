"""What a session starts from: a folder moved aside with --fresh, and trials of other runs with --reuse."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlbench.errors import DlbenchError
from dlbench.plans.plan import Plan
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import list_runs
from dlbench.runs.peers import active_peers, in_use
from dlbench.runs.provenance import provenance_id
from dlbench.sessions.options import Options
from dlbench.sessions.pending import forced_trials
from dlbench.sessions.staleness import changes, plugins_of
from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import COMPLETED, TrialRecord


@dataclass(frozen=True)
class ReusableTrial:
    """A trial's record in another run folder."""

    run: Path
    record: TrialRecord

    @property
    def weights(self) -> Path:
        """Return the path of its weights, if they were kept."""
        return self.run / "weights" / f"{self.record.trial_id}.pt"


@dataclass(frozen=True)
class ReuseRequirements:
    """What a record must have to be reused; that of a search, which keeps and measures nothing, need not.

    steps: the loss of each step.
    weights: the selected weights, in a file.
    diagnostics: what must have been measured.
    """

    steps: bool = False
    weights: bool = False
    diagnostics: DiagnosticsPlan = NO_DIAGNOSTICS

    def satisfied_by(self, found: ReusableTrial) -> bool:
        """Return whether a record has everything required."""
        record = found.record
        if record.trial.role != "evaluation":
            return True
        steps, weights = bool(record.steps) or not self.steps, found.weights.is_file() or not self.weights
        return steps and weights and not self.diagnostics.missing_from(record.watched, len(record.epochs))


def check_fresh(path: Path) -> str:
    """Return the question whether to set a folder's content aside; "" if the folder is empty.

    Raises DlbenchError if another session is active there.
    """
    if peers := active_peers(path):
        raise in_use(path, peers, "Wait until it ends, or choose another --name.")
    if not path.is_dir() or not any(path.iterdir()):
        return ""
    try:
        count = f"{len(RunFolder(path).records):,} trials"
    except DlbenchError:  # however it is damaged, starting over helps
        count = "unreadable results"
    return f"Start over, and set {path} with {count} aside?"


def reusable(
    trials: Sequence[Trial], own: Path, provenance: Mapping[str, Any], fits: Callable[[ReusableTrial], bool]
) -> Iterator[ReusableTrial]:
    """Yield the trials' records in the other run folders of the same parent that have the same provenance.

    That is: the versions of dlbench, torch, numpy and the plugins that affect the trial's numbers, the plugins'
    sources, the processors, and the variables that set the arithmetic. fits: what else is required of a record.
    """
    wanted = {trial.trial_id: trial for trial in trials}
    for run in list_runs(own.parent):
        if not wanted or run.resolve() == own.resolve():
            continue
        try:
            folder = RunFolder(run)
        except DlbenchError:  # damaged, or of a newer dlbench: nothing to reuse
            continue
        known = folder.state.provenances
        for record in folder.records:
            found, before = ReusableTrial(run, record), known.get(record.provenance_id)
            if record.trial_id not in wanted or record.status not in COMPLETED or before is None:
                continue
            same = not changes(before, provenance, plugins_of(record.trial))
            if same and fits(found):
                del wanted[record.trial_id]
                yield found


class Reuse:
    """Takes trials of other runs into a session's folder.

    taken: their trial_ids.
    """

    def __init__(self, folder: RunFolder, options: Options, provenance: Mapping[str, Any]) -> None:
        self._folder, self._options, self._provenance = folder, options, provenance
        self._provenance_id = provenance_id(provenance)
        self._counts: Counter[str] = Counter()
        self.taken: set[str] = set()

    def take(self, plan: Plan, pending: Sequence[Trial]) -> list[str]:
        """Copy what other runs have of a plan's pending trials; return a sentence about each of the runs."""
        options, counts = self._options, Counter[str]()
        forced = forced_trials(options.force, plan)
        wanted = [trial for trial in pending if trial.trial_id not in forced]
        requirements = ReuseRequirements(
            steps=options.step_losses, weights=options.save_weights, diagnostics=plan.diagnostics
        )
        fitting = reusable(
            wanted,
            self._folder.path,
            self._provenance,
            lambda found: requirements.satisfied_by(found) and self._loses_nothing(found),
        )
        for found in fitting:
            if not self._folder.claim(found.record.trial_id):  # another session runs it
                continue
            self._folder.add(found.record.with_provenance(self._provenance_id))
            self.taken.add(found.record.trial_id)
            if found.weights.is_file() and (options.save_weights or self._folder.has_weights(found.record.trial_id)):
                self._folder.take_weights(found.weights)
            counts[found.run.name] += 1
        if counts:
            self._counts += counts  # where variants are tuned, first for the search, then for the comparison
            self._folder.add_session_facts(reused=dict(self._counts))
        return [
            f"{count} trial{'s' * (count != 1)} taken from {run}, of the same versions."
            for run, count in counts.items()
        ]

    def _loses_nothing(self, found: ReusableTrial) -> bool:
        """Return whether a record has all that the one has that it replaces."""
        record, known = found.record, self._folder.record(found.record.trial_id)
        if self._folder.has_weights(record.trial_id) and not found.weights.is_file():
            return False
        if known is None or known.status not in COMPLETED:
            return True
        return bool(record.steps or not known.steps) and known.watched.keys() <= record.watched.keys()
