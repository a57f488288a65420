"""Which NVIDIA GPUs trials may use, by the names that CUDA takes for them. Neither CUDA nor torch is asked."""

import os
import re
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

#: CUDA's own variable: the GPUs that a process sees, by index or UUID, or a part of one by its MIG name.
VISIBLE = "CUDA_VISIBLE_DEVICES"
#: Whatever CUDA takes by itself.
ANY = ""
_SECONDS = 30.0
#: What `nvidia-smi -L` says of a GPU, and below it of the parts (MIG) into which it is divided.
_LINE = re.compile(r"^\s*(GPU|MIG) .*\(UUID: ([^()\s]+)\)\s*$", re.MULTILINE)


def usable_gpus(environment: Mapping[str, str] = os.environ, devices: Path = Path("/dev")) -> tuple[str, ...]:
    """Return the names of the GPUs that a process with this environment may use, each for one worker.

    The user's own choice is divided as it stands. (ANY,) where nothing tells what there is.
    """
    if VISIBLE in environment:
        return chosen_gpus(environment[VISIBLE])
    listed = listed_gpus(_ask_driver(environment.get("PATH", os.defpath)))
    if listed:
        return listed
    files = [path for path in devices.glob("nvidia*") if path.name.removeprefix("nvidia").isdecimal()]
    return tuple(map(str, range(len(files)))) if len(files) > 1 else (ANY,)


def chosen_gpus(text: str) -> tuple[str, ...]:
    """Return the names in CUDA's variable as CUDA reads it: up to the first that is none; nothing if one recurs."""
    names = []
    for name in map(str.strip, text.split(",")):
        if not name or name.startswith("-"):
            break
        names.append(name)
    return tuple(names) if len(set(names)) == len(names) else ()


def listed_gpus(answer: str) -> tuple[str, ...]:
    """Return the UUIDs of what `nvidia-smi -L` lists; a GPU that is divided counts by its parts.

    Its indices may be others than CUDA's, which puts the fastest GPU first.
    """
    found: list[str] = []
    whole = ""
    for kind, name in _LINE.findall(answer):
        if kind == "MIG" and whole and found[-1] == whole:
            found.pop()
        whole = name if kind == "GPU" else ""
        found.append(name)
    return tuple(found)


def is_part(gpu: str) -> bool:
    """Return whether a name is that of a part of a GPU."""
    return gpu.startswith("MIG")


@lru_cache(maxsize=4)
def _ask_driver(path: str) -> str:
    """Return what `nvidia-smi -L` says, "" where it cannot be asked. path: where it is looked for."""
    try:
        asked = subprocess.run(
            ["nvidia-smi", "-L"],
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked.stdout
