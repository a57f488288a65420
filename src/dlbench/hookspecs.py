"""What a plugin can declare and observe. Each hook is optional; all are called in the parent process.

A plugin is a module named by an entry point of the group "dlbench". Its hooks return records (see
dlbench.components.records) and import nothing heavy: a record names its factory, and the factory's module is imported
only where the component is used.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pluggy import HookimplMarker, HookspecMarker

from dlbench.components.records import Activation, Dataset, Diagnostic, Executor, Model, Optimizer, Scheduler

if TYPE_CHECKING:
    from dlbench.trials.manifest import Manifest
    from dlbench.trials.trial import Trial
    from dlbench.trials.trial_record import TrialRecord

PROJECT = "dlbench"
hookspec = HookspecMarker(PROJECT)
hookimpl = HookimplMarker(PROJECT)


@hookspec
def dlbench_models() -> Iterable[Model]:  # type: ignore[empty-body]  # a specification has no body
    """Return the plugin's models."""


@hookspec
def dlbench_activations() -> Iterable[Activation]:  # type: ignore[empty-body]
    """Return the plugin's activations."""


@hookspec
def dlbench_datasets() -> Iterable[Dataset]:  # type: ignore[empty-body]
    """Return the plugin's data sets."""


@hookspec
def dlbench_schedulers() -> Iterable[Scheduler]:  # type: ignore[empty-body]
    """Return the plugin's learning-rate schedules."""


@hookspec
def dlbench_optimizers() -> Iterable[Optimizer]:  # type: ignore[empty-body]
    """Return the plugin's optimizers."""


@hookspec
def dlbench_diagnostics() -> Iterable[Diagnostic]:  # type: ignore[empty-body]
    """Return the plugin's diagnostics."""


@hookspec
def dlbench_executors() -> Iterable[Executor]:  # type: ignore[empty-body]
    """Return the places where the plugin can run work units."""


@hookspec
def dlbench_experiments() -> Iterable[Path]:  # type: ignore[empty-body]
    """Return the paths of the plugin's experiment files (TOML)."""


@hookspec(firstresult=True)
def dlbench_veto(trial: "Trial") -> str | None:
    """Return why this combination makes no sense, or None; the first reason given wins."""


@hookspec
def dlbench_run_started(manifest: "Manifest") -> None:
    """Observe the start of a run."""


@hookspec
def dlbench_epoch_finished(trial: "Trial", metrics: Mapping[str, float]) -> None:
    """Observe the end of one epoch of one trial."""


@hookspec
def dlbench_trial_finished(record: "TrialRecord") -> None:
    """Observe the end of one trial, whatever its status."""


@hookspec
def dlbench_run_finished(folder: Path) -> None:
    """Observe the end of a run; its folder is complete."""
