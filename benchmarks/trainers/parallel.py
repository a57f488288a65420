"""Measure two of dlbench's trials at once, a core and a thread each, against one with two threads: interleaved rounds.

python benchmarks/trainers/parallel.py [SECONDS [ROUNDS]]
"""

import os
import sys

from measure import Child, cell

_CELLS = (("A", 64), ("A", 1024), ("B", 64))


def main(seconds: float = 10.0, rounds: int = 3) -> None:
    """Print the total images per second of two, relative to one with two threads and to twice those of one alone."""
    data_dir = os.environ.get("DLBENCH_DATA_DIR", "")
    first, second = sorted(os.sched_getaffinity(0))[:2]
    for model, batch in _CELLS:
        cores = (str(first), str(second), f"{first},{second}")
        children = [Child("dlbench", "float32", model, batch, data_dir, each) for each in cores]
        if not all(child.ready() for child in children):
            sys.exit(f"{model} {batch} cannot be measured")
        *pair, wide = children
        over_wide, over_alone = [], []
        for number in range(rounds):
            for child in pair:
                child.begin(seconds)
            both = sum(child.answer() for child in pair)
            over_wide.append(both / wide.rate(seconds))
            over_alone.append(both / 2 / pair[number % 2].rate(seconds))
        for child in children:
            child.end()
        print(f"{model} {batch}: {cell(over_wide)}, each {cell(over_alone)} of a single one", flush=True)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]), *map(int, sys.argv[2:3]))
