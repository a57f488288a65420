"""A run beside `--fresh`, `rm`, `merge` and `doctor` of another process: every trial once, where the command said."""

import csv
import json
import os
import subprocess
import sys
from collections import Counter

import pytest
from tests.integration.test_concurrent_sessions import PLUGIN

#: Both processes: one runs in a folder that has a part of the trials, the other acts on that folder meanwhile.
DRIVER = """
import json, random, sys, threading, time
from pathlib import Path
from dlbench.dataset_index import PreparedInfo
from dlbench.errors import DlbenchError
from dlbench.machine import Machine
from dlbench.plans.config import Config
from dlbench.plans.plan import Request
from dlbench.plugins.registry import Registry
from dlbench.report.terminal.progress import Progress
from dlbench.runs.locations import is_run
from dlbench.runs.merge import merge
from dlbench.runs.removal import remove_run
from dlbench.runs.repair import repair
from dlbench.sessions.options import Options
from dlbench.sessions import run as session_run
from dlbench.sessions.resolve import TrialResolver

class Resolver(TrialResolver):
    # Without a worker process, a round takes a tenth of the time.
    def prepared(self, dataset):
        return PreparedInfo(
            digest="abc", input_shape=(1, 8, 8), num_classes=2, train_size=100, test_size=10, validation_size=0,
            class_names=("a", "b"),
        )

    def machine(self, probe=False):
        return Machine()

session_run.TrialResolver = Resolver
root, data, me, rounds = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
ACTS = ("fresh", "rm", "merge", "doctor")
registry = Registry.load()
drawn = random.Random(5)


def meet(number):
    (root / f"ready-{number}-{me}").touch()
    while len(list(root.glob(f"ready-{number}-*"))) < 2:
        time.sleep(0.0005)


def session(name, seeds, **options):
    options = Options(name=name, results_dir=root, data_dir=data, executor="instant", **options)
    with Progress(quiet=True) as display:
        request = Request(values={"activation": ("relu", "tanh")}, seeds=seeds)
        outcome = session_run.run(request, options, registry, Config(), display, threading.Event())
    assert outcome.exit_code == 0, outcome
    return len(outcome.records)


def act(name, number):
    path = root / name
    match ACTS[number % len(ACTS)]:
        case "fresh":
            return session(name, 3, fresh=True)
        case "rm":
            return remove_run(path)
        case "merge":
            return sum(merge(path, [root / "source"]).added.values())
        case _:
            return len(list(repair(path)))


if me == "runner":
    session("source", 2)
for number in range(rounds):
    name = f"round-{number}"
    if me == "runner":
        session(name, 1)
    meet(number)
    try:
        if me == "runner":
            time.sleep(drawn.uniform(0, 0.03))
            done = session(name, 3)
        else:
            time.sleep(drawn.uniform(0, 0.2))
            done = act(name, number)
    except DlbenchError as error:
        done = str(error)
    except FileNotFoundError as error:
        done = repr(error)
    (root / f"{me}-{number}.json").write_text(json.dumps(done))
"""


@pytest.fixture
def drive(install, tmp_path, data_dir):
    """Run both processes to their end; return what each did in each round."""
    install("instant", PLUGIN.replace("with open(", "time.sleep(0.005)\n                with open("))
    root = tmp_path / "results"
    root.mkdir()
    path = os.pathsep.join([str(tmp_path / "site-packages"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "COMPUTED": str(tmp_path / "computed")}

    def drive(rounds):
        arguments = [[sys.executable, "-c", DRIVER, root, data_dir, me, str(rounds)] for me in ("runner", "other")]
        processes = [subprocess.Popen(each, env=environment, stderr=subprocess.PIPE, text=True) for each in arguments]
        for process in processes:
            _, errors = process.communicate(timeout=300)
            assert process.returncode == 0, errors
        names = ("runner", "other")
        return [[json.loads((root / f"{me}-{number}.json").read_text()) for me in names] for number in range(rounds)]

    return drive


def _check(folder, sizes):
    """Check that a folder has each of its trials once, in its journals and in its tables."""
    lines = [line for path in folder.glob("journal/*.jsonl") for line in path.read_text().splitlines()]
    with (folder / "trials.csv").open(newline="") as file:
        rows = [row["trial_id"] for row in csv.DictReader(file)]
    assert sorted(json.loads(line)["trial_id"] for line in lines) == sorted(rows)
    assert len(rows) == len(set(rows))
    assert len(rows) in sizes
    manifest = json.loads((folder / "manifest.json").read_text())
    assert all(session["ended"] for session in manifest["sessions"])
    assert {path.suffix for path in (folder / "journal").iterdir()} == {".jsonl"}


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_every_trial_is_computed_once_in_the_folder_that_the_command_named(drive, tmp_path, rounds):
    root, refused = tmp_path / "results", Counter()
    for number, (ran, acted) in enumerate(drive(rounds)):
        act, folder = ("fresh", "rm", "merge", "doctor")[number % 4], root / f"round-{number}"
        assert ran == 6, (number, ran)
        if isinstance(acted, str):
            assert f"{folder} is in use by process" in acted, acted
        refused[act, isinstance(acted, str)] += 1
        if folder.exists():
            _check(folder, {6})
        else:
            assert act == "rm"
        for aside in root.glob(f"round-{number}.old-*"):
            assert act == "fresh"
            _check(aside, {2, 6})
        assert not list(root.glob(f".round-{number}.*"))
    if rounds > 4:  # the acts met the run in its middle, and before or after it
        assert min(sum(n for (_, said), n in refused.items() if said is each) for each in (True, False)) > 2, refused
