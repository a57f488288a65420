"""Merging of run folders, from other machines for example: each trial once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dlbench.errors import DlbenchError
from dlbench.plans.extend import extend_plan
from dlbench.runs.folder import RunFolder
from dlbench.trials.trial_record import COMPLETED, TrialRecord


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What a merge did. added: trials by source; there: how many the target had already, or an earlier source.

    differing: those of them whose numbers are not the same in both. provenances: conditions that the results have.
    """

    path: Path
    added: Mapping[str, int]
    there: int = 0
    differing: Sequence[str] = ()
    provenances: int = 1
    warnings: Sequence[str] = field(default=())


def merge(target: Path, sources: Sequence[Path]) -> Merged:
    """Take into a run folder, which need not be there yet, the trials, plans and sessions of others.

    A trial that both have stays as the target has it, unless only the source has an answer. Plans with other fixed
    settings are a DlbenchError, and nothing is written then. Merging the same folders again adds nothing.
    """
    if same := [source for source in sources if source.resolve() == target.resolve()]:
        raise DlbenchError(f"{same[0]} is the folder that is merged into.", "Name others after it.")
    with RunFolder(target) as folder:
        found = [RunFolder(source) for source in sources]
        plan = folder.plan if folder.manifest or folder.records else None
        records = {record.trial_id: record for record in folder.records}
        taken: dict[str, TrialRecord] = {}
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
                records[record.trial_id] = taken[record.trial_id] = record
                added[source.path.name] += 1
        sessions = [session for source in found for session in (source.manifest.sessions if source.manifest else ())]
        if plan is not None:
            folder.adopt(plan, sessions, tuple(taken.values()), [source.path for source in found])
    answered = {record.provenance_id for record in records.values() if record.status in COMPLETED}
    warnings = [f"{source.path.name}: {warning}" for source in found for warning in source.warnings]
    return Merged(
        path=target, added=added, there=there, differing=differing, provenances=len(answered), warnings=warnings
    )


def _differ(one: TrialRecord, other: TrialRecord) -> bool:
    """Return whether two results of a trial differ; NaN equals NaN."""
    answered = one.status in COMPLETED and other.status in COMPLETED
    return answered and repr((one.status, sorted(one.metrics.items()))) != repr(
        (other.status, sorted(other.metrics.items()))
    )
