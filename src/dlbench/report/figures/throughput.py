"""Throughput by batch size, with a line per combination of the other axes."""

from collections import defaultdict
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from dlbench.analysis.speed import Speed
from dlbench.report.figures.canvas import canvas, legend_below, style_axes
from dlbench.report.palette import style


def draw(speeds: Sequence[Speed]) -> Figure:
    """Draw images/s of whole steps: the median of the windows, with their range as a band."""
    figure = canvas(4.0, width=7.5)
    axes = figure.subplots()
    handles = []
    for position, (label, group) in enumerate(_lines(speeds).items()):
        line_style, sizes = style(position), [speed.batch_size for speed in group]
        windows = [speed.rates["step"] for speed in group]
        handles += axes.plot(
            sizes,
            [speed.rate("step") for speed in group],
            color=line_style.color,
            linestyle=line_style.line,
            marker=line_style.marker,
            label=label,
        )
        axes.fill_between(
            sizes, list(map(min, windows)), list(map(max, windows)), color=line_style.color, alpha=0.15, lw=0
        )
    sizes = sorted({speed.batch_size for speed in speeds})
    style_axes(axes, "images a second in training")
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(list(map(str, sizes)))
    axes.set_xlabel("batch size")
    axes.set_ylim(bottom=0)
    legend_below(figure, handles)
    return figure


def _lines(speeds: Sequence[Speed]) -> dict[str, list[Speed]]:
    """Return the speeds by the values of the other axes, each ordered by batch size."""
    lines: dict[str, list[Speed]] = defaultdict(list)
    for speed in sorted(speeds, key=lambda speed: speed.batch_size):
        others = [text for axis, text in speed.values.items() if axis != "batch_size"]
        lines[", ".join(others) or "all"].append(speed)
    return lines
