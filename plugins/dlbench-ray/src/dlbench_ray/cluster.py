"""The cluster: connecting to it, its nodes, and what starts on one of them."""

import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, OutOfMemoryError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from dlbench import DlbenchError, Node, Resources

#: How many nodes of a kind are asked what they are.
_ASKED = 8
#: How long the first answer may take, as each starts a process that imports torch on a node that may be busy; and how
#: much longer the others.
_PATIENCE_SECONDS, _MORE_SECONDS = 600.0, 60.0
#: Between two looks at whether the user has given up.
_LOOK_SECONDS = 1.0
#: How long it may take to reach an address.
_LISTENER_SECONDS = 10.0
#: The part of a GPU that is enough to look at it.
_GLANCE = 0.001
#: The address that means the cluster which is there, whichever it is.
_ANY = "auto"
#: Where the addresses led by which this process was connected: the cluster's own address by each of them.
_led: dict[str, str] = {}


@dataclass(frozen=True)
class Place:
    """A node of the cluster. name: its host, and the beginning of Ray's id for it if the host has several."""

    node_id: str
    name: str
    cpus: float
    gpus: float
    memory_mb: float
    kind: str = ""

    def room(self, needs: Resources) -> int:
        """Return how many units of some needs run there at once."""
        pairs = ((self.cpus, needs.cpus), (self.gpus, needs.gpus), (self.memory_mb, needs.memory_mb or 0.0))
        return min((int(has / wants + 1e-9) for has, wants in pairs if wants), default=int(self.cpus))


def connect(address: str | None) -> None:
    """Connect to a cluster, unless this process is connected. None: the one that runs here, else a new one.

    Raises DlbenchError where it is connected, by a script too, and the address is not known to lead to that cluster:
    a process has one at a time.
    """
    if ray.is_initialized():
        if address and address != _ANY and _own_address() not in (address, _led.get(address)):
            raise DlbenchError(
                f"This process was connected to the Ray cluster at {_own_address()} before {address} was asked for.",
                "Leave the address out to train there; for another cluster, call ray.shutdown() first.",
            )
        return
    _check_listener(address)
    with _own_signals():
        try:
            ray.init(address=address, log_to_driver=False, logging_level="error", include_dashboard=_dashboard(address))
        except (ConnectionError, RayError, RuntimeError, ValueError, ImportError) as error:
            raise _no_cluster(address, _reason(error)) from error
    if address:
        _led[address] = _own_address()


def _own_address() -> str:
    """Return the address by which the cluster that this process is connected to knows itself, HOST:PORT."""
    return str(ray.get_runtime_context().gcs_address)


def _reason(error: BaseException) -> str:
    """Return the first line of what an error of Ray's says that is no heading."""
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line.rstrip(".") for line in lines if line and not line.endswith(":")), type(error).__name__)


def _check_listener(address: str | None) -> None:
    """Raise DlbenchError where nobody listens at an address: Ray itself tries for minutes."""
    host, colon, port = (address or "").removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_LISTENER_SECONDS).close()
        except (OSError, OverflowError) as error:
            raise _no_cluster(address, getattr(error, "strerror", "") or str(error)) from error


def _no_cluster(address: str | None, reason: str) -> DlbenchError:
    where = f" at {address}" if address else ""
    return DlbenchError(
        f"There is no Ray cluster{where} to connect to ({reason}).",
        "Start one (ray start --head), or name another: --executor ray:address=HOST:PORT, or ray://HOST:10001 "
        "from outside the cluster, for which pip install 'ray[client]'.",
    )


def _dashboard(address: str | None) -> bool | None:
    """Return False for a cluster that may be started here; one that runs has decided it."""
    return None if address else False


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the handler of SIGTERM, which Ray replaces: dlbench lets the trials save their checkpoints."""
    ours = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM) if ours else None
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def places() -> list[Place]:
    """Return the nodes that are alive."""
    alive = [node for node in ray.nodes() if node["Alive"]]
    hosts = Counter(node["NodeManagerHostname"] for node in alive)
    return [_place(node, alone=hosts[node["NodeManagerHostname"]] == 1) for node in alive]


def _place(node: dict[str, Any], *, alone: bool) -> Place:
    has, host, node_id = node["Resources"], node["NodeManagerHostname"], node["NodeID"]
    cpus, gpus = has.get("CPU", 0.0), has.get("GPU", 0.0)
    models = sorted(name for name in has if name.startswith("accelerator_type:"))
    name = host if alone else f"{host} ({node_id[:8]})"
    return Place(node_id, name, cpus, gpus, has.get("memory", 0.0) / 2**20, f"{cpus:g} {gpus:g} {' '.join(models)}")


def on(place: Place) -> NodeAffinitySchedulingStrategy:
    """Return Ray's way of saying that something runs on a node and nowhere else."""
    return NodeAffinitySchedulingStrategy(node_id=place.node_id, soft=False)


def examine(components: Sequence[str], gpus: float | None, stop: threading.Event) -> list[Node]:
    """Return what some nodes of each kind say of themselves; once `stop` is set, what is known.

    gpus: as the executor's parameter.
    """
    kinds: Counter[str] = Counter()
    asked: dict[Any, Place] = {}
    for place in places():
        kinds[place.kind] += 1
        if kinds[place.kind] <= _ASKED and place.cpus:
            glance = min(_GLANCE, place.gpus, 1.0 if gpus is None else gpus)
            once = {"max_retries": 0, "max_calls": 1}  # Ray would keep the process, with torch and its part of a GPU
            ask = ray.remote(num_cpus=0, num_gpus=glance, scheduling_strategy=on(place), **once)
            asked[ask(_examine_here).remote(tuple(components))] = place
    ready = _answered([*asked], stop)
    nodes, problems = [], [f"they did not answer for {_PATIENCE_SECONDS:.0f} s"]
    for call in ready:
        try:
            nodes.append(replace(Node.from_json(ray.get(call, timeout=0)), host=asked[call].name))
        except (RayError, GetTimeoutError, KeyError, TypeError) as error:
            problems.insert(0, f"{asked[call].name}: {describe(error)}")
    if not nodes and not stop.is_set():
        raise DlbenchError(f"No node of the Ray cluster can train: {problems[0]}.")
    return nodes


def _answered(calls: list[Any], stop: threading.Event) -> list[Any]:
    """Return the calls that have been answered, once all have, the others take too long, or `stop` is set."""
    ready: list[Any] = []
    for count, seconds in ((min(1, len(calls)), _PATIENCE_SECONDS), (len(calls), _MORE_SECONDS)):
        until = time.monotonic() + seconds
        while len(ready) < count and not stop.is_set() and time.monotonic() < until:
            ready = list(ray.wait(calls, num_returns=count, timeout=_LOOK_SECONDS)[0])
    return ready


def _examine_here(components: Sequence[str]) -> dict[str, Any]:
    from dlbench import examine_node

    return examine_node(components).to_json()


def describe(error: BaseException) -> str:
    """Return the last line of what an error of Ray's says; that is what happened. Of memory it says a page."""
    if isinstance(error, OutOfMemoryError):
        return "Ray ended its process since the node's memory had run out"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else type(error).__name__
