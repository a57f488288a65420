"""What is asked of a run before it is repeated, and of the folder where it will be."""

from pathlib import Path

from dlbench.plans.config import Config, default_data_dir
from dlbench.plugins.registry import Registry
from dlbench.plugins.user_imports import recall_user_code
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import is_run
from dlbench.runs.manifest import Manifest
from dlbench.sessions.resolve import data_folder


def begun_run(path: Path) -> RunFolder | None:
    """Return the run in a folder; None where none has begun, as after one that was killed before its manifest."""
    there = RunFolder(path) if is_run(path) else None
    return there if there and (there.manifest or there.records) else None


def used_plugins(manifest: Manifest | None) -> dict[str, str]:
    """Return the plugins whose components a run used, with the versions of its last session."""
    sessions = manifest.sessions if manifest else ()
    return {str(name): str(version) for session in sessions for name, version in session.get("plugins", {}).items()}


def recall_code(manifest: Manifest | None, registry: Registry, data_dir: Path | None, config: Config) -> None:
    """Make the user's own code known that a run used, where it has run here before. data_dir: the option."""
    recall_user_code(used_plugins(manifest), data_folder(data_dir, config.data_dir, default_data_dir), registry)
