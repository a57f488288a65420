"""Small tasks for a worker process beside the training of units: what needs torch and answers the parent."""

from pathlib import Path

from dlbench.machine import Machine
from dlbench.prepared import PreparedInfo
from dlbench.specs import Value


def probe_machine() -> Machine:
    """Return what torch finds on this machine."""
    from dlbench.engine.probe import probe

    return probe()


def prepare_dataset(name: str, parameters: dict[str, Value], data_dir: str, download: bool) -> PreparedInfo:
    """Prepare a data set by its qualified name."""
    from dlbench.engine.prepared import prepare
    from dlbench.registry import Registry

    return prepare(Registry.load().get("datasets", name), parameters, Path(data_dir), download)
