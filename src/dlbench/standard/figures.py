"""Diagnostics by layer: gradients, activations, dead units; one panel a variant, on the same scales."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator

if TYPE_CHECKING:
    from dlbench.report.figures.figure_data import FigureData, VariantSeries
    from dlbench.report.palette import Style


_PANELS = 12
#: Lines of one panel; more layers or epochs than these are represented by those spread over them.
_LINES = 7
_NAMES = 14


def gradients(data: "FigureData") -> Figure:
    """Draw the mean gradient norm of each layer, a line an epoch; faint points are seeds."""
    return _draw(data, "gradient_norm", "gradient norm / √numel by layer", _by_layer)


def activations(data: "FigureData") -> Figure:
    """Draw the mean activation of each layer, its bar one standard deviation either way, an epoch beside the other."""
    return _draw(data, "activation_mean", "activations by layer: mean ± standard deviation", _with_deviation)


def dead_units(data: "FigureData") -> Figure:
    """Draw the share of dead units against the epoch, a line a layer."""
    return _draw(data, "dead_units", "dead units (%), a line a layer", _over_epochs)


class _Styles:
    """A style for each thing that a line stands for (a layer or an epoch), the same in every panel."""

    def __init__(self, by_number: "Callable[[int], Style]") -> None:
        self.by_label: dict[str, Style] = {}
        self._by_number = by_number

    def of(self, label: str) -> "Style":
        """Return the style of a label."""
        return self.by_label.setdefault(label, self._by_number(len(self.by_label)))


def _draw(
    data: "FigureData", name: str, title: str, panel: "Callable[[Axes, VariantSeries, str, _Styles], None]"
) -> Figure:
    shown = _with(data, name)
    omitted, shown = len(shown) - _PANELS, shown[:_PANELS]
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure = data.drawing.canvas(2.9 * rows + 0.4, width=max(3.6 * columns + 0.6, 5.2))
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).flatten()
    styles = _Styles(data.drawing.style)
    for axes, variant in zip(panels, shown, strict=False):
        panel(axes, variant, name, styles)
        data.drawing.style_axes(axes, data.drawing.with_note(variant.label, variant.note))
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    if name == "gradient_norm":
        lines = [line for axes in panels[: len(shown)] for line in axes.lines]
        values = [float(y) for line in lines for y in np.asarray(line.get_ydata())]
        data.drawing.log_scale_where_wide(panels[0], "y", values, 10)
    note = f"; {omitted} more variants are not shown" if omitted > 0 else ""
    figure.suptitle(f"{title}{note}", x=0.01, ha="left", fontsize=10)
    handles = [_handle(style, label, line=name != "activation_mean") for label, style in styles.by_label.items()]
    data.drawing.legend_below(figure, handles)
    return figure


def _with(data: "FigureData", name: str) -> "list[VariantSeries]":
    return [variant for variant in data.answered if variant.layers(name)]


def _spread(items: Sequence[str] | Sequence[int]) -> list[int]:
    """Return the places of at most so many items as a panel has lines, the first and the last among them."""
    count = min(len(items), _LINES)
    return sorted({round(place * (len(items) - 1) / max(count - 1, 1)) for place in range(count)})


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def _by_layer(axes: Axes, variant: "VariantSeries", name: str, styles: _Styles) -> None:
    layers = variant.layers(name)
    for epoch in _epochs(variant, name):
        each = [variant.layer_values(name, layer, epoch) for layer in layers]
        style = styles.of(f"epoch {epoch}")
        for x, values in enumerate(each):
            axes.plot([x] * len(values), values, ".", color=style.color, alpha=0.35, markersize=4)
        _line(axes, range(len(layers)), [_mean(values) for values in each], style)
    _name_layers(axes, layers)


def _with_deviation(axes: Axes, variant: "VariantSeries", name: str, styles: _Styles) -> None:
    layers = variant.layers(name)
    epochs = _epochs(variant, name)
    for number, epoch in enumerate(epochs):
        shift = 0.5 * (number - (len(epochs) - 1) / 2) / max(len(epochs), 1)
        means = [_mean(variant.layer_values(name, layer, epoch)) for layer in layers]
        bars = [_mean(variant.layer_values("activation_deviation", layer, epoch)) for layer in layers]
        style, x = styles.of(f"epoch {epoch}"), [place + shift for place in range(len(layers))]
        axes.errorbar(x, means, bars, color=style.color, marker=style.marker, markersize=5 * style.size, linestyle="")
    axes.axhline(0, color="#999999", linewidth=0.6)
    _name_layers(axes, layers)


def _over_epochs(axes: Axes, variant: "VariantSeries", name: str, styles: _Styles) -> None:
    layers, epochs = variant.layers(name), variant.measured_epochs(name)
    for layer in [layers[place] for place in _spread(layers)]:
        shares = [100 * _mean(variant.layer_values(name, layer, epoch)) for epoch in epochs]
        _line(axes, epochs, shares, styles.of(f"layer {layer}"))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True) if len(epochs) > 1 else FixedLocator(epochs))
    axes.set_ylim(-3, 103)


def _epochs(variant: "VariantSeries", name: str) -> list[int]:
    epochs = variant.measured_epochs(name)
    return [epochs[place] for place in _spread(epochs)]


def _line(axes: Axes, x: Sequence[int], y: Sequence[float], style: "Style") -> None:
    axes.plot(
        x,
        y,
        color=style.color,
        linestyle=style.line,
        linewidth=1.6,
        marker=style.marker,
        markersize=5 * style.size,
        markeredgecolor="white",
        markeredgewidth=0.5,
    )


def _handle(style: "Style", label: str, *, line: bool = True) -> Line2D:
    drawn = style.line if line else ""
    return Line2D(
        [], [], color=style.color, linestyle=drawn, marker=style.marker, markersize=5.5 * style.size, label=label
    )


def _name_layers(axes: Axes, layers: Sequence[str]) -> None:
    """Name the layers below the axis: all of a few, of many those that fit."""
    step = -(-len(layers) // _NAMES)
    places = list(range(0, len(layers), step))
    axes.set_xticks(places, [layers[place] for place in places], rotation=90 if max(map(len, layers)) > 3 else 0)
    axes.set_xlabel("layer, from input to output")
