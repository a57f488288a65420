"""Accuracy against training seconds: every seed a point, the mean a large one."""

from statistics import fmean

from matplotlib.figure import Figure

from dlbench.analysis.metrics import Query
from dlbench.report.figures.canvas import canvas, legend_below, log_scale_where_wide, style_axes
from dlbench.report.figures.study import FigureData, VariantSeries

_SECONDS = Query(metric="train_seconds")


def unavailable_reason(study: FigureData) -> str:
    """Say why nothing can be drawn against time, or ""."""
    if study.query.metric == _SECONDS.metric:
        return "the metric is time itself"
    return (
        "" if any(_points(variant, study) for variant in study.variants) else "no trial has both a time and the metric"
    )


def _points(variant: VariantSeries, study: FigureData) -> list[tuple[float, float]]:
    """Return (seconds, metric) of the trials that have both; one that diverged has no time."""
    seconds, values = variant.finite(_SECONDS), variant.finite(study.query)
    return [(seconds[seed], values[seed]) for seed in seconds if seed in values]


def draw(study: FigureData) -> Figure:
    """Draw seconds along x and the metric along y."""
    figure = canvas(4.6, width=7.5)
    axes = figure.subplots()
    shown = study.metric
    drawn: list[float] = []
    for variant in study.variants:
        points = [(seconds, value * shown.scale) for seconds, value in _points(variant, study)]
        if not points:
            continue
        look = variant.look
        x, y = zip(*points, strict=True)
        drawn += x
        axes.scatter(x, y, s=20 * look.size**2, color=look.color, marker=look.marker, alpha=0.4, linewidths=0)
        axes.scatter(
            fmean(x),
            fmean(y),
            s=110 * look.size**2,
            color=look.color,
            marker=look.marker,
            edgecolors="black",
            linewidths=0.9,
            zorder=3,
        )
    style_axes(axes, f"{shown.heading}: small marks are seeds, large ones their mean")
    diverged = any(record.status == "diverged" for variant in study.variants for record in variant.records)
    axes.set_xlabel("training time (s)" + ("; trials that diverged have none" if diverged else ""))
    log_scale_where_wide(axes, "x", drawn, ratio=20)
    legend_below(figure, [variant.handle(line=False) for variant in study.variants])
    return figure
