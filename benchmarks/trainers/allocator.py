"""Measure gain and cost of keeping freed memory: dlbench with and without it, in interleaved rounds on one core. Linux.

python benchmarks/trainers/allocator.py [SECONDS [ROUNDS]]
"""

import os
import sys
from pathlib import Path

from measure import Child, cell

_CELLS = (("A", 64), ("A", 1024), ("C", 512), ("E", 128))


def main(seconds: float = 5.0, rounds: int = 3) -> None:
    """Print the speed-up in processor time, and the memory that each process held and its peak."""
    os.environ["TRAINERS_CLOCK"] = "processor"
    core, data_dir = str(max(os.sched_getaffinity(0))), os.environ.get("DLBENCH_DATA_DIR", "")
    for model, batch in _CELLS:
        pair = [Child(name, "float32", model, batch, data_dir, core) for name in ("dlbench", "dlbench-giving-back")]
        if not all(child.ready() for child in pair):
            sys.exit(f"{model} {batch} cannot be measured")
        ratios = []
        for _ in range(rounds):
            keeping, giving_back = (child.rate(seconds) for child in pair)
            ratios.append(keeping / giving_back)
        held, given = (_megabytes(child.process.pid) for child in pair)
        print(f"{model} {batch}: {cell(ratios)}; MB held and peak: {held}, when returning memory {given}", flush=True)
        for child in pair:
            child.end()


def _megabytes(pid: int) -> str:
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return " and ".join(f"{int(fields[name].split()[0]) * 1024 / 1e6:,.0f}" for name in ("VmRSS", "VmHWM"))


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]), *map(int, sys.argv[2:3]))
