"""A component that misbehaves costs its own trial alone; a plugin written from the design alone takes part."""

import csv
import json
import os
import subprocess
import sys

import pytest

PLUGIN = """
    from dlbench import Activation, hookimpl

    NAMES = ("raises", "exits", "killed", "prints", "wrong")

    @hookimpl
    def dlbench_activations():
        return [Activation(name=name, factory=f"{__name__}_parts:{name}", summary=f"It {name}.") for name in NAMES]

    @hookimpl
    def dlbench_trial_finished(record):
        raise RuntimeError("an observer that cannot take it")
"""
PARTS = """
    import os, signal, sys
    from torch import nn

    def raises():
        raise ValueError("this activation cannot be")

    def exits():
        os._exit(3)

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


def test_faults_of_one_trial_leave_the_others_alone_and_are_told_apart(faulty, tmp_path, data_dir):
    names = "relu,faulty/raises,faulty/exits,faulty/killed,faulty/prints,faulty/wrong,tanh"
    environment = {**os.environ, "PYTHONPATH": str(faulty), "DLBENCH_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "dlbench.cli.main", "compare", "--seeds", "2", "--epochs", "1"]
    done = subprocess.run(
        [*command, "--activation", names, "--name", "faults"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    folder = tmp_path / "results" / "faults"
    with (folder / "trials.csv").open(newline="") as file:
        rows = {(row["activation"].partition("/")[2], row["seed"]): row for row in csv.DictReader(file)}
    assert len(rows) == 14
    status = {name: rows[name, seed]["status"] for name, seed in rows}
    failed = {"raises", "exits", "killed", "wrong"}
    assert {name for name, word in status.items() if word == "failed"} == failed
    assert {name for name, word in status.items() if word == "done"} == {"relu", "tanh", "prints"}
    assert "this activation cannot be" in rows["raises", "0"]["message"]
    assert "exit code 3" in rows["exits", "0"]["message"]
    assert "SIGKILL" in rows["killed", "0"]["message"]
    log = (folder / "logs" / f"{rows['raises', '0']['trial_id']}.log").read_text()
    assert "Traceback" in log
    printed = (folder / "logs" / f"{rows['prints', '1']['trial_id']}.log").read_text()
    assert "hello from Python" in printed
    assert "and from below it" in printed
    assert "hello" not in done.stdout + done.stderr
    assert done.stderr.count("an observer that cannot take it") == 1


def test_failed_trials_are_tried_again_and_done_ones_are_not(faulty, tmp_path, data_dir):
    environment = {**os.environ, "PYTHONPATH": str(faulty), "DLBENCH_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "dlbench.cli.main", "compare", "--seeds", "1", "--epochs", "1"]
    for _ in range(2):
        done = subprocess.run(
            [*command, "--activation", "relu,faulty/raises", "--name", "again"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 1
    sessions = sorted((tmp_path / "results" / "again" / "journal").glob("*.jsonl"))
    records = [[json.loads(line)["status"] for line in path.read_text().splitlines()] for path in sessions]
    assert [sorted(statuses) for statuses in records] == [["done", "failed"], ["failed"]]
