"""A component that misbehaves costs only its own trial; a plugin written from the design alone works."""

import csv
import json
import os
import subprocess
import sys

import pytest

PLUGIN = """
    from dlbench import Activation, hookimpl

    NAMES = ("raises", "exits", "leaves", "killed", "crashes", "prints", "floods", "hungry", "quits", "wrong")

    @hookimpl
    def dlbench_activations():
        return [Activation(name=name, factory=f"{__name__}_parts:{name}", summary=f"It {name}.") for name in NAMES]

    @hookimpl
    def dlbench_trial_finished(record):
        raise RuntimeError("an observer that cannot take it")
"""
PARTS = """
    import ctypes, os, signal, sys
    from torch import nn

    def raises():
        raise ValueError("this activation cannot be")

    def exits():
        os._exit(3)

    def leaves():
        os._exit(0)

    def crashes():
        ctypes.string_at(0)

    def floods():
        while True:
            print("and on " * 10_000)

    def hungry():
        raise MemoryError("no more of it")

    def quits():
        sys.exit(4)

    def killed():
        os.kill(os.getpid(), signal.SIGKILL)

    def prints():
        print("hello from Python")
        os.write(2, b"and from below it\\n")
        return nn.ReLU()

    def wrong():
        return None
"""


@pytest.fixture
def faulty(install, tmp_path):
    install("faulty", PLUGIN)
    (module,) = (tmp_path / "site-packages").glob("fake_*.py")
    module.with_name(f"{module.stem}_parts.py").write_text("\n".join(line[4:] for line in PARTS.splitlines()))
    return tmp_path / "site-packages"


def _search_path(folder):
    return os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])


@pytest.mark.slow
def test_faults_of_one_trial_leave_the_others_alone_and_are_distinguished(faulty, tmp_path, data_dir):
    faults = {
        "raises": ("failed", "ValueError: this activation cannot be"),
        "exits": ("failed", "the worker process exited by itself with exit code 3"),
        "leaves": ("failed", "the worker process exited by itself with exit code 0"),
        "killed": ("failed", "the worker process was killed by SIGKILL (out of memory, perhaps)"),
        "crashes": ("failed", "the worker process was killed by SIGSEGV"),
        "floods": ("failed", "killed after printing more than 256 MiB"),
        "hungry": ("oom", "MemoryError: no more of it"),
        "quits": ("failed", "SystemExit: 4"),
        "wrong": ("failed", "TypeError: 'NoneType' object is not callable"),
    }
    names = ",".join(["relu", *(f"faulty/{name}" for name in faults), "faulty/prints", "tanh"])
    environment = {**os.environ, "PYTHONPATH": _search_path(faulty), "DLBENCH_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "dlbench.cli.main", "compare", "--seeds", "2", "--epochs", "1"]
    done = subprocess.run(
        [*command, "--activation", names, "--name", "faults"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    folder = tmp_path / "results" / "faults"
    with (folder / "trials.csv").open(newline="") as file:
        rows = {(row["activation"].partition("/")[2], row["seed"]): row for row in csv.DictReader(file)}
    assert len(rows) == 2 * 12
    found = {name: (row["status"], row["message"]) for (name, _), row in rows.items() if row["status"] != "done"}
    assert found == faults
    assert {name for (name, _), row in rows.items() if row["status"] == "done"} == {"relu", "tanh", "prints"}
    crash = (folder / "logs" / f"{rows['crashes', '0']['trial_id']}.log").read_text()
    assert "Segmentation fault" in crash
    assert "in crashes" in crash
    flood = (folder / "logs" / f"{rows['floods', '0']['trial_id']}.log").read_text()
    assert len(flood) < 100_000
    assert "bytes omitted" in flood
    log = (folder / "logs" / f"{rows['raises', '0']['trial_id']}.log").read_text()
    assert "Traceback" in log
    printed = (folder / "logs" / f"{rows['prints', '1']['trial_id']}.log").read_text()
    assert "hello from Python" in printed
    assert "and from below it" in printed
    assert "hello" not in done.stdout + done.stderr
    assert done.stderr.count("an observer that cannot take it") == 1


@pytest.mark.slow
def test_failed_trials_run_again_and_completed_ones_do_not(faulty, tmp_path, data_dir):
    environment = {**os.environ, "PYTHONPATH": _search_path(faulty), "DLBENCH_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "dlbench.cli.main", "compare", "--seeds", "1", "--epochs", "1"]
    for _ in range(2):
        done = subprocess.run(
            [*command, "--activation", "relu,faulty/raises", "--name", "again"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert done.returncode == 1
    sessions = sorted((tmp_path / "results" / "again" / "journal").glob("*.jsonl"))
    records = [[json.loads(line)["status"] for line in path.read_text().splitlines()] for path in sessions]
    assert [sorted(statuses) for statuses in records] == [["done", "failed"], ["failed"]]
