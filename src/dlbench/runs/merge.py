"""Merging of run folders, from other machines for example: each trial once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dlbench.errors import DlbenchError
from dlbench.plans.extend import extend_plan
from dlbench.runs.folder import RunFolder
from dlbench.trials.trial_record import COMPLETED, TrialRecord


@dataclass(frozen=True, kw_only=True)
class MergeResult:
    """What a merge did.

    path: the folder that was merged into.
    added: numbers of trials by source.
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
    for plans with different fixed settings, before anything is written. Merging the same folders again adds nothing.
    """
    if same := [source for source in sources if source.resolve() == target.resolve()]:
        raise DlbenchError(f"{same[0]} is both the target and a source.", "Name other runs after the target.")
    with RunFolder(target) as folder:
        found = [RunFolder(source) for source in sources]
        plan = folder.plan if folder.manifest or folder.records else None
        records = {record.trial_id: record for record in folder.records}
        added_records: dict[str, TrialRecord] = {}
        added: dict[str, int] = {}
        there, differing = 0, []
        for source in found:
            plan = extend_plan(plan, source.plan) if plan else source.plan
            added[source.path.name] = 0
            for record in source.records:
                known = records.get(record.trial_id)
                if known and (known.status in COMPLETED or record.status not in COMPLETED):
                    there += 1
                    differing += [record.trial_id] if _differ(known, record) else []
                    continue
                records[record.trial_id] = added_records[record.trial_id] = record
                added[source.path.name] += 1
        sessions = [session for source in found for session in (source.manifest.sessions if source.manifest else ())]
        if plan is not None:
            folder.import_results(plan, sessions, tuple(added_records.values()), [source.path for source in found])
    completed = {record.provenance_id for record in records.values() if record.status in COMPLETED}
    warnings = [f"{source.path.name}: {warning}" for source in found for warning in source.warnings]
    return MergeResult(
        path=target, added=added, there=there, differing=differing, provenances=len(completed), warnings=warnings
    )


def _differ(one: TrialRecord, other: TrialRecord) -> bool:
    """Return whether two results of a trial differ; NaN equals NaN."""
    completed = one.status in COMPLETED and other.status in COMPLETED
    return completed and repr((one.status, sorted(one.metrics.items()))) != repr(
        (other.status, sorted(other.metrics.items()))
    )
