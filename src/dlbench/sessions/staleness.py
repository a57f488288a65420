"""Which results were computed by other versions or on other hardware than this session's."""

from collections.abc import Iterable, Mapping
from typing import Any

from dlbench.components.user_code import is_user_code
from dlbench.errors import DlbenchError
from dlbench.plans.plan import Plan
from dlbench.plugins.registry import Registry
from dlbench.runs.folder_state import FolderState
from dlbench.runs.provenance import differences, provenance_id
from dlbench.sessions.options import Options
from dlbench.trials.trial import Trial

_UNKNOWN = "what it was is not recorded"


def plugins_used(plan: Plan, registry: Registry) -> dict[str, str]:
    """Return the versions of the plugins whose components affect the numbers."""
    names = sorted({name.partition("/")[0] for name in components_used(plan) if "/" in name})
    return {name: registry.plugins.by_name[name].version for name in names}


def own_code(plan: Plan, registry: Registry) -> list[str]:
    """Return the user's own code that a plan uses, each as "NAME=DIGEST"."""
    return [f"{name}={digest}" for name, digest in plugins_used(plan, registry).items() if is_user_code(name)]


def check_code(expected: Iterable[str], plan: Plan, registry: Registry) -> None:
    """Raise DlbenchError where a plan uses other own code than is expected, which is written as "NAME=DIGEST"."""
    used = plugins_used(plan, registry)
    for name, _, digest in (each.rpartition("=") for each in expected):
        if used.get(name, digest) != digest:
            raise DlbenchError(
                f"{registry.user.origin(f'{name}/') or name} was edited after the command was submitted.",
                "Submit it again, or give the file back its content.",
            )


def components_used(plan: Plan) -> list[str]:
    """Return the qualified names of the plan's components."""
    used = [selection.name for variant in plan.variants for selection in variant.trial.components.values()]
    return list(dict.fromkeys(used))


def plugins_of(trial: Trial) -> list[str]:
    """Return the names of the plugins of a trial's components."""
    names = [selection.name for selection in trial.components.values()]
    return sorted({name.partition("/")[0] for name in names if "/" in name})


def changes(before: Mapping[str, Any], provenance: Mapping[str, Any], plugins: Iterable[str]) -> list[str]:
    """Return what differs between what made a record and a session, or the most similar node that it knows.

    The nodes of one executor stand for each other: which of them takes a trial is its own choice.
    """
    plugins, session = tuple(plugins), before.get("session")
    if isinstance(session, Mapping) and session.get("executor") == provenance.get("executor"):
        before = session
    nodes = provenance.get("nodes", {}).values()
    return min((differences(before, now, plugins) for now in (provenance, *nodes)), key=len)


def stale_trials(plan: Plan, state: FolderState, options: Options, provenance: Mapping[str, Any]) -> frozenset[str]:
    """Return the completed trials of a plan to compute again because their provenance differs from the session's.

    What counts is what affects a trial's own numbers. Raises DlbenchError, which names the differences, where there are
    such trials and the options neither accept them nor ask for computing them again.
    """
    now = provenance_id(provenance)
    completed = state.completed & {trial.trial_id for trial in plan.trials}
    known = state.provenances
    old: dict[str, list[str]] = {}
    for trial_id, record in state.records.items():
        if trial_id in completed and record.provenance_id != now:
            before = known.get(record.provenance_id)
            changed = changes(before, provenance, plugins_of(record.trial)) if before else [_UNKNOWN]
            if changed:
                old[trial_id] = changed
    if not old or options.accept_old:
        return frozenset()
    if options.redo_stale:
        return frozenset(old)
    named = ", ".join(dict.fromkeys(change for changed in old.values() for change in changed))
    raise DlbenchError(
        f"{len(old)} results in the run folder have another provenance: {named}.",
        "Add --accept-old to keep them, --redo-stale to compute them again, or choose another --name.",
    )
