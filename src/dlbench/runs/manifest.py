"""The manifest: what a run folder is about, and the provenance of each session that wrote to it."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from dlbench.components.shapes import as_list, as_table, as_text, as_texts, as_whole
from dlbench.errors import DlbenchError, shell_words
from dlbench.files import replace_file
from dlbench.plans.history import AskedPlan, History, add_question, in_words, same_question
from dlbench.plans.parse import parse_plan
from dlbench.plans.plan_record import PlanRecord
from dlbench.trials.identity import digest


class NewerSchemaError(DlbenchError):
    """A run folder was written by a newer dlbench, whose files this one does not know."""


#: Version 2 has checksums, here and in the lines of journals.
SCHEMA = 2
FILE_NAME = "manifest.json"
_CHECKSUMS = "checksums"
_WITHOUT_CHECKSUMS = 1
#: What an entry of a session may hold.
_TEXTS = ("session", "started", "provenance_id")
_TABLES = ("versions", "plugins", "hardware", "reused", "nodes")


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

    def comparison(self, number: int, place: Path) -> PlanRecord:
        """Return a comparison by its number, from 1 in the order in which they were first asked.

        place: of the run, for the DlbenchError where there is none of that number.
        """
        if not 1 <= number <= len(self.history):
            shown = "; ".join(f"{n}: {in_words(asked.plan)}" for n, asked in enumerate(self.history, start=1))
            raise DlbenchError(f"{place} has no comparison {number}.", f"It has {shown}.")
        return self.history[number - 1].plan

    @property
    def planned(self) -> int:
        """Return the number of planned trials, those of the noise floor and of a spread included."""
        return self.plan.trial_count + self.plan.varied_count


def read_manifest(folder: Path) -> Manifest | None:
    """Read a run folder's manifest; None where it has none. A newer or damaged one is a DlbenchError."""
    return read_manifest_file(folder / FILE_NAME)


def read_manifest_file(path: Path) -> Manifest | None:
    """Read a manifest wherever it lies; None where there is no file. A newer or damaged one is a DlbenchError."""
    try:
        content = _content(path)
        _check_schema(content, path)
        if damaged := [part for part, whole in _parts(content).items() if not whole]:
            raise ValueError(f"it was damaged after it was written: the checksum of {', '.join(damaged)} does not fit")
        plan = parse_plan(content.get("plan"))
        listed = as_list(content.get("comparisons", []), "its list of comparisons")
        return Manifest(
            schema=content["schema"],
            name=as_text(content.get("name"), "its name"),
            plan=plan,
            sessions=tuple(map(_session, as_list(content.get("sessions"), "its list of sessions"))),
            comparisons=tuple(_comparison(each, plan) for each in listed),
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DlbenchError(
            f"{path} cannot be read as a manifest: {why}.",
            "The trials themselves are in the journal folder: "
            f"`dlbench results doctor {shell_words(path.parent)}` makes a manifest from them.",
        ) from error


def _comparison(content: object, plan: PlanRecord) -> AskedPlan:
    """Read a comparison; that of the manifest's plan has none of its own."""
    known = as_table(content, "a comparison")
    asked, seen = (
        as_text(known.get("asked"), "a comparison's time"),
        as_whole(known.get("seen"), "results seen", least=0),
    )
    own = known.get("plan")
    return AskedPlan(plan=parse_plan(own) if own else plan, asked=asked, seen=seen)


def read_whole_parts(folder: Path) -> Manifest | None:
    """Return what of a damaged manifest is as it was written; None where its plan is not.

    Where its comparisons are lost, its plan counts as rebuilt: what was asked before it is not known.
    """
    try:
        content = _content(folder / FILE_NAME)
        intact = _parts(content)
        whole = {part: content[part] for part in intact if intact[part]}
        plan = parse_plan(whole.get("plan"))
    except (OSError, ValueError, RecursionError):
        return None
    comparisons: list[AskedPlan] = []
    if "comparisons" in intact:
        try:
            listed = as_list(whole.get("comparisons"), "its list of comparisons")
            comparisons = [_comparison(each, plan) for each in listed]
        except ValueError:
            plan = replace(plan, rebuilt=True)
    found = whole.get("sessions")
    sessions = []
    for session in found if isinstance(found, list) else ():
        with contextlib.suppress(ValueError):
            sessions.append(_session(session))
    return Manifest(
        schema=SCHEMA, name=folder.name, plan=plan, sessions=tuple(sessions), comparisons=tuple(comparisons)
    )


def _content(path: Path) -> Mapping[str, Any]:
    return as_table(json.loads(path.read_text(encoding="utf-8")), "its content")


def _parts(content: Mapping[str, Any]) -> dict[str, bool]:
    """Return the parts of a manifest, and of each whether it is as it was written."""
    checksums = content.get(_CHECKSUMS)
    parts = [part for part in content if part != _CHECKSUMS]
    if checksums is None and content.get("schema") == _WITHOUT_CHECKSUMS:
        return dict.fromkeys(parts, True)
    known = as_table({} if checksums is None else checksums, "its table of checksums")
    return {
        part: part in content and known.get(part) == digest(content[part]) for part in dict.fromkeys([*parts, *known])
    }


def _session(content: object) -> Mapping[str, Any]:
    """Return the entry of a session; raise ValueError where it is none. What a newer dlbench added stays as it is."""
    session = as_table(content, "a session")
    for name in _TEXTS:
        as_text(session.get(name, ""), f"a session's {name}")
    for name in _TABLES:
        as_table(session.get(name, {}), f"a session's {name}")
    as_texts(session.get("command", []), "a session's command")
    if session.get("ended") is not None:
        as_text(session["ended"], "a session's end")
    return session


def _check_schema(content: Mapping[str, Any], path: Path) -> None:
    schema = as_whole(content.get("schema"), "its schema", least=1)
    checksums = content.get(_CHECKSUMS)
    damaged = isinstance(checksums, Mapping) and checksums.get("schema", digest(schema)) != digest(schema)
    if schema <= SCHEMA or damaged:  # damage is reported with that of the other parts
        return
    sessions = as_list(content.get("sessions", []), "its list of sessions")
    versions = as_table(sessions[-1] if sessions else {}, "a session").get("versions", {})
    writer = as_table(versions, "a session's versions").get("dlbench", "")
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
    if manifest.schema != _WITHOUT_CHECKSUMS:
        content[_CHECKSUMS] = {part: digest(value) for part, value in content.items()}
    replace_file(folder / FILE_NAME, json.dumps(content, indent=2) + "\n", parents=False)


def _comparison_json(asked: AskedPlan, plan: PlanRecord) -> dict[str, Any]:
    own = {} if same_question(asked.plan, plan) else {"plan": asked.plan.to_json()}
    return {"asked": asked.asked, "seen": asked.seen, **own}


def ask(manifest: Manifest, new: AskedPlan, *, on_the_way: bool = True) -> Manifest:
    """Return the manifest with a comparison as the last one that was asked. on_the_way: whether it may grow yet."""
    history = add_question(manifest.history, new, on_the_way=on_the_way)
    plan = next(asked.plan for asked in history if same_question(asked.plan, new.plan))
    return replace(manifest, plan=plan, comparisons=history)


def update_plan(manifest: Manifest, new: AskedPlan, *, on_the_way: bool = True) -> Manifest:
    """Return the manifest with a comparison that has grown; the last one that was asked stays the last.

    on_the_way: whether it may grow yet.
    """
    if same_question(manifest.plan, new.plan):
        return ask(manifest, new, on_the_way=on_the_way)
    return replace(manifest, comparisons=add_question(manifest.history, new, on_the_way=on_the_way))


def add_session(manifest: Manifest, session: Mapping[str, Any]) -> Manifest:
    """Return the manifest with one more session, in this version's format."""
    return replace(manifest, schema=SCHEMA, sessions=(*manifest.sessions, session))


def join_session(manifest: Manifest, session: Mapping[str, Any]) -> Manifest:
    """Return the manifest with a session of another folder; of one that both have, with the later entry.

    They differ where one folder is an earlier copy of the other.
    """
    name = session.get("session")
    known = next((each for each in manifest.sessions if each.get("session") == name), None)
    if known is None:
        return add_session(manifest, session)
    earlier, later = sorted((session, known), key=_progress)
    return amend_session(manifest, str(name), {**earlier, **later})


def _progress(session: Mapping[str, Any]) -> tuple[object, ...]:
    """Return how far a session was when its entry was written: to an entry, facts are only added."""
    reused = sum(session.get("reused", {}).values())
    return session.get("ended") is not None, len(session), len(session.get("nodes", {})), reused


def amend_session(manifest: Manifest, name: str, facts: Mapping[str, Any]) -> Manifest:
    """Return the manifest with more facts in the entry of a session."""
    sessions = ({**each, **facts} if each.get("session") == name else each for each in manifest.sessions)
    return replace(manifest, sessions=tuple(sessions))
