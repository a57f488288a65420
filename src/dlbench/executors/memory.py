"""Whether the kernel has killed processes for lack of memory."""

import re
from functools import lru_cache
from pathlib import Path

_GROUPS = Path("/proc/self/cgroup")
_MOUNT = Path("/sys/fs/cgroup")
_WHOLE_MACHINE = Path("/proc/vmstat")
_COUNT = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


def out_of_memory_kills() -> int:
    """Return a count that grows when the kernel kills for lack of memory, on the machine or in this control group.

    0 if nothing can be read.
    """
    return sum(map(_count, {_WHOLE_MACHINE, *_event_files(_read(_GROUPS), _MOUNT)}))


@lru_cache(maxsize=1)
def _event_files(groups: str, mount: Path) -> tuple[Path, ...]:
    """Return the files with the events of the control groups, of version 2 and 1; some may not exist.

    groups: as /proc/self/cgroup lists them. mount: where their files are.
    """
    paths = [line.split(":", 2)[2].lstrip("/") for line in groups.splitlines() if line.count(":") >= 2]
    found = [mount / "memory.events", mount / "memory" / "memory.oom_control"]
    for path in paths:
        found += [mount / path / "memory.events", mount / "memory" / path / "memory.oom_control"]
    return tuple(found)


def _count(path: Path) -> int:
    match = _COUNT.search(_read(path))
    return int(match[1]) if match else 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
