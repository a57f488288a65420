"""What is asked of a run before it is repeated."""

from dlbench.runs.manifest import Manifest


def used_plugins(manifest: Manifest | None) -> dict[str, str]:
    """Return the plugins whose components a run used, with the versions of its last session."""
    sessions = manifest.sessions if manifest else ()
    return {str(name): str(version) for session in sessions for name, version in session.get("plugins", {}).items()}
