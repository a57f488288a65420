"""Where the spread comes from: what each source keeps alone and what fixing it removes, with intervals."""

from collections.abc import Iterator
from typing import Any

from dlbench.report.charts.chart import Chart, Part, specification, tip
from dlbench.report.charts.chart_rows import NO_VARIANT, columns, short
from dlbench.report.figures.figure_data import FigureData
from dlbench.report.palette import COLORS
from dlbench.report.terminal.visible import visible

#: What a row's two marks show; the column that says it is drawn in two colors.
_KEPT, _REMOVED = "it alone varies", "it alone is fixed: what that removes"
_COLUMNS = ("v", "row", "what", "value", "low", "high")
#: Height of a source.
_ROW = 44


def chart(data: FigureData) -> Chart | None:
    """Return the chart; None where nothing is known of a spread."""
    rows = [*_rows(data)]
    if not rows:
        return None
    sources = len({row[1] for row in rows})
    return Chart(
        name="spread",
        replaces=("spread",),
        title="Where the spread comes from",
        caption="Mark: share of the variance; line: its 95 % interval. Shares do not add up to 100 %: what sources do "
        "together is part of each.",
        rows="spread",
        own=columns(_COLUMNS, rows),
        zooms=False,
        specification=specification("spread", _layers(), height=10 + _ROW * sources),
    )


def _rows(data: FigureData) -> Iterator[tuple[Any, ...]]:
    tables = [table for table in data.judged.spread if table.is_known]
    for table in tables:
        for each in table.sources:
            row = f"{visible(table.subject)}: {each.source}" if len(tables) > 1 else each.source
            for what, share in ((_KEPT, each.kept), (_REMOVED, each.removed)):
                ends = short(share.value, 100), short(share.low, 100), short(share.high, 100)
                yield NO_VARIANT, row, what, *ends


def _layers() -> list[Part]:
    whole: Part = {
        "data": {"values": [{}]},
        "transform": [],
        "mark": {"type": "rule", "style": "zero"},
        "encoding": {"x": {"datum": 100, "type": "quantitative"}},
    }
    # At 100 % the line of the whole has room beside it.
    scale = {"domain": [0, 103], "nice": False, "padding": 4}
    x: Part = {"field": "value", "type": "quantitative", "title": "share of the variance (%)", "scale": scale}
    legend = {"title": None, "orient": "bottom", "columns": 1, "labelLimit": 300}
    order = [_KEPT, _REMOVED]
    place: Part = {
        "y": {"field": "row", "type": "nominal", "sort": None, "title": None},
        "yOffset": {"field": "what", "type": "nominal", "sort": order},
        "color": {
            "field": "what",
            "type": "nominal",
            "scale": {"domain": order, "range": list(COLORS[:2])},
            "legend": legend,
        },
        "tooltip": [
            tip("row", "source"),
            tip("what", "where"),
            tip("value", "share of the variance (%)", ".0f"),
            tip("low", "95 % from", ".0f"),
            tip("high", "to", ".0f"),
        ],
    }
    marks = {"field": "what", "type": "nominal", "scale": {"domain": order, "range": ["circle", "square"]}}
    ends = {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}}
    return [
        whole,
        {"mark": {"type": "rule", "strokeWidth": 2.5}, "encoding": ends | place},
        {
            "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
            "encoding": {"x": x, "shape": marks | {"legend": legend}} | place,
        },
    ]
