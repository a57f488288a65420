"""The manifest: what a run folder is about, and what stood around each session that wrote to it."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from dlbench.errors import DlbenchError
from dlbench.files import replace_file
from dlbench.trials.trial import Manifest, digest


class NewerSchemaError(DlbenchError):
    """A run folder was written by a newer dlbench, whose files this one does not know."""


SCHEMA = 1
FILE_NAME = "manifest.json"
_PACKAGES = ("dlbench", "torch", "torchvision", "numpy")
_PLAN_KEYS = ("axes", "fixed", "variants", "seeds", "baseline")


def read_manifest(folder: Path) -> Manifest | None:
    """Read a run folder's manifest; None where it has none. A newer or damaged one is a DlbenchError."""
    path = folder / FILE_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        _check_schema(content, path)
        if missing := [key for key in _PLAN_KEYS if key not in content["plan"]]:
            raise ValueError(f"its plan lacks {', '.join(missing)}")
        return Manifest(
            schema=content["schema"],
            name=content["name"],
            plan=content["plan"],
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
        raise ValueError(f"its schema {schema!r} is none")
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
        "plan": manifest.plan,
        "sessions": list(manifest.sessions),
    }
    replace_file(folder / FILE_NAME, json.dumps(content, indent=2) + "\n", parents=False)


def provenance(plugins: Mapping[str, str], hardware: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands around this session: versions, plugins in use, hardware, git commit.

    plugins: versions by plugin. hardware: what the caller knows beyond the CPU ("gpu": its model).
    """
    machine = {
        "platform": platform.platform(),
        "cpu": _cpu_model(),
        "cores": _cores(),
        "memory_bytes": _memory_bytes(),
    }
    return {
        "versions": {name: _version(name) for name in _PACKAGES} | {"python": platform.python_version()},
        "plugins": dict(plugins),
        "hardware": machine | dict(hardware),
        "git_commit": _git_commit(),
    }


def provenance_id(surroundings: Mapping[str, Any]) -> str:
    """Return 12 hexadecimal digits that stand for what decides numbers in a session's provenance.

    That is: the versions of dlbench, torch, numpy and the plugins in use, and the models of CPU and GPU.
    """
    versions = {name: surroundings["versions"][name] for name in ("dlbench", "torch", "numpy")}
    processors = [surroundings["hardware"].get(name) for name in ("cpu", "gpu")]
    return digest([versions, dict(surroundings["plugins"]), processors], length=12)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _cores() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not every system tells
        return None


def _git_commit() -> str | None:
    """Return the commit of the working directory, with "-dirty" where files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude", "*"]
    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}  # never write into somebody's repository
    try:
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
