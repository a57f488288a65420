"""A real SLURM of a controller and two nodes, all on this machine: for the tests, and for people (`make slurm`)."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

NODES = ("n1", "n2")
#: How long a requeued job waits at least, and a cancelled one at most.
_SECONDS = 5
#: How long anything may take on a machine that has other work too, and the end of a killed process.
PATIENCE, _END_SECONDS = 300.0, 10.0
#: What the processes of a node have in their environment: those of jobs, and the daemon with its helpers.
_DAEMON = "DLBENCH_SLURM_DAEMON"
_OF_NODE = ("SLURMD_NODENAME", _DAEMON)
_PROGRAMS = ("setpriv", "munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sinfo")
_CONFIGURATION = """
ClusterName=dlbench
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire={seconds}
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmdTimeout=30
SlurmctldTimeout=30
KillWait={seconds}
MessageTimeout=10
SchedulerParameters=sched_min_interval=100000,batch_sched_delay=0
"""


def missing() -> str:
    """Return why there can be no SLURM here, or ""."""
    where = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
    lacking = [program for program in _PROGRAMS if shutil.which(program, path=where) is None]
    if lacking:
        return f"no {', '.join(lacking)} here (apt-get install slurm-wlm munge)"
    return "" if os.geteuid() == 0 else "a SLURM of one's own starts as root alone"


class Cluster:
    """A running SLURM. environment: with which its commands, and whatever calls them, find it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "PATH": os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin",
            "SLURM_CONF": str(folder / "slurm.conf"),
        }
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start munge, the controller and the nodes, and wait until all nodes are idle."""
        (self.folder / "state").mkdir()
        (self.folder / "munge.key").write_bytes(os.urandom(128))
        (self.folder / "munge.key").chmod(0o600)
        self._write_configuration()
        self.start_munge()
        self.start_controller()
        for node in NODES:
            self.start_node(node)
        self.wait_for(lambda: self.states() == dict.fromkeys(NODES, "idle"), "its nodes")

    def _write_configuration(self) -> None:
        ports = iter(_free_ports(1 + len(NODES)))
        text = _CONFIGURATION.format(
            host=socket.gethostname(), controller=next(ports), folder=self.folder, user="root", seconds=_SECONDS
        )
        for node in NODES:
            text += (
                f"NodeName={node} NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 Port={next(ports)} "
                "CPUs=2 RealMemory=4000 State=UNKNOWN\n"
            )
        text += f"PartitionName=main Nodes={','.join(NODES)} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO\n"
        (self.folder / "slurm.conf").write_text(text)

    def start_munge(self) -> None:
        """Start what authenticates messages."""
        files = {"socket": "munge.socket", "key-file": "munge.key", "pid-file": "munge.pid", "log-file": "munge.log"}
        paths = [f"--{option}={self.folder / name}" for option, name in files.items()]
        seed = f"--seed-file={self.folder / 'munge.seed'}"
        self._start("munged", "munged", "--foreground", "--force", *paths, seed)
        self.wait_for(lambda: (self.folder / "munge.socket").exists(), "munge")

    def start_controller(self) -> None:
        """Start the controller, or start it again."""
        self._start("slurmctld", "slurmctld", "-D")

    def start_node(self, node: str) -> None:
        """Start a node, or start it again."""
        self._start(node, "slurmd", "-D", "-N", node)

    def _start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as output:
            # Whatever ends this process, they end with it.
            self.daemons[name] = subprocess.Popen(
                ("setpriv", "--pdeathsig", "KILL", *command),
                env={**self.environment, _DAEMON: name},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def kill_controller(self) -> None:
        """Kill the controller; jobs run on."""
        self._kill("slurmctld")

    def kill_node(self, node: str) -> None:
        """Kill a node with all that runs there, and say that it is down, as what watches a cluster's nodes does.

        A machine that loses power is found silent after SlurmdTimeout, or to have booted since. This one has not.
        """
        self._kill(node)
        _kill_all(self._processes(node))
        self.call("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=killed")

    def _kill(self, name: str) -> None:
        self.daemons[name].kill()
        self.daemons[name].wait(timeout=_END_SECONDS)

    def _processes(self, node: str = "") -> list[int]:
        """Return the processes of jobs and those that serve them, by their environment."""
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                variables = path.read_bytes().split(b"\0")
                ours = f"SLURM_CONF={self.environment['SLURM_CONF']}".encode() in variables
                nodes = {f"{name}={each}".encode() for name in _OF_NODE for each in ([node] if node else NODES)}
                if ours and not nodes.isdisjoint(variables):
                    found.append(int(path.parent.name))
        return found

    def states(self) -> dict[str, str]:
        """Return the states of the nodes."""
        lines = self.call("sinfo", "--noheader", "--Node", "--format=%N %t").splitlines()
        return dict(line.split() for line in lines)

    def jobs(self, *filters: str) -> dict[str, str]:
        """Return the states of jobs, those that have ended included, by job or array task."""
        command = ("squeue", "--noheader", "--array", "--states=all", "--format=%i %T", *filters)
        return dict(line.split() for line in self.call(*command).splitlines())

    def call(self, *command: str) -> str:
        """Run a command of SLURM's and return what it prints; "" if it fails."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)
        return done.stdout if done.returncode == 0 else ""

    def wait_for(self, condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        """Wait until a condition holds."""
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in self.folder.glob("*.log"))
                raise TimeoutError(f"SLURM: waited {seconds:.0f} s for {what}.\n{logs}")
            time.sleep(0.1)

    def end(self) -> None:
        """Cancel all jobs, and end what was started."""
        self.call("scancel", "--user=root")
        _kill_all(self._processes())
        for name in reversed(self.daemons):
            self._kill(name)


def _kill_all(processes: Sequence[int]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a SLURM, and end it."""
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder))
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.end()


def main() -> None:
    """Start one for people, until they press Ctrl-C."""
    if reason := missing():
        sys.exit(f"SLURM cannot be started: {reason}.")
    with running_cluster() as cluster, contextlib.suppress(KeyboardInterrupt):
        print(f"SLURM runs until Ctrl-C, with the nodes {' and '.join(NODES)}. In another terminal:")
        print(f"export SLURM_CONF={cluster.environment['SLURM_CONF']}", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
