"""Which trials a session has to run: a pure function of the plan, what the folder holds, the options and provenance."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dlbench.errors import DlbenchError, suggest
from dlbench.plans.plan import Plan
from dlbench.runs.folder_state import FolderState
from dlbench.sessions.options import Options
from dlbench.sessions.staleness import stale_trials
from dlbench.trials.diagnostics import DiagnosticsPlan
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord


def pending(plan: Plan, state: FolderState, options: Options, provenance: Mapping[str, Any]) -> tuple[Trial, ...]:
    """Return the trials of a plan that a session has to run, in the plan's order.

    A trial runs if it has no completed record, or if its record is to be replaced: --force names it, --redo-stale
    applies, or it lacks something that is asked for (step losses, diagnostics). None runs twice in a session.
    Raises DlbenchError where results have another provenance and the options do not say what to do about them.
    """
    replaced = stale_trials(plan, state, options, provenance) | forced_trials(options.force, plan)
    lacking = _unmeasured(plan, state)
    if options.step_losses:
        lacking |= state.without_steps & _measured(plan)
    there = (state.completed - replaced - lacking) | state.finished_this_session
    return tuple(trial for trial in plan.trials if trial.trial_id not in there)


def measured_again(plan: Plan, state: FolderState) -> str:
    """Return how many trials of a folder run again since they lack diagnostics, as a sentence; "" where none does."""
    count = len(_unmeasured(plan, state))
    lack = "trial of the folder lacks" if count == 1 else "trials of the folder lack"
    return f"{count} {lack} some of the diagnostics: computed again, to the same numbers." if count else ""


def _unmeasured(plan: Plan, state: FolderState) -> frozenset[str]:
    """Return the trial_ids of a plan's trials that a folder has, without some of the plan's diagnostics."""
    return state.without_diagnostics(plan.diagnostics) & _measured(plan)


def _measured(plan: Plan) -> frozenset[str]:
    """Return the trial_ids of a plan's trials but those of a search, which measures nothing."""
    return frozenset(trial.trial_id for trial in plan.trials if trial.role == "evaluation")


def kept_diagnostics(
    wanted: DiagnosticsPlan, record: TrialRecord | None, earlier: Iterable[DiagnosticsPlan]
) -> DiagnosticsPlan:
    """Return what to measure in a trial that replaces a record: what is wanted, and what the record has.

    earlier: what the folder's comparisons measure. Values of one name, measured in two ways, cannot stand in a record.
    """
    for other in earlier if record else ():
        alike = {*other.values} & {*wanted.values} and not {*other.diagnostics} <= {*wanted.diagnostics}
        if record and not alike and not other.missing_from(record.watched, len(record.epochs)):
            wanted = wanted.joined(other)
    return wanted


def forced_trials(names: Iterable[str], plan: Plan) -> frozenset[str]:
    """Return the trials of a plan that are meant by names: a label means all trials of its variant, a trial_id one.

    Names that the plan does not have are ignored: a stage of a growing plan has only some of the trials.
    """
    wanted = frozenset(names)
    return frozenset(trial_id for trial_id, label in _labels(plan) if {trial_id, label} & wanted)


def check_forced(names: Iterable[str], *plans: Plan) -> None:
    """Raise DlbenchError for a name that is neither a label nor a trial_id of the plans: a search, a comparison."""
    known = {name for plan in plans for pair in _labels(plan) for name in pair}
    known.update(label for plan in plans for label in plan.labels.values())
    for name in names:
        if name not in known:
            shown = dict.fromkeys(variant.label for plan in plans for variant in plan.variants)
            raise DlbenchError(
                f"There is no variant and no trial {name!r} to compute again.",
                suggest(name, shown, f"--force takes {', '.join(shown)}, or a trial_id of the plan."),
            )


def _labels(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the trial_id of each trial with the label of its variant."""
    for trial in plan.trials:
        yield trial.trial_id, plan.labels[trial.variant_id]
