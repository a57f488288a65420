"""Two dlbench processes in one run folder: both finish, each trial is computed once, no row is lost or doubled."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

#: An executor without torch that follows the real one's protocol; it records which trials it computes.
PLUGIN = """
    import os, time
    from pathlib import Path
    from dlbench import Executor, TrialRecord, hookimpl
    from dlbench.trials.events import TrialFinished, TrialStarted

    class Instant:
        def slots(self):
            return 1

        def run(self, units, emit, stop):
            for unit in units:
                (trial,) = unit.trials
                emit(TrialStarted(trial_id=trial.trial_id))
                with open(os.environ["COMPUTED"], "a") as file:
                    file.write(f"{trial.trial_id}\\n")
                while Path(os.environ["COMPUTED"] + f".hang-{os.getpid()}").exists():
                    time.sleep(0.01)
                metrics = {"test_accuracy": trial.seed / 100, "validation_accuracy": 0.5, "epochs_run": 1}
                row = {"train_loss": 1.0, "validation_accuracy": 0.5, "seconds": 0.1}
                emit(TrialFinished(record=TrialRecord(
                    trial=trial, status="done", metrics=metrics, epochs=(row, row), confusion=((1, 2), (3, 4)),
                    class_names=("a", "b"), log="x" * 50,
                )))
                if stop.is_set():
                    return

    @hookimpl
    def dlbench_executors():
        return [Executor(name="instant", factory=f"{__name__}:Instant", summary="At once.")]
"""
DRIVER = """
import sys, threading, time
from pathlib import Path
from dlbench.plans.config import Config
from dlbench.plans.plan import Request
from dlbench.plugins.registry import Registry
from dlbench.report.terminal.progress import Progress
from dlbench.sessions.options import Options
from dlbench.sessions.run import run

root, me, company, rounds, seeds = Path(sys.argv[1]), *map(int, sys.argv[2:6])
registry = Registry.load()
for number in range(rounds):
    (root / f"ready-{number}-{me}").touch()
    while len(list(root.glob(f"ready-{number}-*"))) < company:
        time.sleep(0.001)
    options = Options(name=f"round-{number}", results_dir=root, data_dir=Path(sys.argv[6]), executor="instant")
    request = Request(values={"activation": ("relu", "tanh")}, seeds=seeds)
    with Progress(quiet=True) as display:
        outcome = run(request, options, registry, Config(), display, threading.Event())
    assert outcome.exit_code == 0, outcome
    assert len(outcome.records) == 2 * seeds
"""


@pytest.fixture
def start(install, tmp_path, data_dir):
    """Start a process that runs rounds, each in its own folder, together with other processes."""
    install("instant", PLUGIN)
    path = os.pathsep.join([str(tmp_path / "site-packages"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "COMPUTED": str(tmp_path / "computed")}
    (tmp_path / "results").mkdir(exist_ok=True)
    processes = []

    def run(me, company=2, rounds=1, seeds=4):
        arguments = [str(tmp_path / "results"), me, company, rounds, seeds, str(data_dir)]
        command = [sys.executable, "-c", DRIVER, *map(str, arguments)]
        processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(autouse=True)
def _prepared(dlbench):
    assert dlbench("data", "fetch", "digits").returncode == 0


def _finish(*processes):
    for process in processes:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors


def _rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _check(folder: Path, trials: int) -> None:
    rows = _rows(folder / "trials.csv")
    assert len(rows) == len({row["trial_id"] for row in rows}) == trials
    assert Counter(Counter(row["trial_id"] for row in _rows(folder / "epochs.csv")).values()) == {2: trials}
    lines = [line for path in folder.glob("journal/*.jsonl") for line in path.read_text().splitlines()]
    assert len({json.loads(line)["trial_id"] for line in lines}) == len(lines) == trials
    manifest = json.loads((folder / "manifest.json").read_text())
    assert all(session["ended"] for session in manifest["sessions"])
    assert {path.suffix for path in (folder / "journal").iterdir()} == {".jsonl"}  # locks and live files are removed


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_two_processes_at_once_compute_each_trial_once(start, tmp_path, rounds):
    _finish(start(0, rounds=rounds), start(1, rounds=rounds))
    for number in range(rounds):
        _check(tmp_path / "results" / f"round-{number}", 8)
    computed = Counter((tmp_path / "computed").read_text().split())
    assert set(computed.values()) == {rounds}
    assert len(computed) == 8
    manifests = (tmp_path / "results").glob("round-*/manifest.json")
    assert all(len(json.loads(path.read_text())["sessions"]) == 2 for path in manifests)


@pytest.mark.slow
def test_the_trials_claimed_by_a_killed_process_are_computed_by_the_other(start, tmp_path):
    killed = start(0, company=1)
    (tmp_path / f"computed.hang-{killed.pid}").touch()
    _wait_for(lambda: (tmp_path / "computed").exists())
    other = start(1, company=1)
    _wait_for(
        lambda: len((tmp_path / "computed").read_text().split()) == 8
    )  # all except the claimed one, and that one too
    time.sleep(0.5)
    assert other.poll() is None  # it waits for the trial that the first one runs
    killed.send_signal(signal.SIGKILL)
    _finish(other)
    rows = _rows(tmp_path / "results" / "round-0" / "trials.csv")
    assert len(rows) == len({row["trial_id"] for row in rows}) == 8
    assert sorted(Counter((tmp_path / "computed").read_text().split()).values()) == [1] * 7 + [2]


@pytest.mark.slow
def test_a_reader_during_a_run_sees_only_complete_rows(start, tmp_path):
    import pandas as pd

    processes = [start(0, seeds=20), start(1, seeds=20)]
    folder = tmp_path / "results" / "round-0"
    seen = 0
    while any(process.poll() is None for process in processes):
        if not (folder / "epochs.csv").exists():
            continue
        for name in ("trials.csv", "epochs.csv", "confusion.csv"):
            content = (folder / name).read_bytes()
            assert content.endswith(b"\n")
            frame = pd.read_csv(folder / name)
            assert frame["trial_id"].notna().all()
            assert frame["trial_id"].str.fullmatch("[0-9a-f]{16}").all()
        trials = pd.read_csv(folder / "trials.csv")
        assert trials["trial_id"].is_unique
        seen = max(seen, len(trials))
    _finish(*processes)
    assert seen > 1
    _check(folder, 40)


@pytest.mark.slow
def test_a_folder_with_an_active_session_cannot_be_removed_or_moved_aside(start, dlbench, tmp_path):
    running = start(0, company=1)
    hang = tmp_path / f"computed.hang-{running.pid}"
    hang.touch()
    _wait_for(lambda: (tmp_path / "computed").exists())
    where = ("--results-dir", "results")
    for command in (
        ("results", "rm", "round-0", "--yes", *where),
        ("results", "doctor", "round-0", *where),
        ("compare", "--activation", "relu,tanh", "--seeds", "4", "--name", "round-0", "--fresh", "--yes", *where),
    ):
        done = dlbench(*command)
        assert done.returncode == 2
        assert f"in use by process {running.pid}" in " ".join(done.stderr.split())
    assert "is at work" not in dlbench("results", "show", "round-0", *where).stderr
    hang.unlink()
    _finish(running)
    assert dlbench("results", "doctor", "round-0", *where).returncode == 0


@pytest.mark.slow
def test_following_shows_each_trial_as_it_ends_and_the_tables_at_the_end(start, dlbench, tmp_path):
    running = start(0, company=1, seeds=20)
    hang = tmp_path / f"computed.hang-{running.pid}"
    hang.touch()
    _wait_for(lambda: (tmp_path / "computed").exists())
    threading.Timer(1.0, hang.unlink).start()
    done = dlbench("results", "show", "round-0", "--follow", "--results-dir", "results")
    assert done.returncode == 0
    assert "[40/40]" in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("[")]
    assert len(lines) == len(set(lines))
    assert re.search(r"^relu +20 ", done.stdout, re.MULTILINE)
    _finish(running)
    again = dlbench("results", "show", "round-0", "--follow", "--results-dir", "results")
    assert "No session is running" in again.stderr
    assert again.stdout == done.stdout


def _wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
