"""The learning rate at the start of each epoch, with a line per distinct schedule."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator

from dlbench.report.figures.canvas import canvas, legend_below, log_scale_where_wide, style_axes, with_note
from dlbench.report.figures.curves import Curve, curve
from dlbench.report.figures.figure_data import FigureData, VariantSeries


def unavailable_reason(data: FigureData) -> str:
    """Return why there is no learning-rate curve, or ""."""
    found = any(
        "learning_rate" in row for variant in data.variants for record in variant.records for row in record.epochs
    )
    return "" if found else "no trial has epochs with a learning rate"


def draw(data: FigureData) -> Figure:
    """Draw the mean over seeds, with a band where the schedule depends on the training."""
    figure = canvas(3.6, width=7.5)
    axes = figure.subplots()
    handles, drawn = [], []
    for line, alike in _groups(data):
        style = alike[0].style
        (drawn_line,) = axes.plot(
            line.epochs,
            line.mean,
            color=style.color,
            linestyle=style.line,
            linewidth=1.8,
            marker=style.marker,
            markersize=5 * style.size,
            markevery=max(1, len(line.epochs) // 12),
            markeredgecolor="white",
            markeredgewidth=0.5,
        )
        if not np.allclose(line.low, line.high, equal_nan=True):
            axes.fill_between(line.epochs, line.low, line.high, color=style.color, alpha=0.15, linewidth=0)
        drawn += line.mean.tolist()
        handles.append(_handle(drawn_line, alike, data))
    style_axes(axes, "learning rate at the start of each epoch")
    axes.set_xlabel("epoch")
    single = all(len(line.epochs) == 1 for line, _ in _groups(data))
    axes.xaxis.set_major_locator(FixedLocator([1]) if single else MaxNLocator(integer=True))
    if single:
        axes.set_xlim(0.5, 1.5)
    log_scale_where_wide(axes, "y", drawn, ratio=1000)
    if axes.get_yscale() == "linear":
        axes.set_ylim(bottom=0)
    legend_below(figure, handles)
    return figure


def _groups(data: FigureData) -> list[tuple[Curve, list[VariantSeries]]]:
    """Return the distinct curves with the variants that share them, as equal lines would hide each other."""
    groups: dict[bytes, tuple[Curve, list[VariantSeries]]] = {}
    for variant in data.answered:
        line = curve(variant.records, "learning_rate")
        groups.setdefault(line.mean.round(12).tobytes(), (line, []))[1].append(variant)
    return list(groups.values())


def _handle(line: Line2D, alike: list[VariantSeries], data: FigureData) -> Line2D:
    handle = alike[0].handle()
    if len(alike) > 1:
        everyone = len(alike) == len(data.answered)
        names = "all variants" if everyone else "; ".join(variant.label for variant in alike)
        handle.set_label(with_note(names, f"n = {sum(len(variant.records) for variant in alike)}", width=60, lines=1))
    return handle
