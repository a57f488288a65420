"""Learning curves: a metric and the two losses by epoch, with a line per variant."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator
from numpy.typing import NDArray

from dlbench.analysis.metrics import epoch_curve
from dlbench.components.metric_table import METRICS, find_metric
from dlbench.report.figures.canvas import canvas, legend_below, log_scale_where_wide, style_axes
from dlbench.report.figures.figure_data import FigureData
from dlbench.report.palette import Style
from dlbench.trials.trial_record import TrialRecord


@dataclass(frozen=True, eq=False)
class Curve:
    """A metric by epoch over the seeds of a variant.

    mean: NaN where there is none.
    low, high: the band around it, NaN where there is none.
    """

    epochs: NDArray[np.int64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def curve(records: Sequence[TrialRecord], metric: str) -> Curve:
    """Return the mean of a metric over the trials that have a finite value at each epoch.

    The band is the mean ± one standard deviation (n - 1) for three or more values, and the range for two. That of an
    accuracy is clipped to 0 and 100 %.
    """
    length = max((len(record.epochs) for record in records), default=0)
    values = np.full((len(records), length), np.nan)
    for row, record in zip(values, records, strict=True):
        row[: len(record.epochs)] = epoch_curve(record, metric)
    values[~np.isfinite(values)] = np.nan
    mean, low, high = np.full((3, length), np.nan)
    for index, column in enumerate(values.T):
        present = column[~np.isnan(column)]
        if len(present):
            mean[index] = present.mean()
        if len(present) == 2:
            low[index], high[index] = present.min(), present.max()
        elif len(present) > 2:
            std = present.std(ddof=1)
            low[index], high[index] = mean[index] - std, mean[index] + std
    if find_metric(metric).share:
        low, high = low.clip(min=0), high.clip(max=1)
    return Curve(np.arange(1, length + 1), mean, low, high)


def unavailable_reason(data: FigureData) -> str:
    """Return why there are no learning curves, or ""."""
    return (
        "" if any(record.epochs for variant in data.variants for record in variant.records) else "no trial has epochs"
    )


def draw(data: FigureData) -> Figure:
    """Draw the metric (validation accuracy, where epochs lack it) on the left, the losses on the right.

    Trials of a single epoch are points with bars, the variants side by side.
    """
    rows = [row for variant in data.variants for record in variant.records for row in record.epochs[:1]]
    metric = data.metric if any(data.metric.name in row for row in rows) else METRICS["validation_accuracy"]
    figure = canvas(4.2)
    left, right = figure.subplots(1, 2)
    single = all(len(record.epochs) < 2 for variant in data.variants for record in variant.records)
    for place, variant in zip(_places(len(data.variants)), data.variants, strict=True):
        put = partial(_draw_point, place=place) if single else _draw
        put(left, curve(variant.records, metric.name), variant.style, metric.scale)
        put(right, curve(variant.records, "validation_loss"), variant.style)
        put(right, curve(variant.records, "train_loss"), variant.style, thin=True)
    for axes, title in (
        (left, metric.heading + _band_note(data, "bars" if single else "bands")),
        (right, "loss: validation; hollow: training" if single else "loss: validation; thin: training"),
    ):
        style_axes(axes, title)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(FixedLocator([1]) if single else MaxNLocator(integer=True))
        if single:
            axes.set_xlim(0.5, 1.5)
    log_scale_where_wide(right, "y", [float(y) for line in right.lines for y in np.asarray(line.get_ydata())])
    legend_below(figure, [variant.handle(line=not single) for variant in data.variants])
    return figure


def _band_note(data: FigureData, bands: str) -> str:
    most = max((len(variant.records) for variant in data.variants), default=0)
    return "" if most < 2 else f"; {bands}: range" if most == 2 else f"; {bands}: ± standard deviation"


def _places(count: int) -> list[float]:
    """Return the offsets of the points of a single epoch, centered on 0."""
    return [(index + 0.5) / count * 0.8 - 0.4 for index in range(count)]


def _draw_point(axes: Axes, line: Curve, style: Style, scale: float = 1, *, place: float, thin: bool = False) -> None:
    """Draw the only epoch: a line of one point would have neither length nor band."""
    axes.errorbar(
        line.epochs + place,
        line.mean * scale,
        yerr=None if thin else np.stack([line.mean - line.low, line.high - line.mean]) * scale,
        color=style.color,
        marker=style.marker,
        markersize=5 * style.size,
        markerfacecolor="white" if thin else style.color,
        linestyle="",
        linewidth=1.8,
        capsize=3,
    )


def _draw(axes: Axes, line: Curve, style: Style, scale: float = 1, *, thin: bool = False) -> None:
    axes.plot(
        line.epochs,
        line.mean * scale,
        color=style.color,
        linestyle=style.line,
        linewidth=0.8 if thin else 1.8,
        alpha=0.7 if thin else 1,
        marker="" if thin else style.marker,
        markersize=5 * style.size,
        markevery=max(1, len(line.epochs) // 12),
        markeredgecolor="white",
        markeredgewidth=0.5,
    )
    if not thin:
        axes.fill_between(line.epochs, line.low * scale, line.high * scale, color=style.color, alpha=0.15, linewidth=0)
