"""Measure the cost of diagnostics: simple-cnn on MNIST with and without all of them at the first and last epoch.

python benchmarks/diagnostics.py [ROUNDS] [EPOCHS] [TRAIN_SIZE]

Each round runs both in this process, in alternating order; DLBENCH_DATA_DIR is the folder with MNIST. Processor time is
shown as well as wall time, as a busy machine affects it less.
"""

import os
import statistics
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from dlbench.components.image_data import ImageData
from dlbench.engine.dataset_cache import load_for_trial
from dlbench.engine.diagnostics import DiagnosticsRunner
from dlbench.engine.run_trial import run_trial
from dlbench.executors.allocator import keep_freed_memory
from dlbench.plans.build import build, resolve
from dlbench.plans.diagnostics import read_diagnostics
from dlbench.plans.plan import Request
from dlbench.plugins.registry import Registry
from dlbench.sessions.resolve import TrialResolver
from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan
from dlbench.trials.trial import Trial

MODEL = "cnn-settings/simple-cnn"


class Clock:
    """Measures the processor time of each diagnostic during training."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = {}
        run = DiagnosticsRunner._run

        def timed(runner, diagnostic, *rest):  # type: ignore[no-untyped-def]
            started = time.process_time()
            try:
                return run(runner, diagnostic, *rest)
            finally:
                self.spent.setdefault(diagnostic.text, []).append(time.process_time() - started)

        DiagnosticsRunner._run = timed  # type: ignore[method-assign]


def main(rounds: int, epochs: int, train_size: int | None) -> None:
    """Print the overhead of each round, and of each diagnostic."""
    keep_freed_memory()
    registry, data_dir = Registry.load(), Path(os.environ["DLBENCH_DATA_DIR"])
    values = {"model": (MODEL,), "dataset": ("mnist",), "epochs": (str(epochs),), "device": ("cpu",)}
    values |= {"train_size": (str(train_size),)} if train_size else {}
    with TrialResolver(registry, data_dir, threading.Event(), print) as resolver:
        trial = resolve(build(Request(values=values, seeds=1), registry), registry, resolver.complete).trials[0]
    diagnostics, clock = read_diagnostics(["all,first,last"], registry), Clock()
    data = load_for_trial(trial, data_dir, registry)
    measured = [_round(trial, data, registry, diagnostics, turn) for turn in range(rounds)]
    for name in ("wall", "processor"):
        ratios = [found[f"{name} with"] / found[f"{name} without"] for found in measured]
        print(f"{name}: with / without, median {statistics.median(ratios):.3f} ({min(ratios):.3f}–{max(ratios):.3f})")
    training = statistics.median(found["processor without"] for found in measured)
    for text, seconds in clock.spent.items():
        print(f"{text:35} {2 * statistics.median(seconds) / training:6.2%} of a trial without any ({training:.1f} s)")


def _round(
    trial: Trial, data: ImageData, registry: Registry, diagnostics: DiagnosticsPlan, turn: int
) -> Mapping[str, float]:
    found = {}
    for measured in (diagnostics, NO_DIAGNOSTICS) if turn % 2 else (NO_DIAGNOSTICS, diagnostics):
        name = "with" if measured else "without"
        wall, processor = time.perf_counter(), time.process_time()
        record = run_trial(trial, data, registry, diagnostics=measured)
        found[f"wall {name}"] = time.perf_counter() - wall
        found[f"processor {name}"] = time.process_time() - processor
        assert not record.message, record.message
    print(", ".join(f"{name} {seconds:.1f} s" for name, seconds in found.items()), flush=True)
    return found


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*(given + [3, 5, 0][len(given) :]))
