"""The manifest: what a run folder is about, and the provenance of each session that wrote to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from dlbench.errors import DlbenchError
from dlbench.files import replace_file
from dlbench.plans.history import AskedPlan, History, add_question, same_question
from dlbench.plans.parse import parse_plan
from dlbench.plans.plan_record import PlanRecord


class NewerSchemaError(DlbenchError):
    """A run folder was written by a newer dlbench, whose files this one does not know."""


SCHEMA = 1
FILE_NAME = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The manifest of a run folder: the plan and the sessions.

    schema: version of the file format.
    name: name of the run.
    plan: what the last command compared; also answers the keys of its JSON, as in plan["variants"].
    sessions: for each session its command, versions, hardware, commit, start and end.
    comparisons: all that commands asked of the folder, that of the plan included; () where that is the only one.
    """

    schema: int
    name: str
    plan: PlanRecord
    sessions: tuple[Mapping[str, Any], ...] = ()
    comparisons: History = ()

    @property
    def history(self) -> History:
        """Return the comparisons in the order in which they were first asked."""
        started = self.sessions[0].get("started") if self.sessions else ""
        return self.comparisons or (AskedPlan(plan=self.plan, asked=str(started or "")),)

    @property
    def planned(self) -> int:
        """Return the number of planned trials, those of the noise floor included."""
        return self.plan.trial_count


def read_manifest(folder: Path) -> Manifest | None:
    """Read a run folder's manifest; None where it has none. A newer or damaged one is a DlbenchError."""
    path = folder / FILE_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        _check_schema(content, path)
        plan = parse_plan(content["plan"])
        return Manifest(
            schema=content["schema"],
            name=content["name"],
            plan=plan,
            sessions=tuple(content["sessions"]),
            comparisons=tuple(_parse_comparison(each, plan) for each in content.get("comparisons", ())),
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise DlbenchError(
            f"{path} cannot be read as a manifest: {error}.",
            f"The trials themselves are in the journal folder: `dlbench results doctor {folder.name}` makes a manifest "
            "from them.",
        ) from error


def _parse_comparison(content: Mapping[str, Any], plan: PlanRecord) -> AskedPlan:
    """Read a comparison; that of the manifest's plan has none of its own."""
    asked, seen = content["asked"], content["seen"]
    if not isinstance(asked, str) or type(seen) is not int:
        raise ValueError("a comparison says when it was asked and how many results there were")
    own = content.get("plan")
    return AskedPlan(plan=parse_plan(own) if own else plan, asked=asked, seen=seen)


def _check_schema(content: Mapping[str, Any], path: Path) -> None:
    schema = content["schema"]
    if not isinstance(schema, int) or schema < 1:
        raise ValueError(f"invalid schema {schema!r}")
    if schema <= SCHEMA:
        return
    sessions = content.get("sessions") or [{}]
    writer = sessions[-1].get("versions", {}).get("dlbench", "")
    wanted = f"dlbench>={writer}" if writer else "dlbench"
    raise NewerSchemaError(
        f"{path.parent} was written by a newer dlbench {writer}".rstrip()
        + f" (schema {content['schema']}; this is dlbench {metadata.version('dlbench')}, which reads up to {SCHEMA}).",
        f"Type pip install -U '{wanted}'.",
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a run folder's manifest in one step."""
    content: dict[str, Any] = {
        "schema": manifest.schema,
        "name": manifest.name,
        "plan": manifest.plan.to_json(),
        "sessions": list(manifest.sessions),
    }
    if len(manifest.comparisons) > 1:
        content["comparisons"] = [_comparison_json(asked, manifest.plan) for asked in manifest.comparisons]
    replace_file(folder / FILE_NAME, json.dumps(content, indent=2) + "\n", parents=False)


def _comparison_json(asked: AskedPlan, plan: PlanRecord) -> dict[str, Any]:
    own = {} if same_question(asked.plan, plan) else {"plan": asked.plan.to_json()}
    return {"asked": asked.asked, "seen": asked.seen, **own}


def ask(manifest: Manifest, new: AskedPlan) -> Manifest:
    """Return the manifest with a comparison as the last one that was asked."""
    history = add_question(manifest.history, new)
    plan = next(asked.plan for asked in history if same_question(asked.plan, new.plan))
    return replace(manifest, plan=plan, comparisons=history)


def update_plan(manifest: Manifest, new: AskedPlan) -> Manifest:
    """Return the manifest with a comparison that has grown; the last one that was asked stays the last."""
    if same_question(manifest.plan, new.plan):
        return ask(manifest, new)
    return replace(manifest, comparisons=add_question(manifest.history, new))


def add_session(manifest: Manifest, session: Mapping[str, Any]) -> Manifest:
    """Return the manifest with one more session."""
    return replace(manifest, sessions=(*manifest.sessions, session))


def amend_session(manifest: Manifest, name: str, facts: Mapping[str, Any]) -> Manifest:
    """Return the manifest with more facts in the entry of a session."""
    sessions = ({**each, **facts} if each.get("session") == name else each for each in manifest.sessions)
    return replace(manifest, sessions=tuple(sessions))
