"""Reported figures beside measured ones, as the HTML page shows them."""

from collections.abc import Iterable
from dataclasses import dataclass

from dlbench.analysis.reported import ReportedFigure
from dlbench.report.html.verdicts import ABSENT
from dlbench.statistics.notation import interval_text


@dataclass(frozen=True, kw_only=True)
class ReportedRow:
    """A row of the table, as text.

    place: where the report gives the figure.
    answer: where the reported figure lies, or why nothing was measured.
    """

    variant: str
    metric: str
    place: str
    reported: str
    measured: str
    interval: str
    n: str
    answer: str


def reported_rows(figures: Iterable[ReportedFigure]) -> list[ReportedRow]:
    """Return a row a figure."""
    return [_row(figure) for figure in figures]


def _row(figure: ReportedFigure) -> ReportedRow:
    metric = figure.metric
    return ReportedRow(
        variant=figure.variant,
        metric=metric.heading + ("" if figure.at == "selected" else f", at {figure.at}"),
        place=figure.place,
        reported=metric.format(figure.reported),
        measured=ABSENT if figure.measured is None else metric.format(figure.measured),
        interval=interval_text(figure.low, figure.high, metric.format) or ABSENT,
        n=str(figure.n),
        answer=_answer(figure),
    )


def _answer(figure: ReportedFigure) -> str:
    if figure.within:
        return "in the interval of the mean"
    if figure.one_run:
        return "where a single run may fall"
    return figure.problem or ("one seed: no interval" if figure.low is None else "outside of both")
