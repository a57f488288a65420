"""The machines that train for a session, as far as they are not like its own."""

from collections.abc import Mapping
from typing import Any

from dlbench.runs.folder import RunFolder
from dlbench.runs.provenance import provenance_id
from dlbench.trials.events import TrialFinished
from dlbench.trials.trial_record import TrialRecord


class Nodes:
    """Attributes records to what made them. provenance: the session's own."""

    def __init__(self, folder: RunFolder, provenance: Mapping[str, Any]) -> None:
        self._folder = folder
        self._own = provenance_id(provenance)  # of what an executor does not attribute
        self._known: dict[str, Mapping[str, Any]] = dict(provenance.get("nodes", {}))

    def attribute(self, event: TrialFinished) -> TrialRecord:
        """Return a record with the provenance_id of what made it; the manifest has the details before the record.

        One that comes without any is the session's own.
        """
        if not event.provenance:
            return event.record.with_provenance(self._own)
        made_by = provenance_id(event.provenance)
        name = f"{event.provenance['host']}/{made_by}"
        if name not in self._known:
            self._known[name] = {**event.provenance, "provenance_id": made_by}
            self._folder.add_session_facts(nodes=dict(self._known))
        return event.record.with_provenance(made_by)
