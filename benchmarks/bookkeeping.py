"""Measure the overhead per trial: trials that train nothing are planned, dispatched, recorded and judged.

python benchmarks/bookkeeping.py [TRIALS]

It is the difference between a long run and a short one, so that start and end do not count.
"""

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import dlbench
from dlbench.executors.local import LocalExecutor
from dlbench.trials.events import Emit, EpochFinished, TrialFinished, TrialStarted
from dlbench.trials.trial_record import TrialRecord
from dlbench.trials.work_unit import WorkUnit

_FEW = 20
_METRICS = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


def run_unit(unit: WorkUnit, data_dir: Path, emit: Emit, stop: threading.Event | None = None) -> None:
    """Emit the events of a trial of three epochs without training; workers call it."""
    for trial in unit.trials:
        emit(TrialStarted(trial_id=trial.trial_id))
        figures = dict.fromkeys(_METRICS, trial.seed / 1e6)
        epochs = [figures | {"epoch": number, "learning_rate": 0.1, "seconds": 1.0} for number in (1, 2, 3)]
        for row in epochs:
            emit(EpochFinished(trial_id=trial.trial_id, epoch=row["epoch"], metrics=row))
        metrics = figures | {"test_accuracy": trial.seed / 1e6, "test_loss": 1.0}
        cost = {"train_seconds": 3.0, "images_per_second": 1000.0, "parameters": 650}
        emit(
            TrialFinished(record=TrialRecord(trial=trial, status="done", metrics=metrics, cost=cost, epochs=(*epochs,)))
        )


def seconds(trials: int, folder: Path) -> tuple[float, float]:
    """Run two variants with half of the trials each; return seconds of wall and of the parent's processor time."""
    wall, processor = time.perf_counter(), time.process_time()
    dlbench.compare(
        model=["linear", "mlp"],
        epochs=3,
        seeds=trials // 2,
        jobs=1,
        name=f"run-{trials}",
        results_dir=folder,
        fresh=True,
    )
    return time.perf_counter() - wall, time.process_time() - processor


def main(trials: int = 400) -> None:
    """Print milliseconds per trial."""
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    LocalExecutor.engine = "bookkeeping:run_unit"
    with tempfile.TemporaryDirectory() as place:
        _, few, many = (seconds(count, Path(place)) for count in (_FEW, _FEW, trials + _FEW))  # the first warms up
    wall, processor = ((after - before) / trials * 1e3 for before, after in zip(few, many, strict=True))
    print(f"per trial: {wall:.2f} ms wall time, {processor:.2f} ms of the parent's processor time")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
