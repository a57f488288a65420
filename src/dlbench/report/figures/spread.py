"""Where the spread comes from: what each source keeps alone and what fixing it removes, with intervals."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlbench.analysis.spread import SpreadTable
from dlbench.report.figures.canvas import INK, canvas, draw_estimate, legend_below, name_rows, style_axes
from dlbench.report.figures.figure_data import FigureData
from dlbench.report.palette import Style
from dlbench.statistics.variance_shares import Share

_KEPT, _REMOVED = Style("#0072B2", "o", "-"), Style("#D55E00", "s", "-")
#: How far the two of a source lie from its row.
_APART = 0.16


def unavailable_reason(data: FigureData) -> str:
    """Return why there is no such figure, or ""."""
    if not data.judged.spread:
        return "only `dlbench spread` varies one source at a time"
    return "" if any(table.is_known for table in data.judged.spread) else "nothing varies"


def draw(data: FigureData) -> Figure:
    """Draw a panel for each table; a line at the whole variance."""
    tables = [table for table in data.judged.spread if table.is_known]
    figure = canvas(sum(1.1 + 0.5 * len(table.sources) for table in tables) + 0.4, width=8)
    panels = figure.subplots(len(tables), 1, squeeze=False).flatten()
    for axes, table in zip(panels, tables, strict=True):
        _panel(axes, table)
    panels[-1].set_xlabel("share of the variance (%); shares do not add up")
    legend_below(figure, [_handle(_KEPT, "it alone varies"), _handle(_REMOVED, "it alone is fixed: what that removes")])
    return figure


def _panel(axes: Axes, table: SpreadTable) -> None:
    style_axes(axes, f"{table.metric.title} of {table.subject}", grid="x")
    name_rows(axes, [each.source for each in table.sources])
    axes.axvline(100, color=INK, linewidth=1)
    axes.set_xlim(-4, 104)
    for row, each in enumerate(table.sources):
        _estimate(axes, row - _APART, each.kept, _KEPT)
        _estimate(axes, row + _APART, each.removed, _REMOVED)


def _estimate(axes: Axes, row: float, share: Share, style: Style) -> None:
    draw_estimate(axes, row, 100 * share.value, (100 * share.low, 100 * share.high), style)


def _handle(style: Style, label: str) -> Line2D:
    return Line2D([], [], color=style.color, marker=style.marker, linewidth=2, label=label)
