"""The manifest: what a run folder is about, and the provenance of each session that wrote to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from dlbench.errors import DlbenchError
from dlbench.files import replace_file
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
    plan: what it compares; also answers the keys of its JSON, as in plan["variants"].
    sessions: for each session its command, versions, hardware, commit, start and end.
    """

    schema: int
    name: str
    plan: PlanRecord
    sessions: tuple[Mapping[str, Any], ...] = ()

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
        return Manifest(
            schema=content["schema"],
            name=content["name"],
            plan=parse_plan(content["plan"]),
            sessions=tuple(content["sessions"]),
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise DlbenchError(
            f"{path} cannot be read as a manifest: {error}.",
            f"The trials themselves are in the journal folder: `dlbench results doctor {folder.name}` makes a manifest "
            "from them.",
        ) from error


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
    content = {
        "schema": manifest.schema,
        "name": manifest.name,
        "plan": manifest.plan.to_json(),
        "sessions": list(manifest.sessions),
    }
    replace_file(folder / FILE_NAME, json.dumps(content, indent=2) + "\n", parents=False)


def add_session(manifest: Manifest, session: Mapping[str, Any]) -> Manifest:
    """Return the manifest with one more session."""
    return replace(manifest, sessions=(*manifest.sessions, session))


def amend_session(manifest: Manifest, name: str, facts: Mapping[str, Any]) -> Manifest:
    """Return the manifest with more facts in the entry of a session."""
    sessions = ({**each, **facts} if each.get("session") == name else each for each in manifest.sessions)
    return replace(manifest, sessions=tuple(sessions))
