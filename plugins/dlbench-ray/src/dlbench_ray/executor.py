"""Where trials run: a pool of actors on a Ray cluster, one unit each."""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from dlbench import DlbenchError, Emit, Node, Resources, WorkUnit
from dlbench_ray.memory import ScarceMemory


class RayExecutor:
    """A Ray cluster; what its parameters mean is said in the plugin's record.

    engine: "module:function" of what a node calls to train a unit, as dlbench.run_guarded is called.
    unit_seconds: short trials are joined into units that last so long.
    """

    engine: ClassVar[str] = "dlbench:run_guarded"
    unit_seconds: float = 60.0

    def __init__(
        self,
        address: str | None = None,
        jobs: int | None = None,
        cpus: float | None = None,
        gpus: float | None = None,
        shares_files: bool = False,
        data_dir: str | None = None,
        node_data_dir: str | None = None,
        timeout: float | None = None,
    ) -> None:
        _connect(address)
        self.jobs, self.cpus, self.gpus, self.timeout = jobs, cpus, gpus, timeout
        self.shares_files = shares_files
        self.unfit: dict[str, str] = {}  # Ray's ids of nodes that take no further unit, with the reason
        self.memory = ScarceMemory()
        self.data_dir = Path(data_dir or ".").absolute()
        self.node_data_dir = node_data_dir or (str(self.data_dir) if shares_files else "")

    def slots(self) -> int:
        """Return how many units run at once, as far as the cluster is there."""
        from dlbench_ray.cluster import places

        room = sum(place.room(self.needs(Resources())) for place in places())
        return max(min(room, self.jobs or room), 1)

    def needs(self, asked: Resources) -> Resources:
        """Return what is reserved for a unit that asks for something."""
        from dataclasses import replace

        given = {name: number for name in ("cpus", "gpus") if (number := getattr(self, name)) is not None}
        return replace(asked, **given)

    def probe(self, components: Sequence[str], stop: threading.Event) -> list[Node]:
        """Return what the nodes say of themselves, a few of each kind."""
        from dlbench_ray.cluster import examine

        return examine(components, self.gpus, stop)

    def run(self, units: Iterable[WorkUnit], emit: Emit, stop: threading.Event) -> None:
        """Run all units, emit their events and return when all have ended."""
        from dlbench_ray.pool import Pool

        Pool(self, units, emit).run(stop)


def _connect(address: str | None) -> None:
    try:
        from dlbench_ray.cluster import connect
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "ray":
            raise
        raise DlbenchError("Ray is not installed here.", "Install it: pip install 'ray>=2.60,<3'.") from error
    connect(address)
