"""A run as its folder stores it: manifest and records, read as they grow and judged. Nothing is written here."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.analysis.criteria import asked_criteria
from dlbench.analysis.judged import Judged
from dlbench.analysis.second_look import second_look
from dlbench.analysis.spread import with_varied
from dlbench.analysis.summary import planned
from dlbench.analysis.tuned_verdicts import judge_tuned
from dlbench.errors import DlbenchError
from dlbench.plans.criteria import Criteria
from dlbench.plans.history import AskedPlan, find_question, others
from dlbench.plans.plan_record import PlanRecord
from dlbench.runs.folder_state import FolderState
from dlbench.runs.journal import JournalReader
from dlbench.runs.locations import as_argument
from dlbench.runs.manifest import read_manifest
from dlbench.runs.peers import active_peers
from dlbench.trials.diagnostics import DiagnosticsPlan
from dlbench.trials.trial_record import COMPLETED, TrialRecord

if TYPE_CHECKING:
    from dlbench.runs.manifest import Manifest


@dataclass(frozen=True)
class _Judgement:
    """Verdicts, and what they were derived from."""

    records: Mapping[str, TrialRecord]
    plan: PlanRecord
    criteria: Criteria
    judged: Judged


def _unknown(path: Path) -> DlbenchError:
    return DlbenchError(
        f"{path} has no manifest.json, so its variants are not known.",
        f"Type `dlbench results doctor {as_argument(path)}`, which makes one from the trials.",
    )


class StoredRun:
    """The manifest and the records of a run folder, as far as they were read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest: Manifest | None = None
        self._reader = JournalReader(path)
        self._torn: tuple[str, ...] = ()
        self._finished: set[str] = set()
        self._judgement: _Judgement | None = None
        self._own: PlanRecord | None = None

    def read(self) -> None:
        """Read the manifest, and what the journals have gained since the last time."""
        self.manifest = read_manifest(self.path)
        if not self._reader.is_current():
            self._reader = JournalReader(self.path)
        self._reader.read(to_the_end=True)
        if self._reader.unfinished and not active_peers(self.path):  # else that line is still being written
            self._torn = tuple(self._reader.unfinished)

    def refresh(self) -> tuple[TrialRecord, ...]:
        """Read what other processes have written since the last time; return the records that are new or changed."""
        with contextlib.suppress(DlbenchError):  # then the manifest stays as it was
            self.manifest = read_manifest(self.path) or self.manifest
        return tuple(self._reader.read().values())

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what was skipped in reading, a sentence each."""
        return (*self._reader.warnings, *self._torn)

    @property
    def records(self) -> tuple[TrialRecord, ...]:
        """Return the last record of each trial, in the order in which trials first ended."""
        return tuple(self._reader.records.values())

    def record(self, trial_id: str) -> TrialRecord | None:
        """Return the last record of a trial, None where it has none; unlike `state` at no cost per record."""
        return self._reader.get(trial_id)

    def has_finished(self, trial_id: str) -> bool:
        """Return whether a trial has ended since the session began, in this or another process."""
        return trial_id in self._finished

    @property
    def plan(self) -> PlanRecord:
        """Return the comparison of this session, else the one that was chosen, else the last one that was asked.

        A folder without a manifest is a DlbenchError.
        """
        if self.manifest is None:
            raise _unknown(self.path)
        return self._own or self.manifest.plan

    def choose(self, number: int) -> None:
        """Continue with one of the folder's comparisons, counted from 1 in the order in which they were first asked."""
        if self.manifest is None:
            raise _unknown(self.path)
        self._own = self.manifest.comparison(number, self.path)

    def choose_plan(self, plan: PlanRecord) -> None:
        """Continue with the comparison that asks the same as a plan, where the folder has it."""
        place = find_question(plan, self.manifest.history if self.manifest else ())
        if place is not None:
            self.choose(place + 1)

    @property
    def other_comparisons(self) -> list[tuple[int, AskedPlan]]:
        """Return the folder's other comparisons, each with its number."""
        return others(self.plan, self.manifest.history if self.manifest else ())

    @property
    def planned(self) -> tuple[TrialRecord, ...]:
        """Return the records of the comparison's trials."""
        return planned(self.records, self.plan)

    @property
    def all_planned(self) -> tuple[TrialRecord, ...]:
        """Return the records of the comparison's trials, and of those that vary one source of randomness."""
        return with_varied(self.records, self.plan)

    @property
    def earlier_diagnostics(self) -> tuple[DiagnosticsPlan, ...]:
        """Return what the folder's comparisons measure during training."""
        history = self.manifest.history if self.manifest else ()
        return tuple(asked.plan.diagnostics for asked in history if asked.plan.diagnostics)

    @property
    def state(self) -> FolderState:
        """Return a snapshot of what the folder holds now, as far as it was read."""
        return FolderState(
            records=self._reader.records,
            finished_this_session=frozenset(self._finished),
            sessions=self.manifest.sessions if self.manifest else (),
        )

    def judge(self, asked: Mapping[str, Any] | None = None) -> Judged:
        """Return the verdicts by what the plan fixed, or by what is asked now.

        The same question is answered once for as long as neither records nor plan change.
        """
        records, plan = self._reader.records, self.plan
        record = next((record for record in self.planned if record.status in COMPLETED), None)
        criteria = asked_criteria(asked or {}, plan, record)
        known = self._judgement
        if known is None or known.records is not records or known.plan is not plan or known.criteria != criteria:
            history = self.manifest.history if self.manifest else ()
            judged = replace(judge_tuned(records.values(), plan, asked), second_look=second_look(plan, history))
            known = _Judgement(records, plan, criteria, judged)
            self._judgement = known
        return known.judged
