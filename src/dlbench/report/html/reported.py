"""Reported figures beside measured ones, as the HTML page shows them."""

from collections.abc import Sequence

from dlbench.analysis.reported import ReportedFigure
from dlbench.report.html.page_table import ABSENT, PageTable, Row
from dlbench.statistics.notation import interval_text

COLUMNS = ("metric", "place", "reported", "measured", "interval", "n", "reported value lies")


def reported_table(figures: Sequence[ReportedFigure]) -> PageTable | None:
    """Return a table with a row a figure; None for none."""
    return PageTable(columns=COLUMNS, rows=[_row(figure) for figure in figures]) if figures else None


def _row(figure: ReportedFigure) -> Row:
    metric = figure.metric
    cells = (
        metric.heading + ("" if figure.at == "selected" else f", at {figure.at}"),
        figure.place,
        metric.format(figure.reported),
        ABSENT if figure.measured is None else metric.format(figure.measured),
        interval_text(figure.low, figure.high, metric.format) or ABSENT,
        str(figure.n),
        _answer(figure),
    )
    return Row(name=figure.variant, cells=cells)


def _answer(figure: ReportedFigure) -> str:
    if figure.within:
        return "in the interval of the mean"
    if figure.one_run:
        return "where a single run may fall"
    return figure.problem or (f"n = {figure.n}: no interval" if figure.low is None else "outside of both")
