"""The record of a trained trial: metrics, cost and test outcomes of the selected weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlbench.engine import cost
from dlbench.engine.diagnostics import DiagnosticsRunner
from dlbench.engine.evaluation import Evaluation, macro_scores, oscillation
from dlbench.engine.state import Row, Trained, TrainingSetup
from dlbench.trials.outcomes import ImageOutcomes
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SELECTED = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


@dataclass(frozen=True, eq=False, kw_only=True)
class FinishedTraining:
    """A training that has ended, and the evaluation on the test set.

    setup: what was trained; its model has the selected weights.
    trained: the rows and losses.
    test: the evaluation of the selected weights; None for a trial that never reads the test set.
    diagnostics: the readings.
    flops: operations of one image's forward pass, None where unknown.
    peak_memory_mb: likewise None where unknown.
    class_names: of the data set.
    test_groups: the group of each test image of the data set, if it names them.
    """

    setup: TrainingSetup
    trained: Trained
    test: Evaluation | None
    diagnostics: DiagnosticsRunner
    flops: int | None
    peak_memory_mb: float | None
    class_names: tuple[str, ...]
    test_groups: "NDArray[np.int64] | None" = None


def build_record(trial: Trial, training: FinishedTraining, *, keep_steps: bool) -> TrialRecord:
    """Return a trial's record. keep_steps: with the loss of each step."""
    trained, test, diagnostics = training.trained, training.test, training.diagnostics
    return TrialRecord(
        trial=trial,
        status="diverged" if trained.diverged else "done",
        message="; ".join(filter(None, (_divergence(trained), diagnostics.message))),
        metrics=_metrics(trained, test),
        cost=_cost(training),
        epochs=tuple(trained.rows),
        confusion=tuple(tuple(row) for row in test.confusion.tolist()) if test else (),
        class_names=training.class_names if test else (),
        steps=tuple(trained.step_losses) if keep_steps else (),
        diagnostics=tuple(diagnostics.readings),
        watched={text: tuple(epochs) for text, epochs in diagnostics.watched.items()},
        log=diagnostics.log,
        outcomes=_outcomes(trial, training, test) if test and not trained.diverged else None,
    )


def _divergence(trained: Trained) -> str:
    return f"{trained.diverged} in epoch {len(trained.rows)}" if trained.diverged else ""


def _metrics(trained: Trained, test: Evaluation | None) -> dict[str, float | int | None]:
    """Return the metrics of the selected epoch, the last epoch's validation metrics, and those on the test set."""
    selected, last = trained.rows[trained.selected_epoch - 1], trained.rows[-1]
    return {
        **{name: selected[name] for name in _SELECTED},
        "last_validation_loss": last["validation_loss"],
        "last_validation_accuracy": last["validation_accuracy"],
        "best_epoch": trained.selected_epoch,
        "epochs_run": len(trained.rows),
        **_validation_objective(selected),
        **(_on_test(selected, test) if test else {}),
        "step_loss_oscillation": oscillation(trained.step_losses),
    }


def _on_test(selected: Row, test: Evaluation) -> dict[str, float | int | None]:
    """Return the metrics of the selected weights on the test set."""
    scores = {"test_loss": test.loss, "test_accuracy": test.accuracy}
    objective = {"test_objective": test.objective} if "validation_objective" in selected else {}
    return {**scores, **objective, **macro_scores(test.confusion)}


def _validation_objective(selected: Row) -> dict[str, float | int | None]:
    """Return what was trained on, as a column of its own; {} where it is cross-entropy, which the losses are."""
    return {"validation_objective": selected["validation_objective"]} if "validation_objective" in selected else {}


def _cost(training: FinishedTraining) -> dict[str, float | int | None]:
    rows = training.trained.rows
    seconds = sum(float(row["seconds"] or 0) for row in rows)
    return {
        "train_seconds": seconds,
        "images_per_second": len(training.setup.train_feed) * len(rows) / seconds,
        "parameters": cost.count_parameters(training.setup.model),
        "flops_per_image": training.flops,
        "peak_memory_mb": training.peak_memory_mb,
    }


def _outcomes(trial: Trial, training: FinishedTraining, test: Evaluation) -> ImageOutcomes:
    """Return which images of the test feed were classified correctly."""
    correct, indices = (each.cpu().numpy() for each in (test.correct, training.setup.test_feed.indices))
    return ImageOutcomes.of(correct, indices, trial.dataset_digest, training.test_groups)
