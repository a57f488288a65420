"""Train the same tiny trials on this machine and on a cluster of which a node dies; compare numbers and cost.

python benchmarks/executors.py slurm|ray [TRIALS] starts that cluster itself. SLURM takes root and Debian's slurm-wlm
and munge, Ray the package ray.
"""

import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TASKS = 2
EXECUTOR, ARRAY, RAY = "SLURM executor", "SLURM array", "Ray, three nodes"
SLURM_PLACES = {
    "two workers": "local:jobs=2",
    EXECUTOR: f"slurm:jobs={TASKS}:cpus=2:time=1h",
    ARRAY: "local:jobs=1",
    "one worker": "local:jobs=1",
}
RAY_PLACES = {"one worker": "local:jobs=1", RAY: "ray:address={address}", "two workers": "local:jobs=2"}
#: Where a node dies.
DISTURBED = (EXECUTOR, ARRAY, RAY)
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


def load_module(plugin: str, name: str) -> Any:
    """Import what starts a cluster for the tests of a plugin."""
    path = Path(__file__).parents[1] / "plugins" / plugin / "tests" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Slurm:
    """A SLURM of two nodes. cluster: as the tests have it."""

    def __init__(self, cluster: Any) -> None:
        self.cluster = cluster
        self.places: Mapping[str, str] = SLURM_PLACES
        self.environment: Mapping[str, str] = cluster.environment

    def wait_for(self, what: Callable[[], Any], name: str) -> None:
        """Wait for something."""
        self.cluster.wait_for(what, name, LONGEST)

    def lose_a_node(self) -> None:
        """Kill a node, and let another take its name."""
        self.cluster.kill_node("n2")
        self.cluster.start_node("n2")

    def submit(self, words: list[str], where: Path) -> str:
        """Submit an array job, and return its number."""
        options = [
            f"--array=1-{TASKS}",
            "--cpus-per-task=2",
            f"--output={where}/%a.log",
            "--requeue",
            "--open-mode=append",
        ]
        said: str = self.cluster.call("sbatch", *options, f"--wrap={' '.join(words)}")
        return said.split()[-1]

    def has_ended(self, job: str) -> bool:
        """Return whether a job is over."""
        return ENDED.issuperset(self.cluster.jobs(f"--jobs={job}").values())


class Ray:
    """A Ray cluster of a head and three nodes. machines: as the tests have it."""

    def __init__(self, module: Any, machines: Any) -> None:
        self.module, self.machines = module, machines
        self.places = {name: where.format(address=machines.address) for name, where in RAY_PLACES.items()}
        self.environment = dict(os.environ)

    def wait_for(self, what: Callable[[], Any], name: str) -> None:
        """Wait for something."""
        self.module.wait_for(what)

    def lose_a_node(self) -> None:
        """Kill a node."""
        self.machines.remove(self.machines.nodes[0])


@contextmanager
def running(system: str) -> Iterator[Slurm | Ray]:
    """Start a cluster."""
    if system == "ray":
        module = load_module("dlbench-ray", "ray_cluster")
        with module.running_machines({}) as machines:
            machines.ready()
            yield Ray(module, machines)
        return
    module = load_module("dlbench-slurm", "slurm_cluster")
    if reason := module.missing():
        sys.exit(reason)
    with module.running_cluster() as cluster:
        yield Slurm(cluster)


class Bench:
    """Sessions in a folder, with a cluster."""

    def __init__(self, cluster: Slurm | Ray, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder

    def begin(self, place: str, trials: int) -> tuple[subprocess.Popen[str] | str, Path]:
        """Begin a session, or submit a job whose tasks each are one; return it and where its results are."""
        where = self.folder / place.replace(" ", "-").replace(",", "")
        where.mkdir(exist_ok=True)
        words = [sys.executable, __file__, "session", str(where), self.cluster.places[place], str(trials)]
        if place == ARRAY and isinstance(self.cluster, Slurm):
            for log in where.glob("*.log"):
                log.unlink()
            return self.cluster.submit(words, where), where
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "text": True}
        return subprocess.Popen(words, env=self.cluster.environment, **pipes), where

    def finish(self, begun: subprocess.Popen[str] | str, where: Path) -> list[dict[str, float]]:
        """Wait for the end, and return what each process has used."""
        if isinstance(begun, str):
            assert isinstance(self.cluster, Slurm)
            slurm, job = self.cluster, begun
            slurm.wait_for(lambda: slurm.has_ended(job), "the job")
            printed = [log.read_text() for log in sorted(where.glob("*.log"))]
        else:
            printed = [begun.communicate(timeout=LONGEST)[0]]
        return [json.loads(text.splitlines()[-1]) for text in printed]


def measure(bench: Bench, trials: int) -> None:
    """Print for each place its records, and what a trial costs the session: less what one with none to train takes."""
    first: dict[str, Any] = {}
    for place in bench.cluster.places:
        begun, where = bench.begin(place, trials)
        if place in DISTURBED:
            table = where / "run" / "trials.csv"
            bench.cluster.wait_for(lambda table=table: count(table) > trials // 4, "a quarter of the trials")
            bench.cluster.lose_a_node()
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


def main(system: str, trials: str = "200") -> None:
    """Start a cluster, and measure."""
    with running(system) as cluster, tempfile.TemporaryDirectory() as folder:
        measure(Bench(cluster, Path(folder)), int(trials))


if __name__ == "__main__":
    session(*sys.argv[2:]) if sys.argv[1:2] == ["session"] else main(*sys.argv[1:])
