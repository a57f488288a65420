"""The metric by training time: a small point per seed, a large one for the mean."""

import math
from statistics import fmean

from matplotlib.figure import Figure

from dlbench.analysis.metrics import Query
from dlbench.report.figures.canvas import canvas, legend_below, log_scale_where_wide, style_axes
from dlbench.report.figures.figure_data import FigureData, VariantSeries

_SECONDS = Query(metric="train_seconds")


def unavailable_reason(data: FigureData) -> str:
    """Return why nothing can be drawn against time, or ""."""
    if data.query.metric == _SECONDS.metric:
        return "the metric is time itself"
    return "" if any(_points(variant, data) for variant in data.variants) else "no trial has both a time and the metric"


def _points(variant: VariantSeries, data: FigureData) -> list[tuple[float, float]]:
    """Return (seconds, metric) of the trials that have both; a diverged trial has no time."""
    seconds, values = variant.finite(_SECONDS), variant.finite(data.query)
    return [(seconds[seed], values[seed]) for seed in seconds if seed in values]


def draw(data: FigureData) -> Figure:
    """Draw seconds along x and the metric along y."""
    figure = canvas(4.6, width=7.5)
    axes = figure.subplots()
    metric = data.metric
    drawn: list[float] = []
    for variant in data.variants:
        points = [(seconds, value * metric.scale) for seconds, value in _points(variant, data)]
        if not points:
            continue
        style = variant.style
        x, y = zip(*points, strict=True)
        drawn += x
        axes.scatter(x, y, s=20 * style.size**2, color=style.color, marker=style.marker, alpha=0.4, linewidths=0)
        if not math.isfinite(variant.mean(data.query)):
            continue
        axes.scatter(
            fmean(x),
            fmean(y),
            s=110 * style.size**2,
            color=style.color,
            marker=style.marker,
            edgecolors="black",
            linewidths=0.9,
            zorder=3,
        )
    style_axes(axes, f"{metric.heading}: small marks are seeds, large ones their mean")
    diverged = any(record.status == "diverged" for variant in data.variants for record in variant.records)
    axes.set_xlabel("training time (s)" + ("; trials that diverged have none" if diverged else ""))
    log_scale_where_wide(axes, "x", drawn, ratio=20)
    legend_below(figure, [variant.handle(line=False) for variant in data.variants])
    return figure
