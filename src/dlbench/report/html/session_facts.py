"""The sessions of a run on the HTML page: commands, versions, hardware and commit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dlbench.errors import shell_words


@dataclass(frozen=True, kw_only=True)
class Session:
    """One session of the run.

    facts: versions, hardware and commit, by name.
    """

    heading: str
    command: str
    facts: Sequence[tuple[str, str]]


def sessions_of(sessions: Iterable[Mapping[str, Any]]) -> list[Session]:
    """Return the sessions of a manifest."""
    return [_session(session) for session in sessions]


def _session(session: Mapping[str, Any]) -> Session:
    hardware = session.get("hardware", {})
    memory, cores = hardware.get("memory_bytes"), hardware.get("cores")
    facts = {
        "versions": _listed(session.get("versions", {})),
        "plugins": _listed(session.get("plugins", {})),
        "platform": hardware.get("platform"),
        "processor": f"{hardware.get('cpu')}, {cores} core{'s' * (cores != 1)}" if hardware.get("cpu") else "",
        "GPU": hardware.get("gpu"),
        "memory": f"{memory / 1e9:.1f} GB" if memory else "",
        "git commit": session.get("git_commit"),
        "provenance": session.get("provenance_id"),
    }
    return Session(
        heading=_span(str(session.get("started", "")), str(session.get("ended") or "")),
        command=shell_words(*session.get("command", ())),
        facts=[(name, str(value)) for name, value in facts.items() if value],
    )


def _span(started: str, ended: str) -> str:
    """Return from when to when a session ran: "2026-11-29 07:48:15 to 07:48:19 UTC"; the day once where it is one."""
    begin, end = _moment(started), _moment(ended) if ended else "an end that was not recorded"
    day, _, _ = begin.partition(" ")
    if begin.endswith(" UTC") and end.endswith(" UTC"):
        return f"{begin.removesuffix(' UTC')} to {end.removeprefix(f'{day} ')}"
    return f"{begin} to {end}"


def _moment(text: str) -> str:
    """Return a moment as people write it; unchanged where it cannot be read, or has no time zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{found.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if found.tzinfo else text


def _listed(versions: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items() if version)
