"""On a real cluster of a head and three nodes: whatever dies, the numbers are those of the local executor."""

import importlib
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import pytest
import ray_cluster
from ray_engines import MOST_BYTES
from ray_stand_in import Again

from dlbench import Event, Selection, Settings, Trial, TrialFinished, TrialNoted, UnitLost, WorkUnit
from dlbench.testing import check_plugin

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not find_spec("ray"), reason="ray is not installed")]

TRIALS = ("--activation", "bent,relu", "--seeds", "8", "--epochs", "16", "--threads", "1")
COUNT = 16
PLUGIN = """
from dlbench import Activation, hookimpl

@hookimpl
def dlbench_activations():
    return [Activation(name="bent", factory="dlbench_bent:Bent", summary="As bent as tanh")]
"""
ACTIVATION = """
import os, time
from pathlib import Path
from torch import nn

class Bent(nn.Tanh):
    def __init__(self):
        super().__init__()
        if seen := os.environ.get("DLBENCH_TEST_SEEN"):
            Path(seen).touch()
        while os.path.exists(os.environ["DLBENCH_TEST_WAITS"]):
            time.sleep(0.02)
"""


def install(folder: Path, version: str) -> str:
    """Make a folder to import a small plugin from, in some version; the folder as a path."""
    site = folder / f"bent-{version}"
    about = site / f"dlbench_bent-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dlbench-bent\nVersion: {version}\n")
    (about / "entry_points.txt").write_text("[dlbench]\nbent = dlbench_bent_plugin\n")
    (site / "dlbench_bent_plugin.py").write_text(PLUGIN)
    (site / "dlbench_bent.py").write_text(ACTIVATION)
    return str(site)


@pytest.fixture(scope="module")
def waits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file during whose existence trials of the small plugin wait."""
    return tmp_path_factory.mktemp("waits") / "file"


@pytest.fixture(scope="module")
def machines(waits: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Start a cluster on whose nodes the small plugin is as planned."""
    planned = install(tmp_path_factory.mktemp("planned"), "1.0")
    engines = os.pathsep.join([planned, str(Path(__file__).parent)])
    variables = {"PYTHONPATH": ray_cluster.before_path(engines), "DLBENCH_TEST_WAITS": str(waits)}
    with ray_cluster.running_machines(variables) as machines:
        yield machines


@pytest.fixture(scope="module")
def command(machines: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return what runs commands on the cluster."""
    command = ray_cluster.Command(machines.address, tmp_path_factory.mktemp("commands"))
    yield command
    command.kill_all()


@pytest.fixture(scope="module")
def disturbed(machines: Any, command: Any, waits: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run a comparison whose command is killed and given again, when a node is unfit and another and a worker die.

    Meanwhile a node joins, and the comparison goes on once it trains. Returns what the second command has said.
    """
    machines.ready(1)
    command.end(command.start("local", *TRIALS, "--jobs", "2", executor="local"))
    first = command.start("run", *TRIALS)
    command.wait_for_records(first, "run", 1)
    command.end_with(first, signal.SIGKILL)
    ray_cluster.wait_for(lambda: not machines.trainers())  # the cluster ends what nobody waits for
    kept = command.finished("run")
    assert kept < COUNT - 4
    machines.ready()
    other = install(tmp_path_factory.mktemp("other"), "2.0")
    unfit = machines.add({"PYTHONPATH": ray_cluster.before_path(other)})
    second = command.start("run", *TRIALS)
    command.wait_for_records(second, "run", kept + 1)
    waits.touch()
    seen = waits.with_name("seen")
    machines.nodes.append(machines.add({"DLBENCH_TEST_SEEN": str(seen)}))
    machines.await_all()
    machines.remove(machines.nodes[0])
    ray_cluster.wait_for(seen.exists)
    waits.unlink()
    os.kill(Random(0).choice(ray_cluster.wait_for(machines.trainers)), signal.SIGKILL)
    said: str = command.end(second)
    machines.remove(unfit)
    return said


def test_the_numbers_of_a_disturbed_run_are_those_of_the_local_executor(command: Any, disturbed: str) -> None:
    assert command.numbers("run") == command.numbers("local")
    assert command.finished("run") == COUNT


def test_a_lost_node_and_a_lost_worker_are_told(disturbed: str) -> None:
    assert "was lost: the Ray node" in disturbed
    assert "lost the process that trained it" in disturbed


def test_a_node_with_another_version_of_a_plugin_is_named_in_one_sentence(disturbed: str) -> None:
    (named,) = [line for line in disturbed.splitlines() if "has not what the comparison is planned with" in line]
    assert re.search(r"\S+ \([0-9a-f]{8}\) has not what .* bent 1\.0, here 2\.0\. It trains nothing\.", named)


def test_data_has_travelled_to_the_nodes_own_folder(machines: Any, disturbed: str) -> None:
    assert [*machines.data_dir.iterdir()]


@pytest.fixture
def connected(machines: Any) -> Iterator[str]:
    """Connect this process to the cluster; return its address."""
    import ray

    machines.ready()
    importlib.import_module("dlbench_ray.cluster").connect(machines.address)
    yield machines.address
    ray.shutdown()


def make_units(count: int) -> list[WorkUnit]:
    chosen = {name: Selection(f"standard/{name}") for name in ("model", "activation", "dataset", "optimizer")}
    chosen["scheduler"] = Selection("standard/constant")
    trials = [Trial(**chosen, settings=Settings(), seed=seed) for seed in range(count)]  # type: ignore[arg-type]
    return [WorkUnit(trials=(trial,)) for trial in trials]


def run_with(
    engine: str, address: str, units: list[WorkUnit], stop_after: int = 0, again: bool = False, **parameters: Any
) -> list[Event]:
    """Run units in an engine of the nodes, and return the events.

    stop_after: how many of them before it is stopped. again: whether lost units are run again.
    """
    from dlbench_ray.executor import RayExecutor

    class Executor(RayExecutor):
        pass

    Executor.engine = f"ray_engines:{engine}"
    events: list[Event] = []
    given, stop = Again(units, events) if again else iter(units), threading.Event()

    def take(event: Event) -> None:
        events.append(event)
        if len(events) == stop_after:
            stop.set()

    Executor(address=address, shares_files=True, **parameters).run(given, take, stop)
    return events


def test_units_that_heed_no_stop_are_killed_after_the_grace(
    machines: Any, connected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = importlib.import_module("dlbench_ray.pool")  # not the one that met a stand-in for Ray
    monkeypatch.setattr(pool, "_GRACE_SECONDS", 1.0)
    start = time.monotonic()
    events = run_with("stubborn", connected, make_units(5), stop_after=3)
    assert [type(event) for event in events] == [TrialNoted] * 3
    ray_cluster.wait_for(lambda: not machines.trainers())
    assert time.monotonic() - start < 300


def test_the_executor_keeps_what_executors_promise(connected: str) -> None:
    findings = check_plugin("ray", ["ray"], {"ray": {"address": connected}})
    assert [str(finding) for finding in findings if not finding.good] == []
    assert findings


def test_four_units_of_a_quarter_share_a_gpu(machines: Any, connected: str, tmp_path: Path) -> None:
    node = machines.add(num_cpus=4, num_gpus=1)
    try:
        machines.await_all()
        events = run_with("looking", connected, make_units(8), gpus=0.25, data_dir=str(tmp_path))
    finally:
        machines.remove(node)
    seen = [event.text for event in events if isinstance(event, TrialNoted) and not event.of_plan]
    assert seen == ["GPU 0"] * 8
    assert len([*tmp_path.iterdir()]) == 4  # each unit has waited for four processes


def memory_in_use() -> tuple[int, int]:
    """Return how many bytes of memory the machine has, and how many of them are taken."""
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    kilobytes = {words[0]: int(words[1]) for words in lines}
    return 1024 * kilobytes["MemTotal:"], 1024 * (kilobytes["MemTotal:"] - kilobytes["MemAvailable:"])


def test_of_two_trials_on_a_node_without_memory_the_one_that_took_it_is_found(
    machines: Any, connected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node of its own looks after its memory, and has little more than what is taken at the moment."""
    monkeypatch.setattr(importlib.import_module("dlbench_ray.memory"), "REST_SECONDS", 2.0)
    total, taken = memory_in_use()
    if total - taken < 2 * MOST_BYTES:
        pytest.skip("the machine has too little memory")
    limit = (taken + 0.65 * MOST_BYTES) / total
    node = machines.add(
        {"RAY_memory_monitor_refresh_ms": "100", "RAY_memory_usage_threshold": f"{limit:.5f}"}, num_cpus=4
    )
    try:
        machines.await_all()
        events = run_with("hungry", connected, make_units(2), again=True, cpus=2.0, data_dir=str(tmp_path))
    finally:
        machines.remove(node)
    records = [event.record for event in events if isinstance(event, TrialFinished)]
    assert {record.trial.seed: record.status for record in records} == {0: "oom", 1: "done"}
    assert len(records) == 2
    # The one that took it twice, or once where it was alone at first, and its neighbor where Ray ends that one first.
    assert 1 <= len([event for event in events if isinstance(event, UnitLost)]) <= 3
