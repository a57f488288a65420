"""On a real cluster of a head and three nodes: whatever dies, the numbers are those of the local executor."""

import csv
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import pytest

from dlbench.testing import check_plugin

#: Head, nodes and their processes need two cores to themselves: on busy ones Ray gives up before they have started.
ASKED = "DLBENCH_RAY_CLUSTER"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_spec("ray"), reason="ray is not installed"),
    pytest.mark.skipif(not os.environ.get(ASKED), reason=f"a Ray cluster needs a quiet machine: set {ASKED}=1 there"),
]

LOOPBACK = "127.0.0.1"
#: Has Ray use that address for itself too, where it would take the one of the network card.
ON_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
#: Columns of measured times and memory, which differ from run to run.
MEASURED = {"train_seconds", "images_per_second", "peak_memory_mb", "seconds", "provenance_id"}
#: What Ray does besides, and nothing here needs; and how long a worker may take to start on a busy machine.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_event_stats": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_prestart_worker_first_driver": "0",
    "RAY_worker_register_timeout_seconds": "240",
    "RAY_enable_pipe_based_agent_to_parent_health_check": "1",  # the substitutes below end with their node
}
#: Each node starts two agents, for its dashboard and for environments: seconds of processor time, after which a node
#: that has other work has given up. Nothing here asks them: this waits in their place.
NO_AGENTS = [
    *(f"--{agent}_command=/bin/sh -c cat" for agent in ("dashboard_agent", "runtime_env_agent")),
    *(f"--{port}=1" for port in ("dashboard_agent_listen_port", "metrics-agent-port", "metrics_export_port")),
    "--runtime_env_agent_port=1",
]
#: A limit for what hangs, far above what any test needs on a busy machine.
PATIENCE = 240
TRIALS = ("--activation", "relu,tanh", "--seeds", "12", "--epochs", "6", "--threads", "1")
PLUGIN = """
from dlbench import Activation, hookimpl

@hookimpl
def dlbench_activations():
    return [Activation(name="bent", factory="torch.nn:Tanh", summary="As bent as tanh")]
"""
Numbers = list[list[tuple[tuple[str, str], ...]]]


def wait_for(what: Callable[[], Any]) -> Any:
    """Wait until a condition holds, and return its value."""
    end = time.monotonic() + PATIENCE
    while not (value := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return value


def install(folder: Path, version: str) -> str:
    """Make a folder to import a small plugin from, in some version; the folder as a path."""
    site = folder / f"bent-{version}"
    about = site / f"dlbench_bent-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dlbench-bent\nVersion: {version}\n")
    (about / "entry_points.txt").write_text("[dlbench]\nbent = dlbench_bent_plugin\n")
    (site / "dlbench_bent_plugin.py").write_text(PLUGIN)
    return str(site)


def before_path(folder: str) -> str:
    """Return a PYTHONPATH that begins with a folder."""
    return os.pathsep.join([folder, *filter(None, [os.environ.get("PYTHONPATH")])])


class Machines:
    """The cluster. planned, other: where the small plugin is in the planned version, and in another."""

    def __init__(self, folder: Path) -> None:
        from ray.cluster_utils import Cluster

        self.data_dir = folder / "on-nodes"
        self.planned, self.other = install(folder, "1.0"), install(folder, "2.0")
        head = {"num_cpus": 0, "node_ip_address": LOOPBACK, "include_log_monitor": False, "no_monitor": True}
        self.variables = {"PYTHONPATH": before_path(self.planned), "DLBENCH_DATA_DIR": str(self.data_dir)}
        os.environ |= self.variables  # the nodes' processes inherit them; the fixture restores them
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.nodes: list[Any] = []

    def ready(self) -> None:
        """Have three nodes of one CPU."""
        while len(self.nodes) < 3:
            self.nodes.append(self.add())

    def add(self, **variables: str) -> Any:
        """Add a node. variables: what its processes have in their environment besides."""
        least = {"node_ip_address": LOOPBACK, "object_store_memory": 80 * 2**20}
        return self.cluster.add_node(num_cpus=1, env_vars=variables, wait=False, **least)

    def remove(self, node: Any) -> None:
        """Kill all processes of a node."""
        self.nodes = [other for other in self.nodes if other is not node]
        self.cluster.remove_node(node, allow_graceful=False)

    def trainers(self) -> list[int]:
        """Return the processes of the actors that train, wherever they run."""
        raylets = {process.process.pid for node in self.nodes for process in node.all_processes["raylet"]}
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                title = Path(f"/proc/{name}/cmdline").read_bytes()
                parent = int(Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent in raylets and title.startswith(b"ray::Trainer"):
                found.append(int(name))
        return found


def start_few_processes(patch: pytest.MonkeyPatch) -> None:
    """Have nodes start without agents, and the head without what serves a dashboard."""
    from ray._private import node, services

    start = services.start_ray_process

    def start_without_agents(command: list[str], *arguments: Any, **options: Any) -> Any:
        agents = NO_AGENTS if command[0] == services.RAYLET_EXECUTABLE else []
        return start([*command, *agents], *arguments, **options)

    patch.setattr(services, "start_ray_process", start_without_agents)
    patch.setattr(node.Node, "start_api_server", lambda *_, **__: None)


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    """Start a cluster, and end every process of it."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as place:
        patch.setenv("RAY_TMPDIR", place)  # a short one, for sockets; both before Ray is imported
        patch.setenv(ON_LOOPBACK, "0")
        for name, value in QUIET.items():
            patch.setenv(name, value)
        for name in ("PYTHONPATH", "DLBENCH_DATA_DIR"):
            patch.setenv(name, os.environ.get(name, ""))
        start_few_processes(patch)
        made = Machines(Path(place))
        try:
            yield made
        finally:
            made.cluster.shutdown()


class Command:
    """dlbench commands in a folder of their own, with results beside each other."""

    def __init__(self, machines: Machines, folder: Path) -> None:
        self.folder, self.address = folder, machines.cluster.address
        self.environment = {**os.environ, "DLBENCH_DATA_DIR": str(folder / "data"), "COLUMNS": "300"}
        self.running: list[subprocess.Popen[str]] = []

    def start(self, name: str, *arguments: str, executor: str = "ray") -> subprocess.Popen[str]:
        """Start a comparison."""
        where = f"ray:address={self.address}" if executor == "ray" else executor
        command = [sys.executable, "-m", "dlbench", "compare", "--name", name, "--executor", where, *arguments]
        said: Any = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(command, cwd=self.folder, env=self.environment, **said)
        self.running.append(process)
        return process

    def run(self, name: str, *arguments: str, executor: str = "ray") -> str:
        """Run a comparison to its end, and return what it says."""
        return self.end(self.start(name, *arguments, executor=executor))

    @staticmethod
    def end(process: subprocess.Popen[str]) -> str:
        """Wait for a command's end, and return what it has said."""
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said
        return said

    @staticmethod
    def kill(process: subprocess.Popen[str]) -> None:
        """Kill a command without any warning."""
        process.kill()
        process.communicate(timeout=PATIENCE)

    def wait_for_records(self, process: subprocess.Popen[str], name: str, count: int) -> None:
        """Wait until so many trials of a run have a record; a command that ends before is a failure."""
        wait_for(lambda: self.finished(name) >= count or process.poll() is not None)
        if self.finished(name) < count:
            pytest.fail(process.communicate(timeout=PATIENCE)[0])

    def finished(self, name: str) -> int:
        """Return how many trials of a run have a record."""
        journal = (self.folder / "results" / name / "journal").glob("*")
        return sum(path.read_bytes().count(b'"status":') for path in journal if path.is_file())

    def numbers(self, name: str) -> Numbers:
        """Return a run's trials, epochs and confusion, without what is measured."""
        views = []
        for view in ("trials", "epochs", "confusion"):
            with (self.folder / "results" / name / f"{view}.csv").open(newline="") as file:
                rows = [{key: row[key] for key in row if key not in MEASURED} for row in csv.DictReader(file)]
            views.append(sorted(tuple(row.items()) for row in rows))
        return views


@pytest.fixture
def command(machines: Machines, tmp_path: Path) -> Iterator[Command]:
    """Return what runs commands on the cluster, and end those that still run."""
    machines.ready()
    made = Command(machines, tmp_path)
    yield made
    for process in made.running:
        made.kill(process)


@pytest.fixture(scope="module")
def local_numbers(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Numbers:
    """Return what the local executor computes."""
    command = Command(machines, tmp_path_factory.mktemp("local"))
    command.run("local", *TRIALS, "--jobs", "2", executor="local")
    return command.numbers("local")


def test_a_node_and_a_worker_are_lost_but_no_trial(
    machines: Machines, command: Command, local_numbers: Numbers
) -> None:
    running = command.start("lossy", *TRIALS)
    command.wait_for_records(running, "lossy", 2)
    machines.remove(machines.nodes[0])
    command.wait_for_records(running, "lossy", 8)
    os.kill(Random(0).choice(wait_for(machines.trainers)), signal.SIGKILL)
    said = command.end(running)
    assert command.numbers("lossy") == local_numbers
    assert command.finished("lossy") == 24
    assert "was lost: the Ray node" in said
    assert machines.data_dir.is_dir()  # the data has travelled to the nodes' own folder


def test_a_killed_command_goes_on_where_it_was(machines: Machines, command: Command, local_numbers: Numbers) -> None:
    running = command.start("again", *TRIALS)
    command.wait_for_records(running, "again", 3)
    command.kill(running)
    kept = command.finished("again")
    wait_for(lambda: not machines.trainers())  # the cluster ends what nobody waits for
    command.run("again", *TRIALS)
    assert command.numbers("again") == local_numbers
    assert kept < 24 == command.finished("again")


def test_a_node_with_another_version_of_a_plugin_is_named_and_trains_nothing(
    machines: Machines, command: Command
) -> None:
    trials = ("--activation", "bent,relu", "--seeds", "6", "--epochs", "2", "--threads", "1")
    command.run("local", *trials, "--jobs", "2", executor="local")
    unfit = machines.add(PYTHONPATH=before_path(machines.other))
    try:
        said = command.run("unfit", *trials)
    finally:
        machines.remove(unfit)
    named = [line for line in said.splitlines() if "has not what the comparison is planned with" in line]
    assert len(named) == 1
    assert "bent 1.0, here 2.0. It trains nothing." in named[0]
    assert command.numbers("unfit") == command.numbers("local")
    assert command.finished("unfit") == 12


def test_the_executor_keeps_what_executors_promise(machines: Machines) -> None:
    import ray

    machines.ready()
    try:
        findings = check_plugin("ray", ["ray"], {"ray": {"address": machines.cluster.address}})
    finally:
        ray.shutdown()
    assert [str(finding) for finding in findings if not finding.good] == []
    assert findings
