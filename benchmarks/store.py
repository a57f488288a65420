"""Measure storing 10,000 tiny records: bytes and system calls per record at the beginning and the end, and reading all.

Run it on an idle machine: python benchmarks/store.py [RECORDS]
"""

import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlbench import files
from dlbench.components.choice import Selection
from dlbench.runs.folder import RunFolder
from dlbench.trials.settings import Settings
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord

SHOWN = 100


class Counting:
    """`os` with counted calls and written bytes."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in ("open", "write", "fsync", "replace", "mkdir", "unlink"):
            return real

        def call(*arguments: Any, **options: Any) -> Any:
            self.calls[name] += 1
            if name == "write":
                self.calls["bytes"] += len(arguments[1])
            return real(*arguments, **options)

        return call


def record(seed: int) -> TrialRecord:
    """Return a tiny record."""
    trial = Trial(
        model=Selection("standard/mlp"),
        activation=Selection("standard/relu"),
        dataset=Selection("standard/digits"),
        scheduler=Selection("standard/constant"),
        optimizer=Selection("standard/adam"),
        settings=replace(Settings(), device="cpu"),
        seed=seed,
        dataset_digest="0" * 32,
    )
    epoch = {"train_loss": 0.5, "validation_accuracy": 0.9, "seconds": 0.1}
    return TrialRecord(trial=trial, status="done", metrics={"test_accuracy": 0.9}, epochs=(epoch,) * 3)


def main(count: int) -> None:
    """Add records, then read them."""
    system = Counting()
    files.os = system  # type: ignore[assignment]  # a stand-in for the module
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "run"
        folder = RunFolder(path)
        for seed in range(count):
            if seed in (SHOWN, count - SHOWN):
                system.calls.clear()
                started = time.process_time()
            folder.add(record(seed))
            if seed in (2 * SHOWN - 1, count - 1):
                seconds = (time.process_time() - started) / SHOWN
                each = ", ".join(f"{total / SHOWN:g} {name}" for name, total in sorted(system.calls.items()))
                place_in = f"records {seed - SHOWN + 2:,} to {seed + 1:,}"
                print(f"{place_in}: {each} per record; {seconds * 1000:.2f} ms of processor time")
        started = time.process_time()
        found = len(RunFolder(path).records)
        print(f"reading {found:,} records: {time.process_time() - started:.2f} s of processor time")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
