"""The provenance of results: versions, hardware and commit of the session that computed them."""

import os
import platform
import re
import socket
import subprocess
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from dlbench.components.user_code import is_user_code
from dlbench.machine import available_cores
from dlbench.trials.identity import digest

#: The versions and the processors that decide numbers.
DECISIVE, PROCESSORS = ("dlbench", "torch", "numpy"), ("cpu", "gpu")
#: Which vector instructions torch computes with: a virtual machine may hide some of its processor's.
_CAPABILITY = ("cpu_capability",)
_PACKAGES = ("dlbench", "torch", "torchvision", "numpy")


#: Variables with which libraries choose other arithmetic on the same processor, and the beginnings of such names.
_ARITHMETIC = {"ATEN_CPU_CAPABILITY", "CUBLAS_WORKSPACE_CONFIG", "GLIBC_TUNABLES", "MKL_CBWR", "MKL_DEBUG_CPU_TYPE"}
_ARITHMETIC |= {"CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"}  # with fewer multiprocessors, libraries choose other kernels
_ARITHMETIC |= {"MKL_ENABLE_INSTRUCTIONS", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES"}
_ARITHMETIC |= {"NVIDIA_TF32_OVERRIDE", "OPENBLAS_CORETYPE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE"}
_LIBRARIES = ("DNNL_", "ONEDNN_", "CUDNN_", "TORCH_CUDNN_")
#: Variables of these libraries that only make them say more.
_HARMLESS = ("VERBOSE", "PROFILE", "DUMP", "LOG", "DEBUG")


def collect_provenance(
    plugins: Mapping[str, str],
    hardware: Mapping[str, Any],
    sources: Mapping[str, str] | None = None,
    *,
    commit: bool = True,
) -> dict[str, Any]:
    """Return this process's provenance: versions, plugins in use and their sources, hardware, git commit.

    plugins: versions by plugin.
    hardware: what the caller knows beyond the CPU ("gpu": its model).
    sources: a digest of its source files by plugin.
    commit: whether to look for the commit of the working directory.
    """
    machine = {
        "platform": platform.platform(),
        "cpu": _cpu_model(),
        **({"cpu_capability": found} if (found := cpu_capability(_cpu_facts(), os.environ)) else {}),
        "cores": available_cores(),
        "memory_bytes": _memory_bytes(),
        **({"driver": driver} if (driver := _gpu_driver()) else {}),
    }
    return {
        "versions": {name: _version(name) for name in _PACKAGES} | {"python": platform.python_version()},
        "plugins": dict(plugins),
        "sources": dict(sources or {}),
        "arithmetic": arithmetic_variables(os.environ),
        "hardware": machine | dict(hardware),
        "host": socket.gethostname(),
        "git_commit": _git_commit() if commit else None,
    }


def arithmetic_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make libraries compute in another way.

    Numbers of threads are not among them: a trial sets its own.
    """
    chosen = {name for name in environment if name in _ARITHMETIC}
    chosen |= {name for name in environment if name.startswith(_LIBRARIES) and not any(w in name for w in _HARMLESS)}
    return {name: environment[name] for name in sorted(chosen)}


def provenance_id(provenance: Mapping[str, Any]) -> str:
    """Return 12 hexadecimal digits that identify the part of a session's provenance that affects numbers.

    These are the versions of dlbench, torch, numpy and the plugins in use, the sources of the plugins, the models of
    CPU and GPU, the CPU's instructions, and the variables that set the arithmetic.
    """
    versions = {name: provenance["versions"][name] for name in DECISIVE}
    processors = [provenance["hardware"].get(name) for name in PROCESSORS]
    # What a session has none of leaves the identity as it was before it was looked at.
    more = {name: dict(provenance[name]) for name in ("sources", "arithmetic") if provenance.get(name)}
    more |= {name: capability for name in _CAPABILITY if (capability := provenance["hardware"].get(name))}
    return digest([versions, dict(provenance["plugins"]), processors, *([more] if more else [])], length=12)


def differences(before: Mapping[str, Any], now: Mapping[str, Any], plugins: Iterable[str]) -> list[str]:
    """Return what differs between two provenances and affects a trial's numbers, each as "torch 2.8 → 2.9".

    plugins: those of the trial's components. A session of a version that did not look at sources, or at the CPU's
    instructions, says nothing of them.
    """
    plugins = tuple(plugins)
    user = [name for name in plugins if is_user_code(name)]
    return [
        *_changed(before, now, "versions", DECISIVE),
        *_changed(before, now, "plugins", [name for name in plugins if name not in user]),
        *(f"the code of {each.partition(' ')[0]}" for each in _changed(before, now, "plugins", user)),
        *(f"the code of {each.partition(' ')[0]}" for each in _changed(before, now, "sources", plugins, unknown=True)),
        *_changed(before, now, "hardware", PROCESSORS),
        *_changed(before, now, "hardware", _CAPABILITY, unknown=True),
        *_changed(before, now, "arithmetic", sorted({*before.get("arithmetic", {}), *now.get("arithmetic", {})})),
    ]


def environment_changes(before: Mapping[str, Any], now: Mapping[str, Any], plugins: Iterable[str]) -> list[str]:
    """Return all that differs between the environments of two sessions, what affects numbers first."""
    return [
        *differences(before, now, plugins),
        *_changed(before, now, "versions", ("torchvision", "python"), unknown=True),
        *_changed(before, now, "hardware", ("platform", "cores"), unknown=True),
    ]


def _changed(
    before: Mapping[str, Any], now: Mapping[str, Any], part: str, names: Iterable[str], *, unknown: bool = False
) -> list[str]:
    """Return what differs in a part. unknown: whether a name that is missing before may have been the same."""
    old, new = before.get(part) or {}, now.get(part) or {}
    return [
        f"{name} {old.get(name)} → {new.get(name)}"
        for name in names
        if old.get(name) != new.get(name) and not (unknown and name not in old)
    ]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def cpu_capability(facts: str, environment: Mapping[str, str]) -> str:
    """Return the vector instructions that torch takes, as torch.backends.cpu.get_cpu_capability() does; "" if unknown.

    facts: those of the processor, as Linux lists them. torch itself is imported in workers only.
    """
    flags = set(_fact(facts, "flags").split())
    if not flags:  # not a processor of this family, or another system
        return ""
    named = {"avx512": "AVX512", "avx2": "AVX2", "default": "DEFAULT"}
    if chosen := named.get(environment.get("ATEN_CPU_CAPABILITY", "")):
        return chosen
    if {"avx512vl", "avx512bw", "avx512dq", "fma"} <= flags:
        return "AVX512"
    return "AVX2" if {"avx2", "fma"} <= flags else "DEFAULT"


def _cpu_model() -> str:
    return _fact(_cpu_facts(), "model name") or platform.processor() or platform.machine()


def _cpu_facts() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _fact(facts: str, name: str) -> str:
    """Return the first fact of a name."""
    named = (line.partition(":")[2].strip() for line in facts.splitlines() if line.partition(":")[0].strip() == name)
    return next(named, "")


def _gpu_driver(file: Path = Path("/proc/driver/nvidia/version")) -> str:
    """Return the version of NVIDIA's driver, "" where there is none."""
    try:
        found = re.search(r"Module +(?:for \S+ +)?([\d.]+)", file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return found[1] if found else ""


def version_changes(planned: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Return which versions and sources here are not those that a plan was made with, each as "torch 2.9, here 2.8"."""
    parts = [("versions", DECISIVE), ("plugins", sorted(planned.get("plugins", {})))]
    changed = [
        f"{name} {old}, here {new or 'none'}"
        for part, names in parts
        for name in names
        if (old := planned.get(part, {}).get(name)) != (new := here.get(part, {}).get(name))
        and (new or not is_user_code(name))  # which comes with each unit
    ]
    sources = planned.get("sources", {})
    return changed + [f"the code of {name}" for name in sources if sources[name] != here.get("sources", {}).get(name)]


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
