"""What a plugin can declare and observe. Every hook is optional.

A plugin is a module named by an entry point of the group "dlbench". Its hooks return records (see
dlbench.components.records) and import nothing heavy: a record names its factory, and the factory's module is imported
only where the component is used.

Plugins are called in order: the built-in ones first, then the others by the name of their entry point. A hook that
declares components is called once in a process, when that kind is first needed: in the parent process, and in workers,
which look up factories. Observers are called in the parent process alone, one at a time. A hook may omit parameters
that it does not need. A hook that raises is reported once and not called again; everything else continues. An observer
that takes longer than ten seconds is reported, left to itself, and its plugin observes nothing more.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pluggy import HookimplMarker, HookspecMarker

from dlbench.components.records import Activation, Dataset, Diagnostic, Executor, Figure, Model, Optimizer, Scheduler

if TYPE_CHECKING:
    from dlbench.runs.manifest import Manifest
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
    """Return the plugin's executors: places where work units run."""


@hookspec
def dlbench_figures() -> Iterable[Figure]:  # type: ignore[empty-body]
    """Return the plugin's figures of runs."""


@hookspec
def dlbench_experiments() -> Iterable[Path]:  # type: ignore[empty-body]
    """Return the paths of the plugin's experiment files (TOML).

    Called when a command lists experiments or looks for one by name; the files are read then.
    """


@hookspec(firstresult=True)
def dlbench_veto(trial: "Trial") -> str | None:
    """Return why this combination makes no sense, or None if it does.

    trial: one combination of a plan, before its seeds are chosen (its own means nothing). Device and precision may
    still be "auto", and the shape and digest of its data set unknown.

    Called for each combination after the core's own checks, while a comparison is planned and again when its data sets
    are known. The first reason wins; the combination is skipped with it, and the rest runs.
    """


@hookspec
def dlbench_run_started(manifest: "Manifest") -> None:
    """Observe the start of a session of a run.

    manifest: the run's plan and all its sessions, this one last, as manifest.json holds them.

    Called once a session, after the manifest is written and before the first trial.
    """


@hookspec
def dlbench_epoch_finished(trial: "Trial", metrics: Mapping[str, float | None]) -> None:
    """Observe the end of one epoch of one trial.

    trial: the trial that is training. metrics: its row of epochs.csv, by column; a value that was not measured is None.

    Called in the order of the epochs of a trial; the epochs of trials that run at the same time alternate. A trial that
    resumes from a checkpoint, or is tried again, may report an epoch a second time.
    """


@hookspec
def dlbench_trial_finished(record: "TrialRecord") -> None:
    """Observe the end of one trial, whatever its status: done, diverged, failed, timeout or oom.

    record: the trial with its numbers, already written to the run folder.

    Called once for each trial that this session computed, after its epochs, in the order in which the trials end; not
    for vetoed trials, nor for those that an earlier session or another process computed.
    """


@hookspec
def dlbench_run_finished(folder: Path) -> None:
    """Observe the end of a session of a run; its folder is complete.

    folder: the run folder.

    Called once a session, after the last trial and also after an interrupt, not after an error.
    """
