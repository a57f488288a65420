"""Profile dlbench's steps: torch's profiler over a part of an epoch, operators by their own time.

python benchmarks/trainers/hot_spots.py MODEL BATCH [PRECISION]
"""

import os
import sys
from pathlib import Path

from ours import Dlbench
from workloads import WORKLOADS

_SHOWN = 10


def main(model: str, batch: str, precision: str = "float32") -> None:
    """Print each operator's share of the processor time."""
    from torch.profiler import ProfilerActivity, profile

    trainer = Dlbench(WORKLOADS[model], int(batch), precision, Path(os.environ.get("DLBENCH_DATA_DIR", "")))
    trainer.run(0.1)
    with profile(activities=[ProfilerActivity.CPU]) as found:
        trainer.run(0.1)
    operators = sorted(found.key_averages(), key=lambda each: each.self_cpu_time_total, reverse=True)
    total = sum(each.self_cpu_time_total for each in operators)
    for each in operators[:_SHOWN]:
        print(f"{each.self_cpu_time_total / total:6.1%}  {each.key}")


if __name__ == "__main__":
    main(*sys.argv[1:])
