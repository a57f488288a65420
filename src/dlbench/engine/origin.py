"""Where a record comes from: what this process is like, and whether it is fit for what was planned elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from socket import gethostname
from typing import Any

import torch

from dlbench.engine.probe import probe
from dlbench.errors import DataError
from dlbench.machine import may_have_accelerator
from dlbench.plugins.registry import Registry
from dlbench.plugins.source_digests import source_digests
from dlbench.runs.provenance import collect_provenance, provenance_id, version_changes
from dlbench.trials.events import TrialFinished, TrialStarted, UnitLost
from dlbench.trials.node import Node
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord
from dlbench.trials.work_unit import WorkUnit

#: What was found here, by what it was asked for: a process looks once.
_FOUND: dict[tuple[tuple[tuple[str, str], ...], tuple[str, ...]], dict[str, Any]] = {}


def examine(components: Sequence[str], registry: Registry) -> Node:
    """Return what this machine is like for a plan. components: the plan's, by their qualified names."""
    machine = probe()
    plugins = tuple(sorted({name.partition("/")[0] for name in components if "/" in name}))
    found = _found(plugins, tuple(components), registry)
    provenance = {**found, "hardware": found["hardware"] | {"gpu": machine.device_name}}
    return Node(host=gethostname(), machine=machine, provenance=provenance)


def refusal(unit: WorkUnit, registry: Registry) -> UnitLost | None:
    """Return what says that this machine cannot train a unit as it was planned, if it cannot."""
    trial_ids, node = tuple(trial.trial_id for trial in unit.trials), gethostname()
    problem = _problem(unit, registry)
    return UnitLost(trial_ids=trial_ids, reason=f"{node} {problem}", node=node) if problem else None


def _problem(unit: WorkUnit, registry: Registry) -> str:
    if unit.provenance and (changed := version_changes(unit.provenance, _found_for(unit, registry))):
        return f"has not what the comparison was planned with: {'; '.join(changed)}"
    if unit.provenance and any(trial.settings.device == "cuda" for trial in unit.trials):
        return "" if torch.cuda.is_available() else "has no cuda device"
    return ""


def unprepared(trial: Trial, unit: WorkUnit, error: DataError) -> UnitLost | None:
    """Return what says that this node has not the data of a trial; None on the session's machine, where it is an error.

    error: what reading the data raised.
    """
    node = gethostname()
    if unit.provenance.get("host", node) == node:
        return None
    reason = f"{trial.dataset.short} is not prepared on {node} ({error.message.rstrip('.')})"
    return UnitLost(trial_ids=(trial.trial_id,), reason=reason, node=node)


def started(trial: Trial, unit: WorkUnit, registry: Registry) -> TrialStarted:
    """Return the event of a trial that this process begins, with the provenance of the process as in `attributed`."""
    here = _here(trial, unit, registry)
    return TrialStarted(trial_id=trial.trial_id, provenance={} if _is_expected(here, unit) else here)


def attributed(record: TrialRecord, unit: WorkUnit, registry: Registry) -> TrialFinished:
    """Return the event of a record that this process has made, with the provenance of the process.

    That is omitted where it is the unit's, which its session knows.
    """
    here = _here(record.trial, unit, registry)
    if not here:
        return TrialFinished(record=record)
    record = replace(record, provenance_id=provenance_id(here), host=unit.host_elsewhere(here))
    return TrialFinished(record=record, provenance={} if _is_expected(here, unit) else here)


def _is_expected(here: Mapping[str, Any], unit: WorkUnit) -> bool:
    return not here or (not unit.host_elsewhere(here) and provenance_id(here) == unit.provenance_id)


def identity_here(trial: Trial, unit: WorkUnit, registry: Registry) -> str:
    """Return the provenance_id of what this process trains for a unit."""
    here = _here(trial, unit, registry)
    return provenance_id(here) if here else unit.provenance_id


def _here(trial: Trial, unit: WorkUnit, registry: Registry) -> dict[str, Any]:
    """Return the provenance of a trial that this process trains; {} where its session says nothing of its own."""
    if not unit.provenance:
        return {}
    found = _found_for(unit, registry)
    return {**found, "hardware": found["hardware"] | {"gpu": _gpu(trial, unit.provenance)}}


def _found_for(unit: WorkUnit, registry: Registry) -> dict[str, Any]:
    return _found(tuple(unit.provenance.get("plugins", {})), unit.components, registry)


def _found(plugins: tuple[str, ...], components: tuple[str, ...], registry: Registry) -> dict[str, Any]:
    known = registry.plugins.by_name
    versions = {name: known[name].version for name in plugins if name in known}
    key = (tuple(versions.items()), components)
    if key not in _FOUND:
        sources = source_digests(components, registry)
        _FOUND[key] = collect_provenance(versions, {}, sources, commit=False)
    return _FOUND[key]


def _gpu(trial: Trial, planned: Mapping[str, Any]) -> str | None:
    """Return the model of the GPU that trains a trial, or that is idle beside it.

    On the session's machine an idle one is not asked: that would take some of its memory.
    """
    if trial.settings.device == "cuda":
        return torch.cuda.get_device_name()
    if planned.get("host") == gethostname():
        known: str | None = planned.get("hardware", {}).get("gpu")
        return known
    return torch.cuda.get_device_name() if may_have_accelerator() and torch.cuda.is_available() else ""
