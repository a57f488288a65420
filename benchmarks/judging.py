"""Measure judging and reading ten thousand trials: processor seconds, the median of five rounds.

python benchmarks/judging.py
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dlbench.components.metric_table import METRICS
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.plugins.registry import Registry
from dlbench.runs.journal import append_record, journal_path, read_journal
from dlbench.statistics.comparisons import compare_pairs
from dlbench.statistics.verdicts import Rules
from dlbench.trials.trial_record import TrialRecord

SHAPES = ((1000, 10), (500, 20), (100, 100), (10, 1000))


def main() -> None:
    """Print the median of each task."""
    for variants, seeds in SHAPES:
        draws = np.random.default_rng(0).normal(0.9, 0.01, (variants, seeds))
        values = {f"v{row}": dict(enumerate(draws[row].tolist())) for row in range(variants)}
        pairs = [(variant, "v0") for variant in values if variant != "v0"]
        rules = Rules(metric=METRICS["test_accuracy"])
        seconds = _median(lambda values=values, pairs=pairs, rules=rules: compare_pairs(values, pairs, rules))
        print(f"judge {variants:5} variants x {seeds:4} seeds {seconds:8.2f} s")
    trial = build(Request(seeds=1), Registry.load()).variants[0].trial
    epochs = tuple({"epoch": epoch, "train_loss": 1 / epoch, "validation_accuracy": 0.9} for epoch in range(1, 11))
    record = TrialRecord(trial=trial, status="done", metrics={"test_accuracy": 0.9}, epochs=epochs)
    with tempfile.TemporaryDirectory() as folder:
        path = journal_path(Path(folder), "a")
        path.parent.mkdir()
        append_record(path, record)
        line = path.read_bytes()
        first = _median(lambda: append_record(path, record))
        path.write_bytes(line * 10_000)
        last = _median(lambda: append_record(path, record))
        print(f"add a record to an empty journal     {1000 * first:8.2f} ms")
        print(f"add a record to 10,000               {1000 * last:8.2f} ms")
        print(f"read 10,000 records of 10 epochs     {_median(lambda: read_journal(Path(folder))):8.2f} s")


def _median(task: Callable[[], object], rounds: int = 5) -> float:
    task()
    times = []
    for _ in range(rounds):
        started = time.process_time()
        task()
        times.append(time.process_time() - started)
    return statistics.median(times)


if __name__ == "__main__":
    main()
