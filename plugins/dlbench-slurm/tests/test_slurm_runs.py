"""Runs on a real SLURM whose nodes and controller die meanwhile: every trial once, with the local numbers."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("submitit", reason="submitit is not installed")

pytestmark = pytest.mark.slow

COMMAND = (sys.executable, "-m", "dlbench")
#: Trials that last long enough to be met by what happens to their nodes.
#: Long enough that trials still run once a controller has been started again.
STUDY = ("compare", "--model", "mlp", "--activation", "relu,tanh", "--seeds", "6", "--epochs", "200")
#: A machine may have other work too.
PATIENCE = 300
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"}
_COST = {"seconds", "images_per_second"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def local(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the numbers of the local executor."""
    folder = tmp_path_factory.mktemp("local")
    options = ("--name", "run", "--results-dir", str(folder), "--data-dir", str(data), "--jobs", "2")
    subprocess.run([*COMMAND, *STUDY, *options], check=True, capture_output=True, timeout=PATIENCE)
    return numbers(folder / "run")


@pytest.fixture
def start(in_slurm: Any, data: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start dlbench on the login node; returns the process."""
    processes: list[subprocess.Popen[str]] = []

    def started(*words: str) -> subprocess.Popen[str]:
        environment = {**in_slurm.environment, "DLBENCH_DATA_DIR": str(data), "DLBENCH_RESULTS_DIR": str(tmp_path)}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        process = subprocess.Popen([*COMMAND, *words], cwd=tmp_path, env=environment, text=True, **pipes)
        processes.append(process)
        return process

    yield started
    for process in processes:
        process.kill()
        process.communicate(timeout=PATIENCE)


def numbers(folder: Path) -> dict[str, Any]:
    """Return what a run's journals say of each trial, bit for bit, without what it cost; each is there once."""
    found: dict[str, Any] = {}
    for path in sorted((folder / "journal").glob("*.jsonl")):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            epochs = [{k: v for k, v in row.items() if k not in _COST} for row in record["epochs"]]
            assert record["trial_id"] not in found
            found[record["trial_id"]] = record["status"], record["metrics"], epochs
    return found


def submit(start: Callable[..., subprocess.Popen[str]], *options: str, command: tuple[str, ...] = STUDY) -> str:
    """Submit an array job, and return its number."""
    process = start("submit", "slurm", *options, "--", *command, "--name", "run", "--checkpoint-every", "0.5")
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    return said.split()[-1]


def read(log: Path) -> str:
    return log.read_text() if log.exists() else ""


def finished(folder: Path) -> int:
    """Return how many trials a table has; lines of nothing keep its rows within pages."""
    path = folder / "run" / "trials.csv"
    return sum(bool(line) for line in path.read_text().splitlines()[1:]) if path.exists() else 0


def test_an_array_shares_a_folder_though_a_task_is_cancelled_and_the_controller_and_a_node_die(
    in_slurm: Any, start: Callable[..., subprocess.Popen[str]], local: dict[str, Any], tmp_path: Path
) -> None:
    job = submit(start, "--array", "4", "--time", "10m")
    in_slurm.wait_for(lambda: finished(tmp_path) >= 1, "the first trial")
    in_slurm.call("scancel", f"{job}_1")
    in_slurm.wait_for(lambda: in_slurm.jobs().get(f"{job}_1") == "CANCELLED", "the end of a task")
    in_slurm.kill_controller()
    in_slurm.start_controller()
    in_slurm.wait_for(lambda: len(in_slurm.jobs(f"--jobs={job}")) == 4, "the controller")
    in_slurm.kill_node("n2")
    in_slurm.start_node("n2")
    in_slurm.wait_for(lambda: ENDED.issuperset(in_slurm.jobs(f"--jobs={job}").values()), "the job's end")
    states = in_slurm.jobs(f"--jobs={job}")
    # A controller that is killed may have forgotten the cancelling, but not that the task has ended.
    assert states.pop(f"{job}_1") in ("CANCELLED", "COMPLETED")
    assert states == dict.fromkeys((f"{job}_{task}" for task in (2, 3, 4)), "COMPLETED")
    assert "Restarts=1" in in_slurm.call("scontrol", "show", "job", job)
    assert numbers(tmp_path / "run") == local


def test_the_executor_goes_on_though_its_session_is_killed_one_node_is_drained_and_the_other_dies(
    in_slurm: Any, start: Callable[..., subprocess.Popen[str]], local: dict[str, Any], tmp_path: Path
) -> None:
    command = (*STUDY, "--name", "run", "--executor", "slurm:jobs=4:time=10m")
    killed = start(*command)
    in_slurm.wait_for(lambda: finished(tmp_path) >= 1, "the first trial")
    killed.kill()
    before, session = finished(tmp_path), start(*command)
    in_slurm.wait_for(lambda: finished(tmp_path) > before, "the next session's first trial")
    in_slurm.kill_controller()
    in_slurm.start_controller()
    in_slurm.wait_for(lambda: len(in_slurm.states()) == 2, "the controller")
    in_slurm.kill_node("n2")
    in_slurm.call("scontrol", "update", "NodeName=n1", "State=DRAIN", "Reason=test")
    in_slurm.start_node("n2")
    said, _ = session.communicate(timeout=PATIENCE)
    drained = in_slurm.states()["n1"]
    in_slurm.call("scontrol", "update", "NodeName=n1", "State=RESUME")
    assert drained.startswith(("drain", "drng"))
    assert session.returncode == 0, said
    assert "Cancelled 4 jobs of a session that was killed." in said
    assert "NODE_FAIL" in in_slurm.jobs().values()
    assert numbers(tmp_path / "run") == local


def test_a_task_goes_on_after_its_time_limit_and_keeps_its_checkpoint_when_it_is_cancelled(
    in_slurm: Any, start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    command = ("compare", "--model", "mlp", "--seed", "0", "--epochs", "10000")
    # SLURM looks every 30 s, and warns a task up to as much earlier: here after 20 to 50 s.
    job = submit(start, "--array", "1", "--time", "1m", "--warning", "10", command=command)
    log, run = tmp_path / f"slurm-{job}_1.out", tmp_path / "run"
    in_slurm.wait_for(lambda: "goes on in the next job" in read(log), "the time limit")
    in_slurm.wait_for(lambda: in_slurm.jobs(f"--jobs={job}") == {f"{job}_1": "PENDING"}, "the queue")
    in_slurm.call("scontrol", "update", f"JobId={job}", "TimeLimit=60")
    (checkpoint,) = run.rglob("*.pt")
    before = checkpoint.stat().st_mtime_ns
    in_slurm.wait_for(lambda: checkpoint.stat().st_mtime_ns > before, "the next job's checkpoint")
    assert in_slurm.jobs(f"--jobs={job}") == {f"{job}_1": "RUNNING"}
    in_slurm.call("scancel", job)
    in_slurm.wait_for(lambda: in_slurm.jobs(f"--jobs={job}") == {f"{job}_1": "CANCELLED"}, "the end")
    assert read(log).count("goes on in the next job") == 1
    assert checkpoint.exists()
    assert numbers(run) == {}
