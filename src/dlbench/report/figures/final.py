"""The final metric: a point per seed and the mean with its interval, in a row per variant."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlbench.analysis.metrics import Query
from dlbench.components.metric_table import METRICS
from dlbench.report.figures.canvas import (
    INK,
    canvas,
    legend_below,
    log_scale_where_wide,
    name_rows,
    style_axes,
    with_note,
    wrapped,
)
from dlbench.report.figures.figure_data import FigureData, VariantSeries
from dlbench.statistics.intervals import t_interval
from dlbench.statistics.verdicts import MINIMUM_PAIRS

# Vertical positions of the seeds and of the mean within a row, from its middle.
_SEEDS, _MEAN = (-0.30, -0.02), 0.2


def unavailable_reason(data: FigureData) -> str:
    """Return why there is no final metric, or ""."""
    found = any(variant.finite(data.query) for variant in data.variants)
    return "" if found else f"no trial has a {data.metric.title}"


def draw(data: FigureData) -> Figure:
    """Draw the metric and, beside it, the other accuracy on the selected weights."""
    queries = [data.query, *_companion(data)]
    figure = canvas(1.1 + 0.5 * len(data.variants))
    panels = figure.subplots(1, len(queries), sharey=True, squeeze=False)[0]
    for axes, query in zip(panels, queries, strict=True):
        _panel(axes, data, query)
    name_rows(panels[0], [with_note(variant.label, variant.note) for variant in data.variants])
    for axes in panels[1:]:
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
    legend_below(figure, _handles(data))
    return figure


def _handles(data: FigureData) -> list[Line2D]:
    seed = Line2D([], [], color=INK, marker="o", linestyle="", alpha=0.5, label="one seed")
    level = f"{100 * (1 - data.rules.alpha):g} % t interval"
    mean = Line2D([], [], color=INK, marker="o", markersize=7, linewidth=2.2, label=f"mean and its {level}")
    base = Line2D([], [], color=INK, linestyle=":", linewidth=1, label=f"mean of {wrapped(data.baseline, 50, 1)}")
    averaged = [variant for variant in data.variants if math.isfinite(variant.mean(data.query))]
    several = any(len(variant.records) >= MINIMUM_PAIRS for variant in averaged)
    compared = len(data.variants) > 1 and any(variant.label == data.baseline for variant in averaged)
    return [seed, *([mean] if several else []), *([base] if compared else [])]


def _companion(data: FigureData) -> list[Query]:
    other = {"validation_accuracy": "test_accuracy", "test_accuracy": "validation_accuracy"}.get(data.query.metric)
    query = Query(metric=other) if other and data.query.at == "selected" else None
    return [query] if query and any(variant.finite(query) for variant in data.variants) else []


def _panel(axes: Axes, data: FigureData, query: Query) -> None:
    metric = data.metric if query == data.query else METRICS[query.metric]
    scale = metric.scale
    drawn: list[float] = []
    for row, variant in enumerate(data.variants):
        values = {seed: value * scale for seed, value in variant.finite(query).items()}
        mean = variant.mean(query) * scale
        drawn += values.values()
        if values:
            _row(axes, row, values, mean, variant, data)
        if math.isfinite(mean) and variant.label == data.baseline and len(data.variants) > 1:
            axes.axvline(mean, color=INK, linestyle=":", linewidth=1, zorder=0)
    style_axes(axes, metric.heading, grid="x")
    log_scale_where_wide(axes, "x", drawn)


def _row(axes: Axes, row: int, values: dict[int, float], mean: float, variant: VariantSeries, data: FigureData) -> None:
    # A seed has the same height in every row, so that pairs can be followed between rows.
    seeds = sorted({record.trial.seed for each in data.variants for record in each.records})
    heights = dict(zip(seeds, np.linspace(*_SEEDS, len(seeds)) if len(seeds) > 1 else [-0.16], strict=True))
    style = variant.style
    axes.scatter(
        list(values.values()),
        [row + heights[seed] for seed in values],
        s=22 * style.size**2,
        color=style.color,
        marker=style.marker,
        alpha=0.5,
        linewidths=0,
    )
    if len(values) < MINIMUM_PAIRS or not math.isfinite(mean):
        return
    numbers = np.array(list(values.values()))
    low, high = (float(end) for end in t_interval(numbers, 1 - data.rules.alpha))
    if math.isfinite(low):
        axes.plot([low, high], [row + _MEAN] * 2, color=style.color, linewidth=2.2, solid_capstyle="butt")
    axes.plot(
        mean,
        row + _MEAN,
        color=style.color,
        marker=style.marker,
        markersize=8 * style.size,
        markeredgecolor="white",
        markeredgewidth=0.8,
    )
