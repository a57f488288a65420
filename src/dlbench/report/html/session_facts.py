"""The sessions of a run on the HTML page: commands, versions, hardware and commit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    ended = session.get("ended")
    return Session(
        heading=f"{session.get('started', '')} to {ended or 'an end that was not recorded'}",
        command=shell_words(*session.get("command", ())),
        facts=[(name, str(value)) for name, value in facts.items() if value],
    )


def _listed(versions: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items() if version)
