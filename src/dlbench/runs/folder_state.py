"""A snapshot of a run folder: which of its trials are completed, and with what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dlbench.trials.diagnostics import DiagnosticsPlan
from dlbench.trials.trial_record import COMPLETED, TrialRecord


@dataclass(frozen=True, kw_only=True)
class FolderState:
    """What a run folder holds at one moment, as far as it decides which trials run next.

    records: the last record of each trial, by trial_id.
    finished_this_session: trials that ended since the session began, in this or another process, whatever their status.
    sessions: the manifest's sessions, the oldest first.
    """

    records: Mapping[str, TrialRecord] = field(default_factory=dict)
    finished_this_session: frozenset[str] = frozenset()
    sessions: tuple[Mapping[str, Any], ...] = ()

    @property
    def completed(self) -> frozenset[str]:
        """Return the trial_ids of the trials that have a result."""
        return frozenset(trial_id for trial_id, record in self.records.items() if record.status in COMPLETED)

    @property
    def provenances(self) -> dict[object, Mapping[str, Any]]:
        """Return what the sessions, and the nodes that trained for them, were like, by provenance_id.

        A node has its session as "session".
        """
        nodes = {
            node.get("provenance_id"): {**node, "session": session}
            for session in self.sessions
            for node in session.get("nodes", {}).values()
        }
        return {**nodes, **{session.get("provenance_id"): session for session in self.sessions}}

    @property
    def failed(self) -> frozenset[str]:
        """Return the trial_ids of the trials that were run and have no result."""
        return frozenset(
            trial_id for trial_id, record in self.records.items() if record.status not in (*COMPLETED, "vetoed")
        )

    @property
    def without_steps(self) -> frozenset[str]:
        """Return the trial_ids of the trials whose records lack the loss of each step."""
        return frozenset(trial_id for trial_id, record in self.records.items() if not record.steps)

    def without_diagnostics(self, diagnostics: DiagnosticsPlan) -> frozenset[str]:
        """Return the trial_ids of completed trials whose records lack some of the diagnostics."""
        return frozenset(
            trial_id
            for trial_id, record in self.records.items()
            if record.status in COMPLETED and diagnostics.missing_from(record.watched, len(record.epochs))
        )
