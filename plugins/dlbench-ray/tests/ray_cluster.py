"""A real Ray cluster of a head and three nodes, all on this machine, for tests and benchmarks; and commands on it."""

import csv
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

LOOPBACK = "127.0.0.1"
#: What Ray does besides, and nothing here needs; and how it starts on a machine that has other work.
VARIABLES = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # the one address for Ray itself too, not that of the network card
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_event_stats": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_prestart_worker_first_driver": "0",
    "RAY_worker_niceness": "0",  # else 15: beside other work processes of Ray's hardly begin
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
#: A limit for what hangs, far above what anything needs on a busy machine.
PATIENCE = 400
#: Columns of measured times and memory, which differ from run to run.
MEASURED = {"train_seconds", "images_per_second", "peak_memory_mb", "seconds", "provenance_id"}
Numbers = list[list[tuple[tuple[str, str], ...]]]


def wait_for(what: Callable[[], Any]) -> Any:
    """Wait until a condition holds, and return its value."""
    end = time.monotonic() + PATIENCE
    while not (value := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return value


def before_path(folder: str) -> str:
    """Return a PYTHONPATH that begins with a folder."""
    return os.pathsep.join([folder, *filter(None, [os.environ.get("PYTHONPATH")])])


class Machines:
    """The cluster.

    data_dir: where its nodes keep data sets.
    nodes: those of one CPU.
    """

    def __init__(self, folder: Path) -> None:
        from ray.cluster_utils import Cluster

        self.data_dir = folder / "on-nodes"
        os.environ["DLBENCH_DATA_DIR"] = str(self.data_dir)  # the nodes' processes inherit it
        head = {"num_cpus": 0, "node_ip_address": LOOPBACK, "include_log_monitor": False, "no_monitor": True}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.nodes: list[Any] = []

    @property
    def address(self) -> str:
        """Return where the head listens."""
        return str(self.cluster.address)

    def ready(self, count: int = 3) -> None:
        """Have some nodes of one CPU."""
        while len(self.nodes) < count:
            self.nodes.append(self.add())
        self.await_all()

    def await_all(self) -> None:
        """Wait until the cluster has the nodes that were added, and no other."""
        self.cluster.wait_for_nodes(PATIENCE)

    def add(self, variables: Mapping[str, str] | None = None, **has: Any) -> Any:
        """Add a node. variables: what its processes have in their environment besides. has: as add_node() takes it."""
        least = {"num_cpus": 1, "node_ip_address": LOOPBACK, "object_store_memory": 80 * 2**20}
        return self.cluster.add_node(env_vars=dict(variables or {}), wait=False, **{**least, **has})

    def remove(self, node: Any) -> None:
        """Kill all processes of a node."""
        self.nodes = [other for other in self.nodes if other is not node]
        self.cluster.remove_node(node, allow_graceful=False)

    def trainers(self) -> list[int]:
        """Return the processes of the actors that train on the nodes."""
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


@contextmanager
def running_machines(variables: Mapping[str, str]) -> Iterator[Machines]:
    """Start a cluster, and end every process of it. variables: what all its processes have in their environment."""
    with (
        tempfile.TemporaryDirectory(prefix="ray-t", dir="/tmp") as folder,  # short, for sockets
        patch.dict(os.environ, {**VARIABLES, **variables, "RAY_TMPDIR": folder}),
        _few_processes(),
    ):
        machines = Machines(Path(folder))
        try:
            yield machines
        finally:
            machines.cluster.shutdown()


@contextmanager
def _few_processes() -> Iterator[None]:
    """Have nodes start on the loopback address without agents, and the head without what serves a dashboard."""
    from ray._private import node, ray_constants, services

    start = services.start_ray_process

    def start_without_agents(command: list[str], *arguments: Any, **options: Any) -> Any:
        agents = NO_AGENTS if command[0] == services.RAYLET_EXECUTABLE else []
        return start([*command, *agents], *arguments, **options)

    with (
        patch.object(services, "start_ray_process", start_without_agents),
        patch.object(ray_constants, "ENABLE_RAY_CLUSTER", False),  # Ray may have been imported before
        patch.object(node.Node, "start_api_server", lambda *_, **__: None),
    ):
        yield


class Command:
    """dlbench commands in a folder of their own, with results beside each other."""

    def __init__(self, address: str, folder: Path) -> None:
        self.folder, self.address = folder, address
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

    def end(self, process: subprocess.Popen[str], code: int = 0) -> str:
        """Wait for a command's end, and return what it has said."""
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, said
        return said

    @staticmethod
    def end_with(process: subprocess.Popen[str], number: int) -> str:
        """Send a command a signal, and return what it has said when it has ended."""
        process.send_signal(number)
        return process.communicate(timeout=PATIENCE)[0]

    def kill_all(self) -> None:
        """Kill the commands that still run, without any warning."""
        for process in self.running:
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=PATIENCE)

    def wait_for_records(self, process: subprocess.Popen[str], name: str, count: int) -> None:
        """Wait until so many trials of a run have a record; a command that ends before is a failure."""
        wait_for(lambda: self.finished(name) >= count or process.poll() is not None)
        assert self.finished(name) >= count, process.communicate(timeout=PATIENCE)[0]

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
