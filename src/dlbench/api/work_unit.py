"""What executors with machines of their own run there: `run_unit`, `run_guarded`, `examine_node`, `unpack_data`."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlbench.trials.events import Emit
from dlbench.trials.node import Node
from dlbench.trials.work_unit import WorkUnit


def run_unit(unit: WorkUnit, data_dir: Path, emit: Emit, stop: threading.Event | None = None) -> None:
    """Train every trial of a work unit in this process; for executors with workers of their own.

    stop: once it is set, the training writes a checkpoint, if the unit has a folder for them, and ends.
    """
    from dlbench.engine.work_unit import run_unit as run_here

    run_here(unit, data_dir, emit, stop)


def run_guarded(
    unit: WorkUnit, data_dir: Path, emit: Emit, stop: threading.Event | None = None, *, timeout: float | None = None
) -> None:
    """Train every trial of a work unit as the local executor does, each in a worker process of this one.

    For executors that run this on machines of their own. What a trial prints is kept in its record; one that crashes,
    runs out of memory, prints without end or takes longer than `timeout` seconds ends as such and costs no other.
    Events are emitted in the thread that called. stop: once it is set, the training writes a checkpoint and ends.
    """
    from dlbench.executors.guarded import run_guarded as run_here

    run_here(unit, data_dir, emit, stop, timeout=timeout)


def pack_data(unit: WorkUnit, data_dir: Path, most_bytes: int = 64 * 2**20) -> Mapping[str, Mapping[str, bytes]]:
    """Return the files of a unit's prepared data sets, by digest and name; those with more bytes are left out."""
    from dlbench.executors.carried_data import pack_data as pack_here

    return pack_here(unit, data_dir, most_bytes)


def unpack_data(data: Mapping[str, Mapping[str, bytes]], data_dir: Path) -> None:
    """Put data sets that pack_data() returned below a data folder, where trials find them, unless they are there."""
    from dlbench.executors.carried_data import unpack_data as unpack_here

    unpack_here(data, data_dir)


def examine_node(components: Sequence[str]) -> Node:
    """Return what this machine is like for a plan of these components; for the nodes of executors.

    components: qualified names, as an executor's probe() is given them.
    """
    from dlbench.engine.origin import examine
    from dlbench.plugins.registry import Registry

    return examine(components, Registry.load())
