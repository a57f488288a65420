"""Diagnostics by layer: gradients, activations, dead units; one panel a variant, on the same scales."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dlbench.analysis.diagnostics import by_layer, layers_of, measured_epochs
from dlbench.report.figures.canvas import canvas, legend_below, log_scale_where_wide, style_axes, with_note
from dlbench.report.figures.study import FigureData, VariantSeries
from dlbench.report.palette import Style, style

_PANELS = 12
#: Lines of one panel; more layers or epochs than these are told by those spread over them.
_LINES = 7
_NAMES = 14


def gradients_unavailable_reason(study: FigureData) -> str:
    """Say why there is no figure of gradients, or ""."""
    return _why_not(study, "gradient_norm", "gradient-norm")


def why_no_activations(study: FigureData) -> str:
    """Say why there is no figure of activations, or ""."""
    return _why_not(study, "activation_mean", "activations")


def why_no_dead_units(study: FigureData) -> str:
    """Say why there is no figure of dead units, or ""."""
    return _why_not(study, "dead_units", "dead-units")


def _why_not(study: FigureData, name: str, diagnostic: str) -> str:
    return "" if _with(study, name) else f"no trial was measured with --diagnostics {diagnostic}"


def draw_gradients(study: FigureData) -> Figure:
    """Draw the mean gradient norm of each layer, a line an epoch; faint points are seeds."""
    return _draw(study, "gradient_norm", "gradient norm / √numel by layer", _by_layer)


def draw_activations(study: FigureData) -> Figure:
    """Draw the mean activation of each layer, its bar one standard deviation either way, an epoch beside the other."""
    return _draw(study, "activation_mean", "activations by layer: mean ± standard deviation", _with_deviation)


def draw_dead_units(study: FigureData) -> Figure:
    """Draw the share of dead units against the epoch, a line a layer."""
    return _draw(study, "dead_units", "dead units (%), a line a layer", _over_epochs)


#: What a line stands for (a layer or an epoch) to its look, the same in every panel.
_Looks = dict[str, Style]


def _draw(
    study: FigureData, name: str, title: str, panel: Callable[[Axes, VariantSeries, str, _Looks], None]
) -> Figure:
    shown = _with(study, name)
    left_out, shown = len(shown) - _PANELS, shown[:_PANELS]
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure = canvas(2.9 * rows + 0.4, width=max(3.6 * columns + 0.6, 5.2))
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).flatten()
    looks: _Looks = {}
    for axes, variant in zip(panels, shown, strict=False):
        panel(axes, variant, name, looks)
        style_axes(axes, with_note(variant.label, variant.note))
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    if name == "gradient_norm":
        lines = [line for axes in panels[: len(shown)] for line in axes.lines]
        log_scale_where_wide(panels[0], "y", [float(y) for line in lines for y in np.asarray(line.get_ydata())], 10)
    note = f"; {left_out} more variants are not shown" if left_out > 0 else ""
    figure.suptitle(f"{title}{note}", x=0.01, ha="left", fontsize=10)
    legend_below(figure, [_handle(look, label, line=name != "activation_mean") for label, look in looks.items()])
    return figure


def _with(study: FigureData, name: str) -> list[VariantSeries]:
    return [variant for variant in study.answered if layers_of(variant.records, name)]


def _spread(items: Sequence[str] | Sequence[int]) -> list[int]:
    """Return the places of at most so many items as a panel has lines, the first and the last among them."""
    count = min(len(items), _LINES)
    return sorted({round(place * (len(items) - 1) / max(count - 1, 1)) for place in range(count)})


def _values(variant: VariantSeries, name: str, layer: str, epoch: int) -> list[float]:
    """Return a layer's values at an epoch, one a seed, as far as they can be drawn."""
    found = (by_layer(record, name, epoch).get(layer, math.nan) for record in variant.records)
    return [value for value in found if math.isfinite(value)]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def _look(looks: _Looks, label: str) -> Style:
    return looks.setdefault(label, style(len(looks)))


def _by_layer(axes: Axes, variant: VariantSeries, name: str, looks: _Looks) -> None:
    layers = layers_of(variant.records, name)
    for epoch in _epochs(variant, name):
        each = [_values(variant, name, layer, epoch) for layer in layers]
        look = _look(looks, f"epoch {epoch}")
        for x, values in enumerate(each):
            axes.plot([x] * len(values), values, ".", color=look.color, alpha=0.35, markersize=4)
        _line(axes, range(len(layers)), [_mean(values) for values in each], look)
    _name_layers(axes, layers)


def _with_deviation(axes: Axes, variant: VariantSeries, name: str, looks: _Looks) -> None:
    layers = layers_of(variant.records, name)
    epochs = _epochs(variant, name)
    for number, epoch in enumerate(epochs):
        shift = 0.5 * (number - (len(epochs) - 1) / 2) / max(len(epochs), 1)
        means = [_mean(_values(variant, name, layer, epoch)) for layer in layers]
        bars = [_mean(_values(variant, "activation_deviation", layer, epoch)) for layer in layers]
        look, x = _look(looks, f"epoch {epoch}"), [place + shift for place in range(len(layers))]
        axes.errorbar(x, means, bars, color=look.color, marker=look.marker, markersize=5 * look.size, linestyle="")
    axes.axhline(0, color="#999999", linewidth=0.6)
    _name_layers(axes, layers)


def _over_epochs(axes: Axes, variant: VariantSeries, name: str, looks: _Looks) -> None:
    layers, epochs = layers_of(variant.records, name), measured_epochs(variant.records, name)
    for layer in [layers[place] for place in _spread(layers)]:
        shares = [100 * _mean(_values(variant, name, layer, epoch)) for epoch in epochs]
        _line(axes, epochs, shares, _look(looks, f"layer {layer}"))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(-3, 103)


def _epochs(variant: VariantSeries, name: str) -> list[int]:
    epochs = measured_epochs(variant.records, name)
    return [epochs[place] for place in _spread(epochs)]


def _line(axes: Axes, x: Sequence[int], y: Sequence[float], look: Style) -> None:
    axes.plot(
        x,
        y,
        color=look.color,
        linestyle=look.line,
        linewidth=1.6,
        marker=look.marker,
        markersize=5 * look.size,
        markeredgecolor="white",
        markeredgewidth=0.5,
    )


def _handle(look: Style, label: str, *, line: bool = True) -> Line2D:
    drawn = look.line if line else ""
    return Line2D(
        [], [], color=look.color, linestyle=drawn, marker=look.marker, markersize=5.5 * look.size, label=label
    )


def _name_layers(axes: Axes, layers: Sequence[str]) -> None:
    """Name the layers below the axis: all of a few, of many those that fit."""
    step = -(-len(layers) // _NAMES)
    places = list(range(0, len(layers), step))
    axes.set_xticks(places, [layers[place] for place in places], rotation=90 if max(map(len, layers)) > 3 else 0)
    axes.set_xlabel("layer, from input to output")
