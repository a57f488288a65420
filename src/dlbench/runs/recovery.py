"""A manifest rebuilt from the records of a run whose own manifest is lost."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlbench.components.axes import AXES
from dlbench.components.syntax import format_value
from dlbench.plans.hold import HOLD
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.runs.journal import FOLDER, session_moment
from dlbench.runs.manifest import SCHEMA, Manifest, read_whole_parts
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord

#: Columns of a trial that are neither an axis nor a setting.
_BESIDE = ("seed", "dataset_digest", "stream_seeds")


def recover_manifest(folder: Path, records: Sequence[TrialRecord]) -> Manifest:
    """Return a manifest for the records of a run folder, with what of its damaged one is whole.

    Where the plan is not, what varies among the records becomes the axes; how they were to be judged is not known.
    Variants are in the order of their first records and the baseline is the first. The provenance of the sessions is
    lost, so the next session in the folder asks about it.
    """
    kept = read_whole_parts(folder)
    if kept is not None:
        return kept if kept.sessions else replace(kept, sessions=_sessions(folder))
    return Manifest(schema=SCHEMA, name=folder.name, plan=_rebuilt_plan(records), sessions=_sessions(folder))


def _rebuilt_plan(records: Sequence[TrialRecord]) -> PlanRecord:
    telling = [record.trial for record in records if tells_plan(record)]
    usual = [trial for trial in telling if not trial.stream_seeds]  # others, if any, show where the spread comes from
    trials = {trial.variant_id: trial for trial in usual or telling}
    rows = {key: _texts(trial) for key, trial in trials.items()}
    names = list(next(iter(rows.values()), {}))
    axes = [name for name in names if len({row[name] for row in rows.values()}) > 1]
    fixed = {name: row[name] for row in list(rows.values())[:1] for name in names if name not in axes}
    if held := next((tuple(trial.stream_seeds) for trial in trials.values()), ()):
        fixed[HOLD] = ",".join(held)
    if "device" in fixed:
        fixed["device"] = "auto"  # the device in use is in the records
    variants = _with_labels([_variant(trial, rows[key], axes) for key, trial in trials.items()])
    return PlanRecord(
        axes={axis: tuple(dict.fromkeys(variant.values[axis] for variant in variants)) for axis in axes},
        fixed=fixed,
        variants=variants,
        seeds=tuple(sorted({record.trial.seed for record in records if record.trial.variant_id in trials})),
        baseline=variants[0].label,
        rebuilt=True,
    )


def tells_plan(record: TrialRecord) -> bool:
    """Return whether a record belongs to a comparison itself, not to a search before it."""
    return record.status != "vetoed" and record.trial.role == "evaluation"


def _texts(trial: Trial) -> dict[str, str]:
    row = {name: value for name, value in trial.row().items() if name not in _BESIDE}
    return {name: value if isinstance(value, str) else format_value(value) for name, value in row.items()}


def _variant(trial: Trial, row: dict[str, str], axes: Sequence[str]) -> PlannedVariant:
    values = {axis: trial.components[axis].short if axis in AXES else row[axis] for axis in axes}
    label = ", ".join(values.values()) or trial.model.short
    return PlannedVariant(label=label, values=values, variant_id=trial.variant_id)


def _with_labels(variants: Sequence[PlannedVariant]) -> tuple[PlannedVariant, ...]:
    """Return variants with a label each: one that recurs gets a number."""
    found: list[PlannedVariant] = []
    for variant in variants:
        recurring = sum(known.label.partition(" #")[0] == variant.label for known in found)
        found.append(replace(variant, label=f"{variant.label} #{recurring + 1}") if recurring else variant)
    return tuple(found)


def _sessions(folder: Path) -> tuple[dict[str, Any], ...]:
    """Return the sessions, with the start times in the names of their journals."""
    sessions: list[dict[str, Any]] = []
    for path in sorted((folder / FOLDER).glob("*.jsonl")):
        if moment := session_moment(path.stem):
            started = moment.isoformat(timespec="seconds")
            facts: dict[str, Any] = {"command": [], "started": started, "ended": None, "provenance_id": ""}
            sessions.append({"session": path.stem, **facts})
    return tuple(sessions)
