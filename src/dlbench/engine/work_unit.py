"""A work unit: build each trial's parts, train, and hand a record out, whatever happens inside."""

import contextlib
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path

import threadpoolctl
import torch
from torch import nn

from dlbench.components.records import ImageData
from dlbench.engine import cost
from dlbench.engine.checkpoint import CheckpointError, Checkpoints, Interrupted
from dlbench.engine.dataset_cache import load, prepare
from dlbench.engine.diagnostics import DiagnosticsRunner, resolve_diagnostics
from dlbench.engine.evaluation import Evaluation, macro_scores, oscillation
from dlbench.engine.factories import build_model
from dlbench.engine.feed import Feed
from dlbench.engine.randomness import borrowed_generators
from dlbench.engine.setup import apply_process_settings, build_setup, layout
from dlbench.engine.state import Row, Trained
from dlbench.engine.stopping import BestWeights, EarlyStopping
from dlbench.engine.training import evaluate_on, train
from dlbench.engine.warmup import compile_calls
from dlbench.errors import DataError
from dlbench.plugins.registry import Registry
from dlbench.runs.checkpoint_files import checkpoint_path
from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan
from dlbench.trials.events import Emit, EpochFinished, TrialFinished, TrialNoted, TrialStarted
from dlbench.trials.identity import canonical_json
from dlbench.trials.outcomes import ImageOutcomes
from dlbench.trials.record import TrialRecord
from dlbench.trials.trial import Trial
from dlbench.trials.work_unit import WorkUnit


def run_unit(unit: WorkUnit, data_dir: Path, emit: Emit, stop: threading.Event | None = None) -> None:
    """Train every trial of a unit, emitting what happens; an exception ends its trial alone.

    stop: once it is set, the training under way leaves a checkpoint, and no other begins.
    """
    registry = _registry()
    stop = stop or threading.Event()
    for trial in unit.trials:
        if stop.is_set():
            return
        emit(TrialStarted(trial_id=trial.trial_id))
        with contextlib.suppress(Interrupted):
            emit(TrialFinished(record=_guarded(trial, unit, data_dir, registry, emit, stop)))


@lru_cache(maxsize=1)
def _registry() -> Registry:
    """Discover the plugins once a process."""
    return Registry.load()


def _guarded(
    trial: Trial, unit: WorkUnit, data_dir: Path, registry: Registry, emit: Emit, stop: threading.Event
) -> TrialRecord:
    rows: list[Row] = []

    def on_epoch(row: Row) -> None:
        rows.append(row)
        emit(EpochFinished(trial_id=trial.trial_id, epoch=int(row["epoch"] or 0), metrics=row))

    checkpoints = _checkpoints(trial, unit, emit, stop)
    try:
        weights = Path(unit.weights_folder) if unit.weights_folder else None
        return run_trial(trial, data_dir, registry, on_epoch, weights, unit.keep_steps, unit.diagnostics, checkpoints)
    except Interrupted:
        raise
    except (Exception, SystemExit) as error:
        oom = is_out_of_memory(error)
        if not oom:  # whoever mends a component wants its trial from the start
            checkpoints.discard()
        message = " ".join(f"{type(error).__name__}: {error}".split())[:500]
        log = traceback.format_exc()
        epochs = (*checkpoints.rows_before, *rows)
        return TrialRecord(trial=trial, status="oom" if oom else "failed", message=message, epochs=epochs, log=log)


def _checkpoints(trial: Trial, unit: WorkUnit, emit: Emit, stop: threading.Event) -> Checkpoints:
    folder = Path(unit.checkpoint_folder) if unit.checkpoint_folder else None
    return Checkpoints(
        path=checkpoint_path(folder, trial.trial_id) if folder else None,
        identity={
            "trial_id": trial.trial_id,
            "provenance_id": unit.provenance_id,
            "watch": canonical_json(unit.diagnostics.to_json()),
        },
        every=unit.checkpoint_every,
        stop=stop,
        note=lambda text: emit(TrialNoted(trial_id=trial.trial_id, text=text)),
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory ran out, on a device or in the process; torch's CPU allocator says so in words alone."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and "you tried to allocate" in str(error)


def run_trial(
    trial: Trial,
    data_dir: Path,
    registry: Registry,
    on_epoch: Callable[[Row], None],
    weights: Path | None = None,
    steps: bool = False,
    diagnostics: DiagnosticsPlan = NO_DIAGNOSTICS,
    checkpoints: Checkpoints | None = None,
) -> TrialRecord:
    """Train one trial and return its record; raises what a component raises, and Interrupted.

    weights: a folder for the selected weights. steps: keep each step's loss in the record. watch: the diagnostics that
    measure it; one that raises costs its own values.
    """
    try:
        return _run_trial(trial, data_dir, registry, on_epoch, weights, steps, diagnostics, checkpoints)
    except CheckpointError:  # the file is gone, and the parts that took some of it in are too
        return _run_trial(trial, data_dir, registry, on_epoch, weights, steps, diagnostics, checkpoints)


def _run_trial(
    trial: Trial,
    data_dir: Path,
    registry: Registry,
    on_epoch: Callable[[Row], None],
    weights: Path | None,
    steps: bool,
    diagnostics: DiagnosticsPlan,
    checkpoints: Checkpoints | None,
) -> TrialRecord:
    settings = trial.settings
    device = torch.device(settings.device)
    apply_process_settings(settings)
    data = trial_data(trial, data_dir, registry)
    cost.reset_peak_memory(device)
    with (
        threadpoolctl.threadpool_limits(settings.threads),
        _deterministic(settings.deterministic),
        borrowed_generators(trial.seed, "initialisation"),
    ):
        model = build_model(trial, registry).to(device).to(memory_format=layout(settings))
        setup = build_setup(trial, data, model, registry)
        flops = cost.flops_per_image(model, next(setup.test_feed.in_order(1))[0])
        if settings.compile:
            compile_calls(model)
        best_weights = BestWeights(settings.select, partial(evaluate_on, setup, setup.test_feed))
        early_stopping = EarlyStopping(settings.patience, settings.monitor)
        runner = DiagnosticsRunner(diagnostics, resolve_diagnostics(diagnostics, registry), trial.seed)
        with borrowed_generators(trial.seed, "dropout"):
            trained = train(setup, best_weights, early_stopping, on_epoch, runner if diagnostics else None, checkpoints)
        test = evaluate_on(setup, setup.test_feed)
    if weights:
        _save(model, weights / f"{trial.trial_id}.pt")
    seconds = sum(float(row["seconds"] or 0) for row in trained.rows)
    return TrialRecord(
        trial=trial,
        status="diverged" if trained.diverged else "done",
        message="; ".join(filter(None, (_divergence(trained), runner.message))),
        metrics=_metrics(trained)
        | {"test_loss": test.loss, "test_accuracy": test.accuracy}
        | macro_scores(test.confusion)
        | {"step_loss_oscillation": oscillation(trained.step_losses)},
        cost={
            "train_seconds": seconds,
            "images_per_second": len(setup.train_feed) * len(trained.rows) / seconds,
            "parameters": cost.count_parameters(model),
            "flops_per_image": flops,
            "peak_memory_mb": cost.peak_memory_mb(device),
        },
        epochs=tuple(trained.rows),
        confusion=tuple(tuple(row) for row in test.confusion.tolist()),
        class_names=tuple(data.class_names),
        steps=tuple(trained.step_losses) if steps else (),
        diagnostics=tuple(runner.readings),
        watched={text: tuple(epochs) for text, epochs in runner.watched.items()},
        log=runner.log,
        outcomes=None if trained.diverged else _outcomes(trial, setup.test_feed, test),
    )


def _outcomes(trial: Trial, feed: Feed, test: Evaluation) -> ImageOutcomes:
    """Return which images of the test feed were classified correctly."""
    return ImageOutcomes.of(test.correct.cpu().numpy(), feed.indices.cpu().numpy(), trial.dataset_digest)


def _divergence(trained: Trained) -> str:
    return f"{trained.diverged} in epoch {len(trained.rows)}" if trained.diverged else ""


def _metrics(trained: Trained) -> dict[str, float | int | None]:
    """Return the selected epoch's figures, and the last epoch's validation figures beside them."""
    selected, last = trained.rows[trained.selected_epoch - 1], trained.rows[-1]
    chosen = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
    return {
        **{name: selected[name] for name in chosen},
        "last_validation_loss": last["validation_loss"],
        "last_validation_accuracy": last["validation_accuracy"],
        "best_epoch": trained.selected_epoch,
        "epochs_run": len(trained.rows),
    }


def trial_data(trial: Trial, data_dir: Path, registry: Registry) -> ImageData:
    """Return the data set by its digest; a worker elsewhere prepares its own copy and must find the same."""
    with contextlib.suppress(DataError):
        return load(trial.dataset_digest, data_dir)
    entry = registry.get("datasets", trial.dataset.name)
    info = prepare(entry, trial.dataset.parameters, data_dir, download=False)
    if info.digest != trial.dataset_digest:
        raise DataError(
            f"{trial.dataset.name} in {data_dir} is not the data set that was planned with.",
            f"Expected the digest {trial.dataset_digest}, found {info.digest}.",
        )
    return load(info.digest, data_dir)


@contextlib.contextmanager
def _deterministic(wanted: bool) -> Iterator[None]:
    if not wanted:  # even switching it off imports torch's compiler, which takes seconds
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS repeats nothing, and torch refuses
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def _save(model: nn.Module, path: Path) -> None:
    """Write the weights whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    torch.save(model.state_dict(), part)
    part.replace(path)
