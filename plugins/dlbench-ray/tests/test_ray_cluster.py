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

from dlbench import Event, Selection, Settings, Trial, TrialNoted, WorkUnit
from dlbench.testing import check_plugin

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not find_spec("ray"), reason="ray is not installed")]

TRIALS = ("--activation", "bent,relu", "--seeds", "8", "--epochs", "16", "--threads", "1")
COUNT = 16
PLUGIN = """
from dlbench import Activation, hookimpl

@hookimpl
def dlbench_activations():
    return [Activation(name="bent", factory="torch.nn:Tanh", summary="As bent as tanh")]
"""
ENGINES = """
import os, time
from dlbench import TrialNoted

def note(emit, unit, text):
    emit(TrialNoted(trial_id=unit.trials[0].trial_id, text=text))

def stubborn(unit, data_dir, emit, stop, timeout):
    note(emit, unit, "has begun")
    time.sleep(600)

def looking(unit, data_dir, emit, stop, timeout):
    note(emit, unit, f"GPU {os.environ.get('CUDA_VISIBLE_DEVICES')}")
    (data_dir / str(os.getpid())).touch()
    while len([*data_dir.iterdir()]) < 4:
        time.sleep(0.01)
"""


def install(folder: Path, version: str) -> str:
    """Make a folder to import a small plugin from, in some version; the folder as a path."""
    site = folder / f"bent-{version}"
    about = site / f"dlbench_bent-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dlbench-bent\nVersion: {version}\n")
    (about / "entry_points.txt").write_text("[dlbench]\nbent = dlbench_bent_plugin\n")
    (site / "dlbench_bent_plugin.py").write_text(PLUGIN)
    (site / "dlbench_test_engines.py").write_text(ENGINES)
    return str(site)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Start a cluster on whose nodes the small plugin is as planned."""
    planned = install(tmp_path_factory.mktemp("planned"), "1.0")
    with ray_cluster.running_machines({"PYTHONPATH": ray_cluster.before_path(planned)}) as machines:
        yield machines


@pytest.fixture(scope="module")
def command(machines: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return what runs commands on the cluster."""
    command = ray_cluster.Command(machines.address, tmp_path_factory.mktemp("commands"))
    yield command
    command.kill_all()


@pytest.fixture(scope="module")
def disturbed(machines: Any, command: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run a comparison whose command is killed and given again, when a node is unfit and another and a worker die.

    Returns what the second command has said.
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
    machines.remove(machines.nodes[0])
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


def run_with(engine: str, address: str, units: list[WorkUnit], stop_after: int = 0, **parameters: Any) -> list[Event]:
    """Run units in an engine of the nodes, and return the events. stop_after: how many of them before it is stopped."""
    from dlbench_ray.executor import RayExecutor

    class Executor(RayExecutor):
        pass

    Executor.engine = f"dlbench_test_engines:{engine}"
    events: list[Event] = []
    stop = threading.Event()

    def take(event: Event) -> None:
        events.append(event)
        if len(events) == stop_after:
            stop.set()

    Executor(address=address, shares_files=True, **parameters).run(iter(units), take, stop)
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
