"""Which results were computed by other versions or on other hardware than this session's."""

from collections.abc import Mapping
from typing import Any

from dlbench.errors import DlbenchError
from dlbench.plans.plan import Plan
from dlbench.plugins.registry import Registry
from dlbench.runs.folder_state import FolderState
from dlbench.runs.provenance import provenance_id
from dlbench.sessions.options import Options


def plugins_used(plan: Plan, registry: Registry) -> dict[str, str]:
    """Return the versions of the plugins whose components affect the numbers."""
    selections = [selection for variant in plan.variants for selection in variant.trial.components.values()]
    names = sorted({selection.name.partition("/")[0] for selection in selections if "/" in selection.name})
    return {name: registry.plugins.by_name[name].version for name in names}


def stale_trials(plan: Plan, state: FolderState, options: Options, provenance: Mapping[str, Any]) -> frozenset[str]:
    """Return the completed trials of a plan to compute again because their provenance differs from the session's.

    Raises DlbenchError, which names the differences, where there are such trials and the options neither accept them
    nor ask for computing them again.
    """
    now = provenance_id(provenance)
    completed = state.completed & {trial.trial_id for trial in plan.trials}
    records = {trial_id: record for trial_id, record in state.records.items() if trial_id in completed}
    old = {trial_id: record for trial_id, record in records.items() if record.provenance_id != now}
    if not old or options.accept_old:
        return frozenset()
    if options.redo_stale:
        return frozenset(old)
    last = list(old.values())[-1].provenance_id
    sessions = (session for session in reversed(state.sessions) if session.get("provenance_id") == last)
    before: Mapping[str, Any] = next(sessions, {})
    raise DlbenchError(
        f"{len(old)} results in the run folder have another provenance: {_changes(before, provenance)}.",
        "Add --accept-old to keep them, --redo-stale to compute them again, or choose another --name.",
    )


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if not before:
        return "what it was is not recorded"
    changed: list[str] = []
    for part in ("versions", "plugins", "hardware"):
        old, new = before.get(part, {}), now.get(part, {})
        changed += [f"{key} {old.get(key)} → {new.get(key)}" for key in {**old, **new} if old.get(key) != new.get(key)]
    return ", ".join(changed) or "what differs is not recorded"
