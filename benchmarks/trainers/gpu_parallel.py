"""Measure several of dlbench's trials at once on one CUDA GPU, one core each, against one: total images per second.

python benchmarks/trainers/gpu_parallel.py [SECONDS [COUNT,… [MODELS]]]
"""

import os
import sys

from measure import Child

_CELLS = (("A", 64, "float32"), ("B", 64, "float32"), ("C", 512, "bfloat16"), ("D", 128, "bfloat16"))


def main(seconds: float = 4.0, counts: str = "1,2,4,8", models: str = "ABCD") -> None:
    """Print the images per second for each number of trials, and the ratio to a single trial."""
    data_dir = os.environ.get("DLBENCH_DATA_DIR", "")
    numbers = sorted(map(int, counts.split(",")))
    cores = sorted(os.sched_getaffinity(0))
    for model, batch, precision in (cell for cell in _CELLS if cell[0] in models):
        children = [
            Child("dlbench-gpu", precision, model, batch, data_dir, str(cores[index % len(cores)]))
            for index in range(numbers[-1])
        ]
        if [child for child in children if not child.ready()]:  # waits for every child to warm up
            sys.exit(f"{model} {batch} cannot be measured")
        alone = 0.0
        for number in numbers:
            for child in children[:number]:
                child.begin(seconds)
            rate = sum(child.answer() for child in children[:number])
            alone = alone or rate
            print(
                f"{model} {batch} {precision}, {number} at once: {rate:,.0f} images/s, {rate / alone:.2f}", flush=True
            )
        for child in children:
            child.end()


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]), *sys.argv[2:4])
