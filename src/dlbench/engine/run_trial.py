"""One trial: build its parts, train, evaluate on the test set, return the record."""

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from dlbench.components.image_data import ImageData
from dlbench.engine import cost
from dlbench.engine.artifacts import Artifact, SharedFile
from dlbench.engine.checkpoint import CheckpointError, Checkpoints, Interrupted
from dlbench.engine.diagnostics import DiagnosticsRunner, resolve_diagnostics
from dlbench.engine.factories import build_model
from dlbench.engine.process_settings import apply_process_settings, deterministic, limited_threads
from dlbench.engine.randomness import borrowed_generators
from dlbench.engine.recorded_steps import Recordings
from dlbench.engine.setup import build_setup, layout
from dlbench.engine.state import Row
from dlbench.engine.stopping import BestWeights, EarlyStopping
from dlbench.engine.training import evaluate_on, train
from dlbench.engine.trial_record import FinishedTraining, build_record
from dlbench.engine.warmup import compile_calls
from dlbench.plugins.registry import Registry
from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord


def run_trial(
    trial: Trial,
    data: ImageData,
    registry: Registry,
    on_epoch: Callable[[Row], None] = lambda row: None,
    *,
    weights: Path | None = None,
    keep_steps: bool = False,
    diagnostics: DiagnosticsPlan = NO_DIAGNOSTICS,
    checkpoints: Checkpoints | None = None,
) -> TrialRecord:
    """Train one trial on its data set and return its record; raises what a component raises, and Interrupted.

    weights: a folder for the selected weights. The other arguments are those of train_trial.
    """
    record, model = train_trial(
        trial, data, registry, on_epoch, keep_steps=keep_steps, diagnostics=diagnostics, checkpoints=checkpoints
    )
    if weights:
        save_weights(model, SharedFile(weights / f"{trial.trial_id}.pt"))
    return record


def train_trial(
    trial: Trial,
    data: ImageData,
    registry: Registry,
    on_epoch: Callable[[Row], None],
    *,
    keep_steps: bool = False,
    diagnostics: DiagnosticsPlan = NO_DIAGNOSTICS,
    checkpoints: Checkpoints | None = None,
    recordings: Recordings | None = None,
) -> tuple[TrialRecord, nn.Module]:
    """Train one trial; return its record and the model with the selected weights.

    keep_steps: keep each step's loss in the record. diagnostics: which to run; one that raises loses only its own
    values. recordings: the recorded steps that trials share; the next one overwrites the returned model.
    """
    recordings = recordings or Recordings()
    train_once = partial(_train, trial, data, registry, on_epoch, diagnostics, checkpoints, recordings)
    training = _unless_it_fails(train_once, recordings) or train_once()
    return build_record(trial, training, keep_steps=keep_steps), training.setup.model


def _unless_it_fails(train_once: Callable[[], FinishedTraining], recordings: Recordings) -> FinishedTraining | None:
    """Train; return None where trying again may help. After a failure no recording is used again."""
    try:
        return train_once()
    except Interrupted:
        raise
    except CheckpointError:  # the file has been removed, and so have the parts that were half restored
        return None
    except torch.OutOfMemoryError:
        if not recordings.forget():
            raise
        return None
    except BaseException:
        recordings.forget()
        raise


def _train(
    trial: Trial,
    data: ImageData,
    registry: Registry,
    on_epoch: Callable[[Row], None],
    diagnostics: DiagnosticsPlan,
    checkpoints: Checkpoints | None,
    recordings: Recordings,
) -> FinishedTraining:
    """Build the trial's parts, train and evaluate, with the process set up as the trial's settings say."""
    settings = trial.settings
    device = torch.device(settings.device)
    apply_process_settings(settings)
    recordings.make_room()
    cost.reset_peak_memory(device)
    with (
        limited_threads(settings.threads),
        deterministic(settings.deterministic),
        borrowed_generators(trial.seed_of("initialisation"), "initialisation"),
    ):
        model = build_model(trial, registry).to(device).to(memory_format=layout(settings))
        setup = build_setup(trial, data, model, registry, recordings)
        flops = cost.flops_per_image(model, next(setup.validation_feed.in_order(1))[0])
        if settings.compile:
            compile_calls(model)
        best_weights = BestWeights(settings.select, partial(evaluate_on, setup, setup.test_feed))
        early_stopping = EarlyStopping(settings.patience, settings.monitor)
        runner = DiagnosticsRunner(diagnostics, resolve_diagnostics(diagnostics, registry), trial.seed)
        with borrowed_generators(trial.seed_of("dropout"), "dropout"):
            trained = train(setup, best_weights, early_stopping, on_epoch, runner if diagnostics else None, checkpoints)
        test = None if trial.role == "tuning" else evaluate_on(setup, setup.test_feed)
    return FinishedTraining(
        setup=setup,
        trained=trained,
        test=test,
        diagnostics=runner,
        flops=flops,
        peak_memory_mb=cost.peak_memory_mb(device),
        class_names=tuple(data.class_names),
        test_groups=data.test_groups,
    )


def save_weights(model: nn.Module, file: Artifact) -> None:
    """Write the weights whole or not at all."""
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    file.write(buffer.getbuffer())
