"""The rows that charts draw, in columns: variants with their styles, trials, epochs and estimates."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from dlbench.analysis.metrics import Query, epoch_curve
from dlbench.components.metric_table import METRICS
from dlbench.components.metrics import Metric
from dlbench.report.charts.chart import DASHES, SHAPES
from dlbench.report.figures.figure_data import FigureData, VariantSeries
from dlbench.report.palette import on_dark
from dlbench.report.terminal.visible import visible
from dlbench.trials.trial_record import TrialRecord

#: The number of what is not a single variant, such as an average over another axis: drawn in ink, never hidden.
NO_VARIANT = -1

#: So many points of learning curves answer the pointer without delay.
MOST_POINTS = 4000
_DIGITS = 6
SECONDS = Query(metric="train_seconds")


def chart_data(data: FigureData) -> dict[str, Any]:
    """Return variants and rows of all charts as JSON content, values in the unit that is shown."""
    return {
        "variants": [_variant(variant) for variant in data.variants],
        "rows": {"trials": _trials(data), "epochs": _epochs(data), "estimates": _estimates(data)},
    }


def _variant(variant: VariantSeries) -> dict[str, Any]:
    style = variant.style
    return {
        "label": visible(variant.label),
        "note": variant.note,
        "color": style.color,
        "dark": on_dark(style.color),
        "shape": SHAPES[style.marker],
        "dash": list(DASHES[style.line]),
    }


def short(value: float | None, scale: float = 1.0) -> float | None:
    """Return a number for a chart: scaled, with as many digits as an eye can tell apart; None for none."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value * scale:.{_DIGITS}g}")


def columns(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    """Return rows as columns by name."""
    found = list(rows)
    return {name: [row[place] for row in found] for place, name in enumerate(names)}


def _trials(data: FigureData) -> dict[str, list[Any]]:
    rows = []
    for number, variant in enumerate(data.variants):
        values, seconds = variant.finite(data.query), variant.finite(SECONDS)
        for seed, value in values.items():
            rows.append((number, seed, short(value, data.metric.scale), short(seconds.get(seed))))
    return columns(("v", "seed", "value", "seconds"), rows)


def _estimates(data: FigureData) -> dict[str, list[Any]]:
    numbers = {variant.label: number for number, variant in enumerate(data.variants)}
    scale = data.metric.scale
    rows = [
        (numbers[each.variant], short(each.mean, scale), short(each.mean_low, scale), short(each.mean_high, scale),
         each.n)
        for each in data.judged.estimates
        if each.variant in numbers and each.n > 1
    ]  # fmt: skip
    return columns(("v", "value", "low", "high", "n"), rows)


def curve_metric(data: FigureData) -> Metric:
    """Return the metric of the learning curves: the judged one, where epochs have it, else validation accuracy."""
    known = data.metric.name in {name for record in _records(data) for row in record.epochs[:1] for name in row}
    return data.metric if known else METRICS["validation_accuracy"]


def epoch_step(data: FigureData) -> int:
    """Return of how many epochs one is in the rows: 1 where all of them are."""
    points = sum(len(record.epochs) for record in _records(data))
    return max(1, math.ceil(points / MOST_POINTS))


def _records(data: FigureData) -> list[TrialRecord]:
    return [record for variant in data.variants for record in variant.records]


def _epochs(data: FigureData) -> dict[str, list[Any]]:
    metric, step = curve_metric(data), epoch_step(data)
    rows = []
    for number, variant in enumerate(data.variants):
        for record in variant.records:
            curves = [epoch_curve(record, name) for name in (metric.name, "validation_loss", "train_loss")]
            length = len(record.epochs)
            for epoch in [*range(0, length - 1, step), length - 1] if length else []:
                value, validation, training = (curve[epoch] if epoch < len(curve) else None for curve in curves)
                rows.append((number, record.trial.seed, epoch + 1, short(value, metric.scale), short(validation),
                             short(training)))  # fmt: skip
    return columns(("v", "seed", "epoch", "value", "validation_loss", "train_loss"), rows)
