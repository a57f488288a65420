"""`dlbench results show --follow`: the trials of a run as they finish, in any process."""

import time
from typing import TYPE_CHECKING

from dlbench.cli.streams.console import errors
from dlbench.errors import DlbenchError

if TYPE_CHECKING:
    from dlbench.plans.plan_record import PlanRecord
    from dlbench.runs.folder import RunFolder
    from dlbench.trials.trial_record import TrialRecord

#: Seconds between two polls.
_INTERVAL = 0.5


def follow(folder: "RunFolder") -> None:
    """Print a line for each finished trial, on standard error, until no session runs in the folder.

    Ctrl-C stops following; the run is not affected.
    """
    from dlbench.runs.peers import active_peers

    if not active_peers(folder.path):
        errors().print("No session is running in this folder.")
        return
    try:
        while active_peers(folder.path):
            _print_new(folder)
            time.sleep(_INTERVAL)
        _print_new(folder)
    except KeyboardInterrupt:
        errors().print("No longer following; the run continues.")
    if not folder.path.exists():
        raise DlbenchError(f"{folder.path} no longer exists: it was moved or deleted meanwhile.")


def _print_new(folder: "RunFolder") -> None:
    from dlbench.report.terminal.progress import outcome_in_words

    new = folder.refresh()
    plan = folder.manifest.plan if folder.manifest else None
    searched = len(plan.tuning.trials) if plan and plan.tuning else 0
    total = plan.trial_count + plan.varied_count + searched if plan else 0
    done = sum(_is_planned(record, plan) for record in folder.records) - sum(_is_planned(each, plan) for each in new)
    for record in new:
        done += _is_planned(record, plan)
        label = (plan.label_of(record.trial) if plan else "") or record.trial_id
        line = f"[{done}/{total}] {label} seed {record.trial.seed}: {outcome_in_words(record)}"
        errors().print(line, soft_wrap=True)


def _is_planned(record: "TrialRecord", plan: "PlanRecord | None") -> bool:
    """Return whether a record is one of those that the plan counts: none of a veto or of another comparison."""
    if plan is None:
        return record.status != "vetoed"
    searched = plan.tuning is not None and (record.trial.variant_id, record.trial.seed) in plan.tuning.trials
    return (searched or bool(plan.label_of(record.trial))) and record.status != "vetoed"
