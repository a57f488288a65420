"""Curves of components and tables of layers on the terminal, for `dlbench show`."""

import math
from typing import TYPE_CHECKING

from dlbench.components.descriptions import ModelDescription, Picture
from dlbench.report.terminal.console import Table

if TYPE_CHECKING:
    from datetime import timedelta


def draw(picture: Picture, width: int, height: int = 16) -> str:
    """Return a picture as lines of text, at most as wide as given."""
    import plotille

    figure = plotille.Figure()
    figure.width, figure.height = max(20, min(100, width - 20)), height
    figure.with_colors = False
    figure.x_label, figure.y_label = "x", "y"
    figure.register_label_formatter(float, _tick)
    figure.register_label_formatter(int, _tick)
    for curve in picture.curves:
        points = [(x, y) for x, y in zip(curve.x, curve.y, strict=True) if math.isfinite(y)]
        figure.plot([x for x, _ in points], [y for _, y in points], label=curve.label)
    low, high = min(picture.curves[0].x), max(picture.curves[0].x)
    if low < high:  # more than one step
        figure.set_x_limits(low, high)
    values = [value for curve in picture.curves for value in curve.y if math.isfinite(value)]
    if values and min(values) >= 0 < max(values):
        figure.set_y_limits(0, max(values))
    lines = figure.show(legend=False).splitlines()
    return "\n".join(line.rstrip()[:width] for line in lines)


def _tick(value: float, chars: int, delta: "float | timedelta", left: bool = False) -> str:
    text = f"{value:.4g}"
    return text.ljust(chars) if left else text.rjust(chars)


def layer_table(description: ModelDescription) -> Table:
    """Return a table with a row per layer: name, kind, output shape and parameters, with their sum."""
    table = Table("layer", "kind", "output shape", "parameters", box=None, pad_edge=False, show_footer=True)
    table.columns[3].justify = "right"
    table.columns[0].footer, table.columns[3].footer = "all", f"{description.parameter_count:,}"
    table.add_row("input", "", _shape(description.input_shape), "")
    for layer in description.layers:
        count = f"{layer.parameters:,}" if layer.parameters else "–"
        table.add_row(layer.name or "(whole)", layer.kind, _shape(layer.output_shape), count)
    return table


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
