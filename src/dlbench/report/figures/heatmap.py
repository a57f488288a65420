"""The mean metric over two axes, with a panel for each combination of the others."""

import math
from itertools import product
from statistics import stdev

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from dlbench.report.figures.canvas import canvas, wrapped
from dlbench.report.figures.figure_data import FigureData, VariantSeries
from dlbench.statistics.verdicts import MINIMUM_PAIRS

_PANELS = 12
_COLORS = "Blues"


def unavailable_reason(data: FigureData) -> str:
    """Return why there is no heat map, or ""."""
    axes = data.plan.axes
    if len(axes) < 2:
        return "it needs two axes"
    if math.prod(len(values) for values in list(axes.values())[2:]) > _PANELS:
        return f"the axes beyond the first two have more than {_PANELS} combinations"
    found = any(math.isfinite(variant.mean(data.query)) for variant in data.variants)
    return "" if found else "no combination has a finite mean"


def draw(data: FigureData) -> Figure:
    """Draw the first axis down and the second across, with mean ± standard deviation in the cells."""
    (down, rows), (across, columns), *others = data.plan.axes.items()
    cells = {tuple(variant.values.get(axis) for axis in data.plan.axes): variant for variant in data.variants}
    combinations = list(product(*(values for _, values in others)))
    means = [mean for variant in data.variants if math.isfinite(mean := _mean(variant, data))]
    norm = Normalize(min(means), max(means))
    panel_columns = min(len(combinations), max(1, int(10 / (1.2 * len(columns) + 1.4))))
    panel_rows = -(-len(combinations) // panel_columns)
    width = max(5.0, panel_columns * (1.2 * len(columns) + 1.2) + 1.2)
    figure = canvas(panel_rows * (0.55 * len(rows) + 1.3), width=width)
    panels = figure.subplots(panel_rows, panel_columns, squeeze=False).flatten()
    for axes in panels[len(combinations) :]:
        axes.set_axis_off()
    used = list(panels[: len(combinations)])
    for axes, combination in zip(used, combinations, strict=True):
        grid = [[cells.get((row, column, *combination)) for column in columns] for row in rows]
        image = _panel(axes, grid, data, norm)
        axes.set_xticks(range(len(columns)), [wrapped(column, 14) for column in columns])
        axes.set_yticks(range(len(rows)), [wrapped(row, 24) for row in rows])
        axes.set(xlabel=across.replace("_", " "), ylabel=down.replace("_", " "))
        axes.set_title(wrapped(", ".join(combination), 40) if combination else _heading(data), loc="left")
    if others:
        figure.suptitle(_heading(data), x=0.01, ha="left", fontsize=10)
    bar = figure.colorbar(image, ax=used, shrink=0.9)
    bar.ax.set_title(data.metric.symbol, fontsize=9)
    return figure


def _heading(data: FigureData) -> str:
    counts = sorted({len(variant.records) for variant in data.variants})
    seeds = f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} to {counts[-1]}"
    spread = " ± standard deviation" if counts[-1] >= MINIMUM_PAIRS else ""
    return f"{data.metric.heading}, mean{spread}, {seeds}"


def _mean(variant: VariantSeries | None, data: FigureData) -> float:
    return variant.mean(data.query) * data.metric.scale if variant else math.nan


def _panel(axes: Axes, grid: list[list[VariantSeries | None]], data: FigureData, norm: Normalize) -> AxesImage:
    means = np.array([[_mean(variant, data) for variant in row] for row in grid])
    axes.set_facecolor("#e6e6e6")
    # White text on dark cells, black on light ones.
    image = axes.imshow(np.where(np.isfinite(means), means, math.nan), cmap=_COLORS, norm=norm, aspect="auto")
    for row, column in np.ndindex(means.shape):
        mean = means[row, column]
        dark = math.isfinite(mean) and norm(mean) > 0.6
        text = _text(grid[row][column], data)
        axes.text(column, row, text, ha="center", va="center", color="white" if dark else "black", fontsize=8.5)
    axes.set_xticks(np.arange(1, means.shape[1]) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, means.shape[0]) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    return image


def _text(variant: VariantSeries | None, data: FigureData) -> str:
    mean = variant.mean(data.query) if variant else math.nan
    if variant is None or math.isnan(mean):
        return "–"
    metric, values = data.metric, list(variant.finite(data.query).values())
    spread = f" ± {metric.format(stdev(values))}" if math.isfinite(mean) and len(values) >= MINIMUM_PAIRS else ""
    diverged = sum(record.status == "diverged" for record in variant.records)
    return f"{metric.format(mean)}{spread}" + (f"\n{diverged} diverged" if diverged else "")
