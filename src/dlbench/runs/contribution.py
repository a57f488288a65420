"""What a session has put into its folder's manifest, to notice its loss: locks may not reach all that write there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dlbench.plans.extend import check_fixed
from dlbench.plans.history import AskedPlan, find_question
from dlbench.plans.plan_record import PlanRecord
from dlbench.runs.manifest import Manifest, add_session, amend_session, update_plan

#: What is said where something of it was lost.
LOST = (
    "Another process has overwritten what this session had put into the manifest, so the locks of this folder do not "
    "reach all that write to it (two mounts of it, or two machines?); it is restored. Let one session end before the "
    "next begins, or give each a --name of its own and join them: dlbench results merge."
)


@dataclass(frozen=True)
class Contribution:
    """A session's part of the manifest.

    asked: its comparison.
    session: its entry.
    """

    asked: AskedPlan
    session: Mapping[str, Any]

    def with_plan(self, plan: PlanRecord) -> "Contribution":
        """Return the contribution with its comparison as far as it has grown."""
        return replace(self, asked=replace(self.asked, plan=plan))

    def with_facts(self, facts: Mapping[str, Any]) -> "Contribution":
        """Return the contribution with more facts in the session's entry."""
        return replace(self, session={**self.session, **facts})

    def is_in(self, manifest: Manifest) -> bool:
        """Return whether a manifest has all of it."""
        entry = next((each for each in manifest.sessions if each.get("session") == self.session["session"]), None)
        same = json.dumps(entry, sort_keys=True) == json.dumps(self.session, sort_keys=True)
        return same and find_question(self.asked.plan, manifest.history) is not None

    def restored(self, manifest: Manifest) -> Manifest:
        """Return the manifest with all of it; raise DlbenchError where the plan fits no more."""
        check_fixed(manifest.plan, self.asked.plan)
        manifest = update_plan(manifest, self.asked)
        if any(each.get("session") == self.session["session"] for each in manifest.sessions):
            return amend_session(manifest, self.session["session"], self.session)
        return add_session(manifest, self.session)
