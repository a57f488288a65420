"""Interquartile means over several data sets, a row per variant."""

import math

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlbench.analysis.across_datasets import named
from dlbench.report.figures.canvas import (
    INK,
    INTERVAL_WIDTH,
    canvas,
    draw_estimate,
    legend_below,
    name_rows,
    style_axes,
    with_note,
    wrapped,
)
from dlbench.report.figures.figure_data import FigureData
from dlbench.report.palette import style


def unavailable_reason(data: FigureData) -> str:
    """Return why there are no interquartile means, or ""."""
    across = data.judged.across
    if across is None:
        return data.without_datasets
    finite = any(math.isfinite(row.score) for row in across.rows)
    return "" if finite else f"the data sets have no common scale of {data.metric.title}"


def draw(data: FigureData) -> Figure:
    """Draw the mean of the middle half of each variant's runs with its interval over seeds."""
    across = data.judged.across
    assert across is not None
    scale = 1 if across.is_relative else data.metric.scale
    figure = canvas(1.2 + 0.4 * len(across.rows), width=9.5)
    axes = figure.subplots()
    for number, row in enumerate(across.rows):
        interval = (scale * row.score_low, scale * row.score_high)
        draw_estimate(axes, number, scale * row.score, interval, style(number))
    style_axes(axes, f"interquartile mean over {wrapped(named(across.datasets), 100, 2)}", grid="x")
    relative = f"{data.metric.title}, relative to the mean of {wrapped(across.baseline, 40, 1)} on each data set"
    axes.set_xlabel(relative if across.is_relative else data.metric.heading)
    name_rows(axes, [with_note(row.variant, f"{row.runs} runs") for row in across.rows])
    level = f"{100 * (1 - across.rules.alpha):g} % interval over other seeds on these data sets"
    label = f"mean of the middle half of all runs, {level}"
    legend_below(figure, [Line2D([], [], color=INK, marker="o", linewidth=INTERVAL_WIDTH, label=label)])
    return figure
