"""Performance profiles over several data sets: the share of runs within each distance of the best."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from dlbench.analysis.across_datasets import AcrossDatasets, named
from dlbench.report.figures.canvas import INK, canvas, legend_below, log_scale_where_wide, style_axes, wrapped
from dlbench.report.figures.figure_data import FigureData
from dlbench.report.palette import style
from dlbench.statistics.profiles import performance_profile, profile_band

#: Points of a curve; bands are drawn for so few variants that they can be told apart.
_POINTS, _BANDS = 400, 4


def unavailable_reason(data: FigureData) -> str:
    """Return why there is no performance profile, or ""."""
    across = data.judged.across
    if across is None:
        return data.without_datasets
    return "" if across.gaps else f"the data sets have no common scale of {data.metric.title}"


def draw(data: FigureData) -> Figure:
    """Draw the share of each variant's runs that come within a distance of the best variant's mean."""
    across = data.judged.across
    assert across is not None
    figure = canvas(4.2, width=9.5)
    axes = figure.subplots()
    distances = _distances(across)
    shown = distances + 1 if across.is_relative else 100 * distances
    for number, variant in enumerate(across.values):
        _curve(axes, across, variant, number, distances, shown)
    style_axes(axes, f"performance profile over {wrapped(named(across.datasets), 100, 2)}")
    best = f"the best variant's mean {data.metric.title} on its data set"
    times = f"{best}, times as much as the run's" if data.rules.higher_is_better else f"times as much as {best}"
    axes.set_xlabel(times if across.is_relative else f"points from {best}")
    axes.set(ylabel="share of runs within (%)", ylim=(-3, 103))
    if across.is_relative:
        log_scale_where_wide(axes, "x", list(map(float, shown)), 10)
    legend_below(figure, _handles(across))
    return figure


def _distances(across: AcrossDatasets) -> NDArray[np.float64]:
    """Return the distances at which curves are drawn: to the worst run that gets there at all."""
    finite = [gap for runs in across.gaps.values() for row in runs for gap in row if math.isfinite(gap)]
    last = 1.05 * max([*finite, across.distances[0]])
    return np.geomspace(1, 1 + last, _POINTS) - 1 if across.is_relative else np.linspace(0, last, _POINTS)


def _curve(
    axes: Axes,
    across: AcrossDatasets,
    variant: str,
    number: int,
    distances: NDArray[np.float64],
    shown: NDArray[np.float64],
) -> None:
    own, gaps = style(number), across.gaps[variant]
    if len(across.values) <= _BANDS:
        generator = np.random.default_rng(across.rules.random_seed)
        low, high = profile_band(gaps, distances, generator, level=1 - across.rules.alpha)
        axes.fill_between(shown, 100 * low, 100 * high, color=own.color, alpha=0.13, linewidth=0, step="post")
    axes.plot(
        shown,
        100 * performance_profile(gaps, distances),
        color=own.color,
        linestyle=own.line,
        linewidth=1.8,
        drawstyle="steps-post",
        marker=own.marker,
        markevery=(17 * (number + 1) % 60, 60),
        markersize=5.5 * own.size,
        markeredgecolor="white",
        markeredgewidth=0.5,
    )


def _handles(across: AcrossDatasets) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = []
    for number, row in enumerate(across.rows):
        own = style(number)
        handles.append(
            Line2D(
                [],
                [],
                color=own.color,
                linestyle=own.line,
                marker=own.marker,
                markersize=5.5 * own.size,
                label=f"{wrapped(row.variant, 50, 1)} ({row.runs} runs)",
            )
        )
    if len(across.values) <= _BANDS:
        level = f"{100 * (1 - across.rules.alpha):g} % bands over other seeds on these data sets"
        handles.append(Patch(facecolor=INK, alpha=0.2, label=level))
    return handles
