"""Two of dlbench's trials at once, a core and a thread each, beside one trial with two threads: interleaved rounds.

python benchmarks/trainers/parallel.py [SECONDS [ROUNDS]]
"""

import os
import statistics
import sys

from measure import Child

_CELLS = (("A", 64), ("A", 1024), ("B", 64))


def main(seconds: float = 10.0, rounds: int = 3) -> None:
    """Print the ratio of images a second in sum, with its range."""
    data_dir = os.environ.get("DLBENCH_DATA_DIR", "")
    first, second = sorted(os.sched_getaffinity(0))[:2]
    for model, batch in _CELLS:
        cores = (str(first), str(second), f"{first},{second}")
        *pair, wide = [Child("dlbench", "float32", model, batch, data_dir, each) for each in cores]
        if not all(child.ready() for child in (*pair, wide)):
            sys.exit(f"{model} {batch} cannot be measured")
        ratios = []
        for _ in range(rounds):
            for child in pair:
                child.begin(seconds)
            ratios.append(sum(child.answer() for child in pair) / wide.rate(seconds))
        for child in (*pair, wide):
            child.end()
        print(f"{model} {batch}: {statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})", flush=True)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]), *map(int, sys.argv[2:3]))
