"""What all charts share: their record, scales of variants, and the parts of a specification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from dlbench.components.metrics import Metric
from dlbench.report.figures.figure_data import FigureData

Part = dict[str, Any]
#: Names of matplotlib's markers in Vega, and those that it lacks as paths in a square from -1 to 1.
SHAPES: Mapping[str, str] = MappingProxyType(
    {
        "o": "circle",
        "s": "square",
        "^": "triangle-up",
        "D": "diamond",
        "v": "triangle-down",
        "P": "cross",
        "X": "M-1,-.5L-.5,-1L0,-.5L.5,-1L1,-.5L.5,0L1,.5L.5,1L0,.5L-.5,1L-1,.5L-.5,0Z",
        "*": "M0,-1L.25,-.35L.95,-.31L.4,.13L.59,.81L0,.43L-.59,.81L-.4,.13L-.95,-.31L-.25,-.35Z",
    }
)
DASHES: Mapping[str, Sequence[int]] = MappingProxyType({"-": (1, 0), "--": (7, 3), "-.": (7, 3, 2, 3), ":": (2, 3)})
#: The parameter that the page's legend sets: numbers of the variants that are hidden.
HIDDEN: Part = {"name": "hidden", "value": []}
SHOWN: Part = {"filter": "indexof(hidden, datum.v) < 0"}
#: The wheel zooms only with a key, so that it still scrolls the page.
ZOOM: Part = {
    "name": "zoom",
    "select": {"type": "interval", "zoom": "wheel![event.ctrlKey || event.shiftKey]"},
    "bind": "scales",
}


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One interactive figure.

    name: its name, that of a kind of figure where there is one.
    replaces: the kinds of figures in whose place a page shows it.
    title: its heading.
    caption: what is drawn, for everybody; it is the alternative text too.
    rows: name of the data that it draws.
    own: that data in columns, where no other chart has it.
    zooms: whether it has scales that zoom.
    specification: in Vega-Lite.
    """

    name: str
    title: str
    caption: str
    rows: str
    specification: Part
    replaces: tuple[str, ...] = ()
    own: Part = field(default_factory=dict)
    zooms: bool = True


def specification(rows: str, layers: Sequence[Part], **more: Any) -> Part:
    """Return a specification of layers that fills its element's width and hides what the legend hides."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"name": rows},
        "params": [HIDDEN],
        "transform": [SHOWN],
        "layer": list(layers),
        **more,
    }


def color(data: FigureData) -> Part:
    """Return the encoding of variants by color, the same in every chart. A page may replace the range in the dark."""
    return _by_variant([variant.style.color for variant in data.variants])


def shape(data: FigureData) -> Part:
    """Return the encoding of variants by marker."""
    return _by_variant([SHAPES[variant.style.marker] for variant in data.variants])


def dash(data: FigureData) -> Part:
    """Return the encoding of variants by the dashes of lines."""
    return _by_variant([list(DASHES[variant.style.line]) for variant in data.variants])


def _by_variant(scale: Sequence[Any]) -> Part:
    domain = list(range(len(scale)))
    return {"field": "v", "type": "nominal", "scale": {"domain": domain, "range": list(scale)}, "legend": None}


def number_format(metric: Metric) -> str:
    """Return how values of a metric are written, in d3's notation."""
    return ".4~g" if metric.digits is None else f",.{metric.digits}f"


def quantity(field_name: str, title: str, *, ratio: float = 30, values: Sequence[float] = ()) -> Part:
    """Return the encoding of numbers along an axis; logarithmic where the positive values span more than a ratio."""
    positive = [value for value in values if value > 0]
    wide = len(positive) == len(values) and bool(positive) and max(positive) > ratio * min(positive)
    scale: Part = {"type": "log", "nice": False} if wide else {"zero": False}
    scale["padding"] = 6  # no mark is cut at an edge
    return {"field": field_name, "type": "quantitative", "title": title, "scale": scale, "axis": {"tickCount": 6}}


def tip(field_name: str, title: str, form: str = "") -> Part:
    """Return a line of the text that a pointer sees."""
    return {"field": field_name, "title": title} | ({"type": "quantitative", "format": form} if form else {})
