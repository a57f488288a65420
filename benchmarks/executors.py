"""Train the same tiny trials on this machine and on a SLURM, one of whose two nodes dies; compare numbers and cost.

python benchmarks/executors.py [TRIALS] starts that SLURM itself, which takes root and Debian's slurm-wlm and munge.
"""

import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

TASKS = 2
EXECUTOR, ARRAY = "SLURM executor", "SLURM array"
PLACES = {
    "two workers": "local:jobs=2",
    EXECUTOR: f"slurm:jobs={TASKS}:cpus=2:time=1h",
    ARRAY: "local:jobs=1",
    "one worker": "local:jobs=1",
}
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"}
LONGEST = 3600.0
#: What differs from one time to the next.
COST = {"seconds", "images_per_second"}


def session(folder: str, executor: str, trials: str) -> None:
    """Compare two activations in as many trials; print the seconds and the megabytes of this process as JSON."""
    import dlbench

    dlbench.compare(
        model="mlp:hidden=8",
        activation=["relu", "tanh"],
        train_size=64,
        epochs=1,
        seeds=int(trials) // 2,
        name="run",
        results_dir=folder,
        data_dir=Path(folder) / "data",
        executor=executor,
    )
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"seconds": used.ru_utime + used.ru_stime, "megabytes": used.ru_maxrss / 1024}))


def cluster_module() -> ModuleType:
    """Import what starts a SLURM for the tests."""
    path = Path(__file__).parents[1] / "plugins" / "dlbench-slurm" / "tests" / "slurm_cluster.py"
    spec = importlib.util.spec_from_file_location("slurm_cluster", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Bench:
    """Sessions in a folder, with a SLURM."""

    def __init__(self, cluster: Any, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder

    def begin(self, place: str, trials: int) -> tuple[subprocess.Popen[str] | str, Path]:
        """Begin a session, or submit a job whose tasks each are one; return it and where its results are."""
        where = self.folder / place.replace(" ", "-")
        where.mkdir(exist_ok=True)
        words = [sys.executable, __file__, "session", str(where), PLACES[place], str(trials)]
        if place != ARRAY:
            pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "text": True}
            return subprocess.Popen(words, env=self.cluster.environment, **pipes), where
        for log in where.glob("*.log"):
            log.unlink()
        options = [
            f"--array=1-{TASKS}",
            "--cpus-per-task=2",
            f"--output={where}/%a.log",
            "--requeue",
            "--open-mode=append",
        ]
        said = self.cluster.call("sbatch", *options, f"--wrap={' '.join(words)}")
        return said.split()[-1], where

    def finish(self, begun: subprocess.Popen[str] | str, where: Path) -> list[dict[str, float]]:
        """Wait for the end, and return what each process has used."""
        if isinstance(begun, str):
            self.cluster.wait_for(lambda: self._has_ended(begun), "the job", LONGEST)
            printed = [log.read_text() for log in sorted(where.glob("*.log"))]
        else:
            printed = [begun.communicate(timeout=LONGEST)[0]]
        return [json.loads(text.splitlines()[-1]) for text in printed]

    def _has_ended(self, job: str) -> bool:
        return ENDED.issuperset(self.cluster.jobs(f"--jobs={job}").values())


def measure(bench: Bench, trials: int) -> None:
    """Print for each place its records, and what a trial costs the session: less what one with none to train takes."""
    first: dict[str, Any] = {}
    for place in PLACES:
        begun, where = bench.begin(place, trials)
        if place in (EXECUTOR, ARRAY):
            table = where / "run" / "trials.csv"
            bench.cluster.wait_for(lambda table=table: count(table) > trials // 4, "a quarter of the trials", LONGEST)
            bench.cluster.kill_node("n2")
            bench.cluster.start_node("n2")
        used = bench.finish(begun, where)
        idle = bench.finish(*bench.begin(place, trials))
        found = recorded(where / "run")
        first = first or dict(found)
        once = len(found) == len(dict(found)) == trials
        each = (total(used) - total(idle)) / trials * 1000
        megabytes = max(one["megabytes"] for one in used)
        print(
            f"{place}: {len(found)} records, each trial once: {once}; the same bits: {dict(found) == first};", end=" "
        )
        print(f"{each:.1f} ms a trial, at most {megabytes:.0f} MB", flush=True)


def total(sessions: list[dict[str, float]]) -> float:
    """Return the processor seconds of sessions together."""
    return sum(each["seconds"] for each in sessions)


def count(table: Path) -> int:
    """Return how many trials a table has."""
    return sum(bool(line) for line in table.read_text().splitlines()[1:]) if table.exists() else 0


def recorded(run: Path) -> list[tuple[str, Any]]:
    """Return all that is measured in each record, exactly, without what it cost."""
    found = []
    for journal in sorted((run / "journal").glob("*.jsonl")):
        for record in map(json.loads, journal.read_text().splitlines()):
            epochs = [{name: row[name] for name in row.keys() - COST} for row in record["epochs"]]
            rest = [record[name] for name in ("status", "metrics", "confusion", "outcomes", "diagnostics")]
            found.append((record["trial_id"], (*rest, epochs)))
    return found


def main(trials: str = "200") -> None:
    """Start a SLURM, and measure."""
    module = cluster_module()
    if reason := module.missing():
        sys.exit(reason)
    with module.running_cluster() as cluster, tempfile.TemporaryDirectory() as folder:
        measure(Bench(cluster, Path(folder)), int(trials))


if __name__ == "__main__":
    session(*sys.argv[2:]) if sys.argv[1:2] == ["session"] else main(*sys.argv[1:])
