"""Metrics of a trial by name: columns of trials.csv and epochs.csv, metrics derived from epochs, diagnostics."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from dlbench.analysis.diagnostics import base_name, check_layer, names_of, reading_value
from dlbench.components.metric_table import find_metric, names_in_groups
from dlbench.errors import DlbenchError, suggest
from dlbench.plans.criteria import At
from dlbench.trials.trial_record import TrialRecord

Curve = Sequence[float]

#: The columns of trials.csv that are metrics, without the one that depends on the run's target.
TRIAL_METRICS = names_in_groups("fit", "last", "test", "steps", "objective", "progress", "cost")


@dataclass(frozen=True, kw_only=True)
class Query:
    """A request for a metric, by a claim or a table.

    metric: name of the metric.
    at: epoch at which a metric of epochs is read: "selected", "last" or a number from 1.
    over: epochs of a derived metric: "all", "second-half", "first:N" or "last:N".
    target: validation accuracy of epochs_to_target and seconds_to_target, a fraction.
    """

    metric: str
    at: At = "selected"
    over: str = "all"
    target: float | None = None


def metric_value(record: TrialRecord, query: Query) -> float | None:
    """Return a trial's value; None if it has none, infinite for a loss or time that it lacks as it diverged.

    Raises DlbenchError for an unknown metric.
    """
    value = _value(record, query)
    if value is None or math.isnan(value):
        return math.inf if _is_infinite(record, query.metric) else None
    return value


def _is_infinite(record: TrialRecord, metric: str) -> bool:
    return record.status == "diverged" and find_metric(metric).infinite_if_diverged


def _value(record: TrialRecord, query: Query) -> float | None:
    """Return a trial's value as it was measured; None or NaN if it has none."""
    if query.metric in DERIVED:
        return DERIVED[query.metric](record, query)
    own = query.at == "selected" and query.metric in record.metrics
    if not own and query.metric in known_epoch_metrics(record):
        return _at(record, query.metric, query.at)
    if base_name(query.metric) in names_of(record):
        return reading_value(record, query.metric, query.at)
    if record.watched and not _is_known(query.metric, record):
        return None  # a diagnostic that failed in this trial
    check_metric(query.metric, record)
    found = record.metrics.get(query.metric)
    return _cost(record, query.metric) if found is None else float(found)


def check_metric(name: str, record: TrialRecord | None = None, measured: Sequence[str] = ()) -> None:
    """Raise DlbenchError for an unknown metric. measured: names of diagnostics' values."""
    if record:
        check_layer(name, record)
    readings = [*measured, *(names_of(record) if record else ())]
    if base_name(name) in readings or _is_known(name, record):
        return
    known = list(dict.fromkeys([*_known(record), *readings]))
    hint = suggest(name, known, "Type `dlbench list metrics` to see all.")
    raise DlbenchError(f"There is no metric {name!r}.", hint)


def _is_known(name: str, record: TrialRecord | None) -> bool:
    return name in _known(record)


def _known(record: TrialRecord | None) -> list[str]:
    known = [*TRIAL_METRICS, *DERIVED, *names_in_groups("epoch")]
    return [*known, *record.metrics, *record.cost, *known_epoch_metrics(record)] if record else known


def known_epoch_metrics(record: TrialRecord) -> tuple[str, ...]:
    """Return the metrics of a trial's epochs."""
    return tuple(name for name in record.epochs[0] if name != "epoch") if record.epochs else ()


def epoch_curve(record: TrialRecord, metric: str, over: str = "all") -> list[float]:
    """Return a metric by epoch, over all or a part of the epochs; NaN for an epoch that lacks it."""
    values = [row.get(metric) for row in record.epochs]
    curve = [math.nan if value is None else float(value) for value in values]
    return curve[epoch_slice(over, len(curve))]


def epoch_slice(over: str, epochs: int) -> slice:
    """Return the epochs of a text: "all", "second-half", "first:N" or "last:N"."""
    word, _, number = over.partition(":")
    if over == "all":
        return slice(None)
    if over == "second-half":
        return slice(epochs // 2, None)
    if word in ("first", "last") and number.isdigit() and int(number):
        return slice(None, int(number)) if word == "first" else slice(-int(number), None)
    raise DlbenchError(f"Invalid part of a training {over!r}.", "It takes all, second-half, first:N or last:N.")


def _at(record: TrialRecord, metric: str, at: At) -> float | None:
    curve = epoch_curve(record, metric)
    position = {"selected": record.metrics.get("best_epoch"), "last": len(curve)}.get(str(at), at)
    if position is None or not 1 <= int(position) <= len(curve):
        return None
    return curve[int(position) - 1]


def _cost(record: TrialRecord, metric: str) -> float | None:
    """Return a cost of a trial; None where it counts as infinite, whatever was spent until the trial diverged."""
    value = None if _is_infinite(record, metric) else record.cost.get(metric)
    return None if value is None else float(value)


def _balanced_accuracy(record: TrialRecord, query: Query) -> float | None:
    """Return the mean over the classes that the test set has of the share of their images predicted correctly."""
    recalls = [row[index] / sum(row) for index, row in enumerate(record.confusion) if sum(row)]
    return math.fsum(recalls) / len(recalls) if recalls else None


def _difference(first: str, second: str) -> Callable[[TrialRecord, Query], float | None]:
    def value(record: TrialRecord, query: Query) -> float | None:
        apart = first == "validation_loss" and "validation_objective" in record.metrics
        names = ("validation_objective" if apart else first, second)
        left, right = (_value(record, Query(metric=name, at=query.at)) for name in names)
        return None if left is None or right is None else left - right

    return value


def _change(metric: str) -> Callable[[TrialRecord, Query], float | None]:
    def value(record: TrialRecord, query: Query) -> float | None:
        from dlbench.statistics.convergence import stability

        return stability(epoch_curve(record, metric, query.over))

    return value


def _decrease(record: TrialRecord, query: Query) -> float | None:
    """Return the decrease of the training loss over the epochs, from the one before them to the last."""
    part = epoch_slice(query.over, len(record.epochs)).indices(len(record.epochs))
    curve = epoch_curve(record, "train_loss")[max(part[0] - 1, 0) : part[1]]
    return curve[0] - curve[-1] if len(curve) > 1 else None


def _area(record: TrialRecord, query: Query) -> float | None:
    from dlbench.statistics.convergence import area_under_curve

    return area_under_curve(epoch_curve(record, "validation_accuracy", query.over))


def _to_target(timed: bool) -> Callable[[TrialRecord, Query], float | None]:
    def value(record: TrialRecord, query: Query) -> float | None:
        from itertools import accumulate

        from dlbench.statistics.convergence import time_to_target

        if query.target is None:
            raise DlbenchError(f"{query.metric} needs a target.", "Give target = 0.97, an accuracy from 0 to 1.")
        elapsed = list(accumulate(epoch_curve(record, "seconds"))) if timed else None
        curve = epoch_curve(record, "validation_accuracy")
        diverged = record.status == "diverged"
        return time_to_target(curve, query.target, elapsed=elapsed, diverged=diverged) if curve else None

    return value


DERIVED = MappingProxyType(
    {
        "balanced_accuracy": _balanced_accuracy,
        "generalization_gap": _difference("train_accuracy", "validation_accuracy"),
        "loss_gap": _difference("validation_loss", "train_loss"),
        "train_loss_change": _change("train_loss"),
        "validation_accuracy_change": _change("validation_accuracy"),
        "train_loss_decrease": _decrease,
        "validation_accuracy_area": _area,
        "epochs_to_target": _to_target(timed=False),
        "seconds_to_target": _to_target(timed=True),
    }
)
