"""A plugin in its source folder: loaded from there, installed or not."""

import importlib
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlbench.errors import DlbenchError
from dlbench.executors.scratch import scratch_subfolder
from dlbench.hookspecs import PROJECT


@contextmanager
def plugins_in(folder: Path) -> Iterator[tuple[str, ...]]:
    """Put a source folder in front of what is installed, and yield the names of its plugins.

    Raises DlbenchError where its pyproject.toml declares none.
    """
    project = _project(folder)
    entry_points = project.get("entry-points", {}).get(PROJECT, {})
    if not entry_points:
        raise DlbenchError(
            f"{folder / 'pyproject.toml'} declares no plugin.",
            'Write [project.entry-points.dlbench] with a line like snake = "dlbench_snake.plugin".',
        )
    before = list(sys.path)
    with scratch_subfolder() as metadata:
        _write_metadata(metadata, project, entry_points)
        sources = [path for path in (folder / "src", folder) if path.is_dir()]
        sys.path[:0] = [str(metadata), *map(str, sources)]
        importlib.invalidate_caches()
        try:
            yield tuple(entry_points)
        finally:
            sys.path[:] = before
            importlib.invalidate_caches()


def _project(folder: Path) -> dict[str, Any]:
    path = folder / "pyproject.toml"
    if not path.is_file():
        raise DlbenchError(f"There is no pyproject.toml in {folder}.", "Name a plugin, or the folder of its source.")
    try:
        project: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DlbenchError(f"{path} cannot be read: {error}.") from None
    if "name" not in project:
        raise DlbenchError(f"{path} names no project.", 'Write name = "…" under [project].')
    return project


def _write_metadata(folder: Path, project: dict[str, Any], entry_points: dict[str, str]) -> None:
    """Write what pip would leave behind: the distribution's name, version, requirements and entry points."""
    version = project.get("version", "0")
    info = folder / f"{project['name'].replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {version}"]
    lines += [f"Requires-Dist: {line}" for line in project.get("dependencies", [])]
    (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
    points = [f"{name} = {value}" for name, value in entry_points.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{PROJECT}]", *points]) + "\n", encoding="utf-8")
