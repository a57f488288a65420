"""kill -9 of workers, of the parent and of both, at random moments: the next run completes what they left.

Most kills meet a hollow engine: no torch, the same workers, messages, folder and checkpoints.
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]

HOLLOW = """
    from dlbench import Executor, Parameter, hookimpl

    @hookimpl
    def dlbench_executors():
        return [
            Executor(
                name="hollow",
                factory=f"{__name__}_parts:Hollow",
                summary="Workers that do not train",
                parameters={"jobs": Parameter(None, type=int), "data_dir": Parameter(None, type=str)},
            )
        ]
"""
PARTS = """
    import json, random, time
    from pathlib import Path

    from dlbench.executors.local import LocalExecutor
    from dlbench.runs.checkpoint_files import checkpoint_path
    from dlbench.files import replace_file
    from dlbench.trials.events import EpochFinished, TrialFinished, TrialNoted, TrialStarted
    from dlbench.trials.trial_record import TrialRecord

    class Hollow(LocalExecutor):
        engine = f"{__name__}:run_unit"
        preloaded = ("dlbench.executors.worker",)

    def run_unit(unit, data_dir, emit, stop):
        (trial,) = unit.trials
        emit(TrialStarted(trial_id=trial.trial_id))
        path = checkpoint_path(Path(unit.checkpoint_folder), trial.trial_id)
        rows, drawn = [], random.Random(trial.trial_id)
        if path.exists():
            rows, (version, state, gauss) = json.loads(path.read_bytes())
            drawn.setstate((version, tuple(state), gauss))
            emit(TrialNoted(trial_id=trial.trial_id, text=f"resuming from epoch {len(rows)}"))
        for epoch in range(len(rows) + 1, trial.settings.epochs + 1):
            time.sleep(0.03)
            names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
            rows.append({"epoch": epoch, "learning_rate": 0.1, **{name: drawn.random() for name in names}})
            emit(EpochFinished(trial_id=trial.trial_id, epoch=epoch, metrics=rows[-1]))
            replace_file(path, json.dumps([rows, drawn.getstate()]))
            if stop.is_set():
                return
        metrics = {**rows[-1], "test_loss": drawn.random(), "test_accuracy": drawn.random(), "best_epoch": len(rows)}
        del metrics["epoch"], metrics["learning_rate"]
        if trial.role == "tuning":
            del metrics["test_loss"], metrics["test_accuracy"]
        confusion = tuple(tuple(drawn.randrange(50) for _ in range(2)) for _ in range(2))
        emit(
            TrialFinished(
                record=TrialRecord(
                    trial=trial,
                    status="done",
                    metrics=metrics,
                    cost={"train_seconds": time.monotonic()},
                    epochs=tuple(rows),
                    confusion=confusion,
                    class_names=("cat", "dog"),
                )
            )
        )
"""
#: 60 trials of six epochs.
TRIALS = ("--executor", "hollow", "--activation", "relu,tanh,elu", "--seeds", "20", "--epochs", "6", "--jobs", "3")
#: 32 trials of eight epochs; a random design needs no scipy, which takes half of a killed session's time to import.
TUNED = (
    *("--executor", "hollow", "--activation", "relu,tanh", "--seeds", "8", "--epochs", "8", "--jobs", "3"),
    *("--tune", "learning-rate", "--tune-design", "random", "--budget", "8"),
)
REAL = (
    *("--model", "mlp:hidden=16:dropout=0.4", "--augment", "crop:padding=1,flip", "--optimizer", "sgd:momentum=0.9"),
    *("--learning-rate", "0.01", "--scheduler", "plateau:patience=1:factor=0.9", "--select", "best-on-test"),
    *("--activation", "relu,tanh", "--seeds", "2", "--epochs", "120", "--jobs", "2", "--checkpoint-every", "0.05"),
)


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return 1


class Killer:
    """Runs a command, kills it and its workers at moments determined by a seed, and finally runs it to its end."""

    def __init__(self, start, folder, seed, *, workers=True):
        self.start = start
        self.workers = workers
        self.folder = folder
        self.random = random.Random(seed)
        self.kills = Counter()
        self.resumed = 0

    def disturb(self, *arguments, sessions, site=None):
        """Run some sessions that are killed early, then one to its end."""
        for _ in range(sessions):
            running = self.start(*arguments, site=site)
            self._session(running)
            self.resumed += running.said().count("resuming from")
        last = self.start(*arguments, site=site)
        code = last.wait()
        assert code == 0, last.said()
        assert "Traceback" not in last.said()
        self.resumed += last.said().count("resuming from")

    def _session(self, running):
        """Wait until it computes, or nearly; kill some workers; finally kill the parent, perhaps with all workers."""
        if self.kills["parent"] == 0:  # at least once there is something to resume from, even on a busy machine
            running.wait_for(lambda: any(self.folder.glob("results/*/checkpoints/[!.]*")) or running.ended())
        for _ in range(self.random.choice([0, 2, 3, 4, 5]) if self.workers else self.random.randrange(4)):
            running.wait_for(lambda: running.workers() or running.ended())
            self._pause()
            if self.workers and (workers := running.workers()):
                self.kills["worker"] += kill(self.random.choice(workers))
        self._pause()
        running.look()
        if running.ended():
            return
        victims = [running.pid]
        if self.workers and self.random.random() < 0.3:
            victims += running.workers()
        self.random.shuffle(victims)
        self.kills["parent"] += 1
        self.kills["worker"] += sum(kill(pid) for pid in victims) - 1
        running.wait()

    def _pause(self):
        time.sleep(self.random.uniform(0, 0.3))

    def done(self, name):
        """Return how often each trial was computed to its end."""
        lines = [
            line
            for path in (self.folder / "results" / name / "journal").glob("*.jsonl")
            for line in path.read_bytes().splitlines()
        ]
        return Counter(record["trial_id"] for line in lines if (record := whole(line)) and record["status"] == "done")


def whole(line):
    """Return a line's record; the last line of a killed session may be incomplete."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def check(killer, numbers, name, undisturbed, count):
    """Check that no row is lost or doubled, and that all numbers are those of an undisturbed run."""
    assert numbers(name) == undisturbed
    assert sorted(killer.done(name).values()) == [1] * count
    assert not (killer.folder / "results" / name / "checkpoints").exists()


def test_fifty_kills_of_workers_and_parents_lose_and_change_nothing(start, component, numbers, tmp_path):
    site = component("hollow", HOLLOW, PARTS)
    killer = Killer(start, tmp_path, seed=7)
    assert start(*TRIALS, "--name", "undisturbed", site=site).wait() == 0
    undisturbed = numbers("undisturbed")
    assert len(undisturbed[0]) == 60
    run = 0
    while sum(killer.kills.values()) < 50:
        run += 1
        killer.disturb(*TRIALS, "--name", f"run-{run}", sessions=3, site=site)
        check(killer, numbers, f"run-{run}", undisturbed, 60)
    assert min(killer.kills["parent"], killer.kills["worker"]) >= 10, killer.kills
    assert killer.resumed > 0


def test_kills_in_both_stages_of_a_tuned_comparison_change_neither_choices_nor_numbers(
    start, component, numbers, tmp_path
):
    site = component("hollow", HOLLOW, PARTS)
    killer = Killer(start, tmp_path, seed=13, workers=False)  # a point whose worker dies twice is left out
    assert start(*TUNED, "--name", "undisturbed", site=site).wait() == 0
    undisturbed, chosen = numbers("undisturbed"), choices(tmp_path, "undisturbed")
    assert [search["chosen"].keys() for search in chosen] == [{"relu", "tanh"}]
    run = 0
    while killer.kills["parent"] < 15:
        run += 1
        killer.disturb(*TUNED, "--name", f"run-{run}", sessions=5, site=site)
        check(killer, numbers, f"run-{run}", undisturbed, 32)
        assert choices(tmp_path, f"run-{run}") == chosen


def choices(folder, name):
    """Return the searches of a run as its manifest has them."""
    return json.loads((folder / "results" / name / "manifest.json").read_text())["plan"]["tuning"]["searches"]


def test_real_trainings_killed_midway_resume_to_the_same_numbers(start, numbers, tmp_path):
    killer = Killer(start, tmp_path, seed=11)
    assert start(*REAL, "--name", "undisturbed").wait() == 0
    undisturbed = numbers("undisturbed")
    run = 0
    while sum(killer.kills.values()) < 6:
        run += 1
        killer.disturb(*REAL, "--name", f"run-{run}", sessions=4)
        check(killer, numbers, f"run-{run}", undisturbed, 4)
    assert min(killer.kills["parent"], killer.kills["worker"]) >= 1, killer.kills
    assert killer.resumed > 0
