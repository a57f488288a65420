"""Under which conditions results were computed, and which of them were others than now."""

from collections.abc import Mapping
from typing import Any

from dlbench.errors import DlbenchError
from dlbench.plans.plan import Plan
from dlbench.plugins.registry import Registry
from dlbench.runs.folder import RunFolder
from dlbench.runs.provenance import provenance_id


def plugins_used(plan: Plan, registry: Registry) -> dict[str, str]:
    """Return the versions of the plugins whose components decide the numbers."""
    selections = [selection for variant in plan.variants for selection in variant.trial.components.values()]
    names = sorted({selection.name.partition("/")[0] for selection in selections if "/" in selection.name})
    return {name: registry.plugins.by_name[name].version for name in names}


def stale_trials(
    folder: RunFolder, plan: Plan, provenance: Mapping[str, Any], *, accept: bool, redo: bool
) -> frozenset[str]:
    """Return the trials of a plan to compute again, as they were computed under other conditions.

    accept: keep them all; redo: compute them all again. Where neither was said they are a DlbenchError that tells
    what changed.
    """
    now = provenance_id(provenance)
    planned = {trial.trial_id for trial in plan.trials}
    answered = [record for record in folder.records if record.trial_id in planned & folder.answered]
    old = [record for record in answered if record.provenance_id != now]
    if not old or accept:
        return frozenset()
    if redo:
        return frozenset(record.trial_id for record in old)
    sessions = folder.manifest.sessions if folder.manifest else ()
    before: Mapping[str, Any] = next((s for s in reversed(sessions) if s["provenance_id"] == old[-1].provenance_id), {})
    raise DlbenchError(
        f"{len(old)} results in {folder.path} were computed under other conditions: {_changes(before, provenance)}.",
        "Add --accept-old to keep them, --redo-stale to compute them again, or choose another --name.",
    )


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    changed = []
    for part in ("versions", "plugins", "hardware"):
        old, new = before.get(part, {}), now.get(part, {})
        changed += [f"{key} {old.get(key)} → {new.get(key)}" for key in {**old, **new} if old.get(key) != new.get(key)]
    return ", ".join(changed) or "what they were is not recorded"
