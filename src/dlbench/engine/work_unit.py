"""A work unit: run each of its trials and emit a record, whatever happens inside."""

import contextlib
import threading
import traceback
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import nn

from dlbench.engine.artifacts import Artifact, checkpoint_of, weights_of
from dlbench.engine.checkpoint import Checkpoints, Interrupted
from dlbench.engine.dataset_cache import load_for_trial
from dlbench.engine.global_state import Watch
from dlbench.engine.origin import attributed, identity_here, refusal, started, unprepared
from dlbench.engine.process_settings import apply_process_settings
from dlbench.engine.recorded_steps import Recordings
from dlbench.engine.run_trial import save_weights, train_trial
from dlbench.engine.split import unseen_class
from dlbench.engine.state import Row
from dlbench.errors import DataError, describe_error
from dlbench.plugins.registry import Registry
from dlbench.plugins.strangers import strangers
from dlbench.plugins.user_imports import learn_user_code
from dlbench.trials.events import Emit, EpochFinished, TrialNoted
from dlbench.trials.identity import canonical_json
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import Metrics, TrialRecord
from dlbench.trials.work_unit import WorkUnit

#: As many changes of global state are named in a note.
_SHOWN = 4


class UnitRunner:
    """Runs the units of a process, which keeps recorded steps from one to the next."""

    def __init__(self) -> None:
        self._recordings = Recordings()

    def __call__(
        self, unit: WorkUnit, data_dir: Path, emit: Emit, stop: threading.Event | None = None
    ) -> tuple[str, ...]:
        """Run a unit as run_unit does."""
        return run_unit(unit, data_dir, emit, stop, self._recordings)


def run_unit(
    unit: WorkUnit,
    data_dir: Path,
    emit: Emit,
    stop: threading.Event | None = None,
    recordings: Recordings | None = None,
) -> tuple[str, ...]:
    """Train every trial of a unit and emit its events; an exception ends only its own trial.

    stop: once it is set, the current trial saves a checkpoint and ends, and no other begins. Returns what components
    changed of the process's global state: it is restored as far as it can be, and a fresh process is better. So it is
    after a failure on a GPU, whose faults stay with the process. recordings: the recorded steps of earlier units.
    """
    watch = Watch()
    registry = _registry()
    learn_user_code(unit.user_code, data_dir, registry)
    stop, recordings = stop or threading.Event(), recordings or Recordings()
    emit = _numbered(emit, unit.attempt)
    if refused := refusal(unit, registry):
        emit(refused)
        return ()
    for trial in unit.trials:
        if stop.is_set():
            break
        emit(started(trial, unit, registry))
        with contextlib.suppress(Interrupted):
            with _watched(trial, unit, watch, emit):
                record, model = _run(trial, unit, data_dir, registry, emit, stop, recordings)
            if record.status == "failed" and trial.settings.device == "cuda":
                watch.changed.append("the state of the GPU")
            emit(attributed(record, unit, registry))
            if model and (
                file := weights_of(unit, trial.trial_id, emit)
            ):  # after the record, which no failure may cost
                _save_weights(model, file, trial, emit)
    return tuple(watch.changed)


def _numbered(emit: Emit, attempt: int) -> Emit:
    """Return what emits events as those of an attempt."""
    return lambda event: emit(replace(event, attempt=attempt))


@contextlib.contextmanager
def _watched(trial: Trial, unit: WorkUnit, watch: Watch, emit: Emit) -> Iterator[None]:
    """Restore what components of other plugins change of the global state meanwhile, and emit a note that names it."""
    names = strangers(replace(unit, trials=(trial,)))
    if not names:
        yield
        return
    if trial.settings.compile:  # torch's compiler itself replaces functions
        watch.changed.append("functions that torch's compiler replaces")
        yield
        return
    apply_process_settings(trial.settings)
    known = len(watch.changed)
    try:
        with watch():
            yield
    finally:
        if fresh := watch.changed[known:]:
            who, what = " or ".join(names), ", ".join(fresh[:_SHOWN]) + (", …" if len(fresh) > _SHOWN else "")
            text = f"{who} changed {what}, restored for other trials"
            emit(TrialNoted(trial_id=trial.trial_id, text=text, of_variant=True))


def _save_weights(model: nn.Module, file: Artifact, trial: Trial, emit: Emit) -> None:
    try:
        save_weights(model, file)
    except Exception as error:  # whatever a component's state_dict does, or the disk
        reason = (
            f"{file.place}: {error.strerror}"
            if isinstance(error, OSError) and error.strerror
            else describe_error(error)
        )
        again = f"--force {trial.trial_id} computes them again"
        emit(TrialNoted(trial_id=trial.trial_id, text=f"weights could not be saved: {reason} ({again})"))


@lru_cache(maxsize=1)
def _registry() -> Registry:
    """Discover the plugins once per process."""
    return Registry.load()


def _run(
    trial: Trial,
    unit: WorkUnit,
    data_dir: Path,
    registry: Registry,
    emit: Emit,
    stop: threading.Event,
    recordings: Recordings,
) -> tuple[TrialRecord, nn.Module | None]:
    """Return a trial's record and its model, or the record of its failure if it raised; raises only Interrupted."""
    rows: dict[int, Row] = {}  # by epoch: a training that is tried again repeats some

    def on_epoch(row: Row) -> None:
        epoch = int(row["epoch"] or 0)
        rows[epoch] = row
        emit(EpochFinished(trial_id=trial.trial_id, epoch=epoch, metrics=row))

    checkpoints = _checkpoints(trial, unit, registry, emit, stop)
    try:
        data = load_for_trial(trial, data_dir, registry, checkpoints.note)
        if hint := unseen_class(data, trial.settings, trial.seed_of("split")):
            emit(TrialNoted(trial_id=trial.trial_id, text=hint, of_plan=True))
        return train_trial(
            trial,
            data,
            registry,
            on_epoch,
            keep_steps=unit.keep_steps,
            diagnostics=unit.diagnostics,
            checkpoints=checkpoints,
            recordings=recordings,
        )
    except Interrupted:
        raise
    except DataError as error:
        if lost := unprepared(trial, unit, error):
            emit(lost)
            raise Interrupted from error
        return _failure(trial, error, ()), None
    except (Exception, SystemExit) as error:
        if not is_out_of_memory(error):  # a fixed component has to train from the start
            checkpoints.discard()
        epochs = {int(row["epoch"] or 0): row for row in checkpoints.rows_before} | rows
        return _failure(trial, error, tuple(epochs[number] for number in sorted(epochs))), None


def _failure(trial: Trial, error: BaseException, epochs: tuple[Metrics, ...]) -> TrialRecord:
    """Return the record of a trial that raised; call it while the exception is handled."""
    return TrialRecord(
        trial=trial,
        status="oom" if is_out_of_memory(error) else "failed",
        message=describe_error(error),
        epochs=epochs,
        log=traceback.format_exc(),
    )


def _checkpoints(trial: Trial, unit: WorkUnit, registry: Registry, emit: Emit, stop: threading.Event) -> Checkpoints:
    return Checkpoints(
        file=checkpoint_of(unit, trial.trial_id, emit),
        identity={
            "trial_id": trial.trial_id,
            "provenance_id": identity_here(trial, unit, registry),
            "watch": canonical_json(unit.diagnostics.measured),
        },
        every=unit.checkpoint_every,
        stop=stop,
        note=lambda text: emit(TrialNoted(trial_id=trial.trial_id, text=text)),
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether a device or the process ran out of memory; torch's CPU allocator says so only in its message."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and "you tried to allocate" in str(error)
