"""Merging of run folders, from other machines for example: each trial once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

from dlbench.errors import DlbenchError
from dlbench.plans.extend import extend_plan
from dlbench.plans.history import AskedPlan, History, add_question, others, same_question
from dlbench.plans.plan_record import PlanRecord
from dlbench.runs.folder import RunFolder
from dlbench.runs.folder_session import utc_now
from dlbench.trials.trial_record import COMPLETED, TrialRecord


@dataclass(frozen=True, kw_only=True)
class MergeResult:
    """What a merge did.

    path: the folder that was merged into.
    added: numbers of trials by source: its name, or its path where another source has the same name.
    there: number of trials that the target, or an earlier source, had already.
    differing: the trial_ids of those whose numbers differ between both.
    provenances: number of different provenances among the results.
    warnings: what was skipped in reading the sources.
    """

    path: Path
    added: Mapping[str, int]
    there: int = 0
    differing: Sequence[str] = ()
    provenances: int = 1
    warnings: Sequence[str] = field(default=())


def merge(target: Path, sources: Sequence[Path]) -> MergeResult:
    """Copy the trials, plans and sessions of other run folders into one, which is created if it is missing.

    The target keeps its record of a trial that both have, unless only the source's is completed. Raises DlbenchError
    for plans with different fixed settings, before anything is written, and while a session is active in the target.
    Merging the same folders again adds nothing.
    """
    if same := [source for source in sources if source.resolve() == target.resolve()]:
        raise DlbenchError(f"{same[0]} is both the target and a source.", "Name other runs after the target.")
    with RunFolder(target) as folder:
        found = [RunFolder(source) for source in sources]
        joined = _join(folder, found)  # plans that do not fit are refused before anything is written
        if joined.plan is not None:
            with folder.importing():
                joined = _join(folder, found)  # again: the folder may have changed until its lock was held
                plan = joined.plan or folder.plan
                folder.import_results(plan, joined.sessions, joined.new, _history([folder, *found], plan))
    return MergeResult(
        path=target,
        added=joined.added,
        there=joined.there,
        differing=joined.differing,
        provenances=joined.provenances,
        warnings=[
            *folder.take_notes(),
            *(f"{source.path.name}: {warning}" for source in found for warning in source.warnings),
        ],
    )


@dataclass
class _Joined:
    """What a folder and others amount to together.

    plan: all plans, None where there is none. sessions: of the others. new: the records that the folder lacks, each
    with the folder that it comes from. The other fields are those of MergeResult.
    """

    plan: PlanRecord | None
    sessions: list[Mapping[str, Any]] = field(default_factory=list)
    new: list[tuple[TrialRecord, Path]] = field(default_factory=list)
    added: dict[str, int] = field(default_factory=dict)
    there: int = 0
    differing: list[str] = field(default_factory=list)
    provenances: int = 1


def _join(folder: RunFolder, sources: Sequence[RunFolder]) -> _Joined:
    """Return what a folder and others amount to together; raise DlbenchError where their plans do not fit."""
    joined = _Joined(plan=folder.plan if folder.manifest or folder.records else None)
    records, origins = dict(folder.state.records), dict[str, Path]()
    for source, name in zip(sources, _names([source.path for source in sources]), strict=True):
        joined.plan = _extended(joined.plan, source) if joined.plan else source.plan
        joined.sessions += source.manifest.sessions if source.manifest else ()
        joined.added.setdefault(name, 0)
        for record in source.records:
            known = records.get(record.trial_id)
            if known and (known.status in COMPLETED or record.status not in COMPLETED):
                joined.there += 1
                joined.differing += [record.trial_id] if _differ(known, record) else []
                continue
            records[record.trial_id], origins[record.trial_id] = record, source.path
            joined.added[name] += 1
    joined.new = [(records[trial_id], origin) for trial_id, origin in origins.items()]
    joined.provenances = len({record.provenance_id for record in records.values() if record.status in COMPLETED})
    return joined


def _names(paths: Sequence[Path]) -> list[str]:
    """Return what folders are called: by name, of those with one name by path."""
    shared = {path.name for path in paths if any(other.name == path.name and other != path for other in paths)}
    return [str(path) if path.name in shared else path.name for path in paths]


def _extended(plan: PlanRecord, source: RunFolder) -> PlanRecord:
    """Return a plan joined with that of a source. Raises DlbenchError where they do not fit."""
    try:
        return extend_plan(plan, source.plan)
    except DlbenchError as problem:
        message = f"{source.path} cannot be merged with the others. {problem.message}"
        raise DlbenchError(message, problem.hint) from problem


def _history(folders: Sequence[RunFolder], joined: PlanRecord) -> History:
    """Return the comparisons that were asked of any of the folders, by time; the last of each become the joined one."""
    manifests = [folder.manifest for folder in folders if folder.manifest]
    every = [asked for manifest in manifests for asked in manifest.history]
    earlier = [asked for manifest in manifests for _, asked in others(manifest.plan, manifest.history)]
    known = [asked for asked in every if same_question(asked.plan, joined)]
    become_one = [*known, *(asked for asked in every if asked not in earlier)]
    last = AskedPlan(
        plan=joined,
        asked=min((asked.asked for asked in known), default=utc_now().isoformat(timespec="seconds")),
        seen=max((asked.seen for asked in become_one), default=0),
    )
    kept = [last if each in known else each for each in every if each in known or each in earlier]
    found: History = ()
    for asked in sorted([*kept, last], key=attrgetter("asked")):
        found = add_question(found, asked)
    return found


def _differ(one: TrialRecord, other: TrialRecord) -> bool:
    """Return whether two results of a trial differ; NaN equals NaN."""
    completed = one.status in COMPLETED and other.status in COMPLETED
    return completed and repr((one.status, sorted(one.metrics.items()))) != repr(
        (other.status, sorted(other.metrics.items()))
    )
