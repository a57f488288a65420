"""The provenance of results: versions, hardware and commit of the session that computed them."""

import os
import platform
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from dlbench.machine import available_cores
from dlbench.trials.identity import digest

_PACKAGES = ("dlbench", "torch", "torchvision", "numpy")


def collect_provenance(plugins: Mapping[str, str], hardware: Mapping[str, Any]) -> dict[str, Any]:
    """Return this session's provenance: versions, plugins in use, hardware, git commit.

    plugins: versions by plugin.
    hardware: what the caller knows beyond the CPU ("gpu": its model).
    """
    machine = {
        "platform": platform.platform(),
        "cpu": _cpu_model(),
        "cores": available_cores(),
        "memory_bytes": _memory_bytes(),
    }
    return {
        "versions": {name: _version(name) for name in _PACKAGES} | {"python": platform.python_version()},
        "plugins": dict(plugins),
        "hardware": machine | dict(hardware),
        "git_commit": _git_commit(),
    }


def provenance_id(provenance: Mapping[str, Any]) -> str:
    """Return 12 hexadecimal digits that identify the part of a session's provenance that affects numbers.

    These are the versions of dlbench, torch, numpy and the plugins in use, and the models of CPU and GPU.
    """
    versions = {name: provenance["versions"][name] for name in ("dlbench", "torch", "numpy")}
    processors = [provenance["hardware"].get(name) for name in ("cpu", "gpu")]
    return digest([versions, dict(provenance["plugins"]), processors], length=12)


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


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not available on every system
        return None


def _git_commit() -> str | None:
    """Return the commit of the working directory, with "-dirty" where files differ from it."""
    # A folder's own configuration may name a program to watch its files.
    command = ["git", "-c", "core.fsmonitor=false", "describe", "--always", "--dirty", "--abbrev=40", "--exclude", "*"]
    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}  # never write into somebody's repository
    try:
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
