"""Small tasks for a worker process: what needs torch and returns an answer to the parent."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.components.records import Dataset, ParameterValue
from dlbench.components.user_code import UserCode
from dlbench.dataset_index import PreparedInfo, Snapshot
from dlbench.executors.allocator import keep_freed_memory
from dlbench.executors.worker import captured_output
from dlbench.machine import Machine, Training
from dlbench.trials.trial import Trial

if TYPE_CHECKING:
    from dlbench.engine.bench import Cost
    from dlbench.plugins.registry import Registry

#: Where what torch's compiler and components say while they are measured goes; what they raise is reported.
_NOWHERE = Path(os.devnull)


def probe_machine() -> Machine:
    """Return what torch finds on this machine."""
    from dlbench.engine.probe import probe

    return probe()


def examine_training() -> Training:
    """Return what a worker finds about training here, with short measurements on one thread."""
    import torch

    from dlbench.engine.peaks import linear_rate, measure_peaks

    allocator, machine = keep_freed_memory(), probe_machine()
    precisions = ["float32", *(["bfloat16"] if machine.precision("auto", "cpu") == "bfloat16" else [])]
    return Training(
        machine=machine,
        allocator=allocator,
        peaks={precision: measure_peaks(torch.device("cpu"), precision, 1) for precision in precisions},
        linear_rates={name: linear_rate(name) for name in machine.matmul_errors},
    )


def prepare_dataset(
    name: str,
    parameters: dict[str, ParameterValue],
    data_dir: str,
    download: bool,
    user_code: tuple[UserCode, ...] = (),
    report: Callable[[int, int], None] = lambda done, total: None,
) -> PreparedInfo:
    """Prepare a data set by its qualified name.

    user_code: of the user's own components. report: called with the number of images stored, and of all.
    """
    from dlbench.engine.dataset_cache import prepare

    registry = load_registry(user_code, Path(data_dir))
    return prepare(registry.get(Dataset, name), parameters, Path(data_dir), download, report)


def describe_changes(before: Snapshot, now: Snapshot, path: str, data_dir: str) -> tuple[str, ...]:
    """Return what differs between two states of a data set, each a short phrase; () where it cannot be compared."""
    from dlbench.engine.data_changes import describe_changes

    try:
        return describe_changes(before, now, path, Path(data_dir))
    except (OSError, ValueError, IndexError):  # the earlier copy is damaged
        return ()


def measure_rates(
    trials: list[Any], data_dir: str, seconds: float, windows: int, user_code: tuple[UserCode, ...] = ()
) -> list[dict[str, tuple[float, ...]]]:
    """Return the images per second of each part of each trial (as JSON content)."""
    from dlbench.engine import bench

    folder, registry = Path(data_dir), load_registry(user_code, Path(data_dir))
    with captured_output(_NOWHERE):
        return bench.measure_rates([Trial.from_json(trial) for trial in trials], folder, seconds, windows, registry)


def measure_cost(trial: dict[str, Any], data_dir: str, user_code: tuple[UserCode, ...] = ()) -> "Cost":
    """Return what a trial (as JSON content) costs."""
    from dlbench.engine import bench

    with captured_output(_NOWHERE):
        return bench.measure_cost(Trial.from_json(trial), Path(data_dir), load_registry(user_code, Path(data_dir)))


def verify_dataset(
    name: str, parameters: dict[str, ParameterValue], data_dir: str, user_code: tuple[UserCode, ...] = ()
) -> tuple[PreparedInfo, bool]:
    """Verify a data set by its qualified name."""
    from dlbench.engine.dataset_cache import verify

    return verify(load_registry(user_code, Path(data_dir)).get(Dataset, name), parameters, Path(data_dir))


def load_registry(user_code: tuple[UserCode, ...], data_dir: Path) -> "Registry":
    """Return the installed components, and with them code of the user's own."""
    from dlbench.plugins.registry import Registry
    from dlbench.plugins.user_imports import learn_user_code

    registry = Registry.load()
    learn_user_code(user_code, data_dir, registry)
    return registry
