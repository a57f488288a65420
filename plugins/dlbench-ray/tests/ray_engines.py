"""What nodes of the tests call in place of dlbench.run_guarded, with the same arguments."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from dlbench import Emit, TrialFinished, TrialNoted, TrialRecord, TrialStarted, WorkUnit

#: No test takes more memory than this; it lets a node have less.
MOST_BYTES = 2_400_000_000
#: What takes memory ends with the process that started it, as a trial's process does.
HOG = f"""
import os, time
parent, held, end = os.getppid(), [], time.monotonic() + 60
while os.getppid() == parent and time.monotonic() < end:
    if sum(map(len, held)) + 10**8 <= {MOST_BYTES}:
        held.append(bytearray(b"1") * 10**8)
    time.sleep(0.03)
"""


def _note(unit: WorkUnit, emit: Emit, text: str) -> None:
    emit(TrialNoted(trial_id=unit.trials[0].trial_id, text=text))


def stubborn(unit: WorkUnit, data_dir: Path, emit: Emit, stop: threading.Event, timeout: float | None) -> None:
    """Heed no stop."""
    _note(unit, emit, "has begun")
    time.sleep(600)


def looking(unit: WorkUnit, data_dir: Path, emit: Emit, stop: threading.Event, timeout: float | None) -> None:
    """Say which GPU it has, and wait until four processes have looked."""
    _note(unit, emit, f"GPU {os.environ.get('CUDA_VISIBLE_DEVICES')}")
    (data_dir / str(os.getpid())).touch()
    while len([*data_dir.iterdir()]) < 4:
        time.sleep(0.01)


def hungry(unit: WorkUnit, data_dir: Path, emit: Emit, stop: threading.Event, timeout: float | None) -> None:
    """Take memory for seed 0; otherwise train until it is free again. Both begin side by side."""
    trial, pid = unit.trials[0], data_dir / "pid"
    emit(TrialStarted(trial_id=trial.trial_id))
    (data_dir / f"seed {trial.seed}").touch()
    while len([*data_dir.glob("seed *")]) < 2:
        time.sleep(0.02)
    if trial.seed == 0:
        with subprocess.Popen([sys.executable, "-c", HOG]) as taking:
            pid.write_text(f"{taking.pid} ")
    elif unit.attempt == 1:
        while not (pid.exists() and pid.read_text().endswith(" ")):
            time.sleep(0.02)
        while Path("/proc", pid.read_text().strip()).exists():
            time.sleep(0.02)
        time.sleep(1.0)  # Ray may be about to end this one too
    emit(TrialFinished(record=TrialRecord(trial=trial, status="done"), attempt=unit.attempt))
