"""Time whole training epochs on a CUDA GPU: dlbench's, step by step and recorded, against the DataLoader loop.

python benchmarks/trainers/gpu.py [--cells A64,C512] [--ways "graphs bfloat16"] [--rounds 3] [--out FILE]

With all training images, metrics and schedule, without evaluation. The ways take turns; a figure is the median of the
rounds in seconds, with their range. The DataLoader loop trains for a few seconds; its epoch is extrapolated from these.
"""

import argparse
import json
import os
import statistics
from pathlib import Path

from ours import build_workload
from plain import PlainOnGpu
from workloads import WORKLOADS

from dlbench.trials.settings import Settings

#: What each way changes in dlbench's defaults.
WAYS = {
    "eager float32": {},
    "graphs float32": {"cuda_graphs": "true"},
    "graphs TF32": {"cuda_graphs": "true", "matmul_precision": "high"},
    "graphs bfloat16": {"cuda_graphs": "true", "precision": "bfloat16"},
    "compiled TF32": {"cuda_graphs": "true", "matmul_precision": "high", "compile": "true"},
    "compiled bfloat16": {"cuda_graphs": "true", "precision": "bfloat16", "compile": "true"},
}
CELLS = ("A64", "B64", "C512", "D128")


def main() -> None:
    """Measure the cells and print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    split = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--cells", type=split, default=list(CELLS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", type=split, default=list(WAYS))
    parser.add_argument("--loader-seconds", type=float, default=4.0, help="0: without it")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("DLBENCH_DATA_DIR", ""))
    parser.add_argument("--out", type=Path, default=Path("build/gpu.jsonl"))
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    for cell in options.cells:
        measure(cell, options)


def measure(cell: str, options: argparse.Namespace) -> None:
    """Time a cell's ways in turn; print and keep each one's seconds."""
    import torch

    workload, batch = WORKLOADS[cell[0]], int(cell[1:])
    epochs = {}
    for name in options.ways:
        try:
            epochs[name] = Epoch(workload, batch, options.data_dir, WAYS[name])
        except Exception as error:  # mostly the compiler's; the other ways are still measured
            print(f"{cell} {name}: cannot be measured, {str(error).splitlines()[0]}", flush=True)
    seconds = {"DataLoader loop": [loader_epoch(workload, batch, options)]} if options.loader_seconds else {}
    for _ in range(options.rounds):
        for name, epoch in epochs.items():
            seconds.setdefault(name, []).append(epoch.run())
    for name, found in seconds.items():
        losses = epochs[name].losses if name in epochs else []
        record = {"cell": cell, "way": name, "seconds": found, "losses": losses, "gpu": torch.cuda.get_device_name()}
        with options.out.open("a") as file:
            print(json.dumps(record), file=file)
        spread = f"({min(found):.3f}-{max(found):.3f})"
        print(f"{cell} {name}: {statistics.median(found):.3f} s {spread} losses {losses}", flush=True)


class Epoch:
    """A prepared training; run() trains one more epoch."""

    def __init__(self, workload, batch: int, data_dir: Path, way: dict[str, str]) -> None:
        from dlbench.engine.warmup import warm_up

        way = {"validation": "test", "device": "cuda", **way}
        precision = way.pop("precision", "float32")
        self.settings = Settings(device="cuda", matmul_precision=way.get("matmul_precision", "highest"))
        self.setup = build_workload(workload, batch, precision, data_dir, **way)
        self.losses: list[float] = []
        self._enter()
        warm_up(self.setup)
        self.run()  # kernels are chosen, and the step is recorded

    def _enter(self) -> None:
        from dlbench.engine.process_settings import apply_process_settings

        apply_process_settings(self.settings)

    def run(self) -> float:
        """Train an epoch and return its seconds."""
        from dlbench.engine.training import clock, train_epoch

        self._enter()
        started = clock(self.setup)
        loss, _, _ = train_epoch(self.setup)
        self.losses.append(round(loss, 4))
        return clock(self.setup) - started


def loader_epoch(workload, batch: int, options: argparse.Namespace) -> float:
    """Return the seconds of an epoch of the tutorials' loop, extrapolated from a part of it."""
    plain = PlainOnGpu(workload, batch, "float32", options.data_dir)
    plain.run(1.0)  # its workers start
    images, taken = plain.run(options.loader_seconds)
    return taken / images * len(plain.loader.dataset)


if __name__ == "__main__":
    main()
