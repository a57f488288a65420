"""What a figure promises: it draws a run, the same one each time, and leaves matplotlib as it was."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import matplotlib as mpl
from matplotlib.figure import Figure as DrawnFigure

from dlbench.components.records import Figure
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.report.figures.canvas import render
from dlbench.report.figures.figure_data import FigureData, figure_data
from dlbench.testing.promises import Subject, promise
from dlbench.trials.diagnostics import Reading
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord

LAYERS, EPOCHS = ("first", "last"), 3


def run(subject: Subject[Figure]) -> FigureData:
    """Return a small run of two variants and three seeds, with the diagnostics that the figure shows."""
    plan = build(Request(values={"activation": ("relu", "tanh")}, seeds=3), subject.registry)
    plan = replace(plan, variants=tuple(replace(each, trial=_prepared(each.trial)) for each in plan.variants))
    return figure_data([_record(trial, subject.record.values) for trial in plan.trials], plan.record)


def _prepared(trial: Trial) -> Trial:
    """Return a trial as it is once its data set was prepared."""
    return replace(trial, dataset_digest="0", input_shape=(1, 8, 8), num_classes=2)


def _record(trial: Trial, values: Sequence[str]) -> TrialRecord:
    level = 0.9 + 0.01 * trial.seed
    row = {"learning_rate": 0.1, "train_loss": 0.3, "train_accuracy": level, "seconds": 0.5}
    row |= {"validation_loss": 0.4, "validation_accuracy": level}
    readings = [
        Reading(epoch, layer, value, 0.1 * epoch + 0.01 * trial.seed)
        for value in values
        for epoch in range(1, EPOCHS + 1)
        for layer in LAYERS
    ]
    return TrialRecord(
        trial=trial,
        status="done",
        metrics={**row, "test_accuracy": level, "test_loss": 0.4, "best_epoch": EPOCHS, "epochs_run": EPOCHS},
        cost={"train_seconds": 1.5, "images_per_second": 1000.0, "parameters": 100},
        epochs=tuple({"epoch": epoch, **row} for epoch in range(1, EPOCHS + 1)),
        confusion=((5, 1), (0, 6)),
        class_names=("a", "b"),
        diagnostics=tuple(readings),
    )


@promise("draws a matplotlib figure of a run")
def draws(subject: Subject[Figure]) -> Iterator[str]:
    """Draw one, and look for axes on it."""
    with mpl.rc_context():
        made = subject.factory(run(subject))
    if not isinstance(made, DrawnFigure):
        yield f"it returned {made!r}"
    elif not made.axes:
        yield "the figure that it returned has no axes"


@promise("draws the same figure of the same run")
def repeats(subject: Subject[Figure]) -> Iterator[str]:
    """Compare the bytes of two files."""
    data = run(subject)
    first, second = (render(lambda: subject.factory(data), "svg") for _ in range(2))
    if first != second:
        yield "two drawings of one run differ"


@promise("leaves matplotlib's settings as they were")
def leaves_settings(subject: Subject[Figure]) -> Iterator[str]:
    """Compare them before and after."""
    with mpl.rc_context():
        before = dict(mpl.rcParams)
        subject.factory(run(subject))
        changed = [name for name, value in mpl.rcParams.items() if before[name] != value]
    if changed:
        yield f"it changed {changed[0]}"


PROMISES = (draws, repeats, leaves_settings)
