"""Interactive figures as Vega-Lite specifications over one set of data: nothing is drawn here.

`all_charts(data)` gives the specifications that apply to a run and `chart_data(data)` their rows, as JSON content. A
page that embeds them writes `charts_document(data)` into a data block, loads `page_script()` of
`dlbench.report.html.script`, and has an element `<div data-chart="NAME">` for each chart that it shows.
"""

from collections.abc import Callable
from typing import Any

from dlbench.report.charts import curve_charts, effect_chart, seed_chart, spread_chart, time_chart, tuning_chart
from dlbench.report.charts.chart import Chart
from dlbench.report.charts.chart_rows import chart_data
from dlbench.report.figures.figure_data import FigureData

__all__ = ["Chart", "all_charts", "chart_data", "charts_document"]

_MAKERS: tuple[Callable[[FigureData], Chart | None], ...] = (
    effect_chart.chart,
    spread_chart.chart,
    seed_chart.chart,
    curve_charts.metric_chart,
    curve_charts.loss_chart,
    time_chart.chart,
    tuning_chart.chart,
)


def all_charts(data: FigureData) -> tuple[Chart, ...]:
    """Return the charts that a run has."""
    return tuple(chart for make in _MAKERS if (chart := make(data)))


def charts_document(data: FigureData) -> dict[str, Any]:
    """Return what a page's script needs: variants, rows by data set's name, and the specifications by chart's name."""
    charts = all_charts(data)
    used = {chart.rows for chart in charts} | {"estimates"}
    content = chart_data(data)
    rows = {name: table for name, table in content["rows"].items() if name in used}
    return {
        "variants": content["variants"],
        "rows": rows | {chart.rows: chart.own for chart in charts if chart.own},
        "charts": {chart.name: chart.specification for chart in charts},
    }
