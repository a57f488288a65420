"""The tables of an experiment: reported against measured figures, and claims with their answers."""

from collections.abc import Sequence
from types import MappingProxyType

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlbench.analysis.answers import ExperimentAnswers, Findings
from dlbench.analysis.claims import ClaimAnswer, counts_in_words
from dlbench.analysis.reported import ReportedFigure
from dlbench.report.terminal.console import Lines
from dlbench.report.terminal.layout import plain_table
from dlbench.report.terminal.visible import visible
from dlbench.statistics.notation import with_interval

_ABSENT = "–"
ANSWER_COLORS = MappingProxyType({"supported": "green", "refuted": "red", "not shown": "yellow"})


def print_answers(console: Console, found: Findings | ExperimentAnswers, notes: Sequence[str] = ()) -> None:
    """Print an experiment's reported figures and claims with their answers. notes: remarks for the captions."""
    if found.figures:
        console.print(reported_view(found.figures, notes))
    if found.claims:
        console.print(claims_view(found.claims, notes))
        console.print(counts_in_words(found.claims))


def reported_view(figures: Sequence[ReportedFigure], notes: Sequence[str] = ()) -> Table:
    """Return a table with a row per figure; accuracies are percentages.

    notes: remarks for the caption.
    """
    caption = ["[ ] 95 % interval of the measured mean; one run: the figure lies where a single run would"]
    table = plain_table("Reported against measured", "\n".join([*caption, *notes]), edge=True)
    table.add_column("variant", overflow="fold")
    table.add_column("metric")
    for heading in ("reported", "measured", "difference", "n"):
        table.add_column(heading, justify="right", no_wrap=heading != "measured")
    table.add_column("within")
    table.add_column("place in the report")
    for figure in figures:
        table.add_row(*map(Text, reported_cells(figure)))
    return table


def reported_cells(figure: ReportedFigure) -> tuple[str, ...]:
    """Return a figure's cells: variant, metric, reported, measured, difference, n, within, place."""
    metric = figure.metric
    heading = metric.heading + _at(figure.at)
    reported = metric.format(figure.reported)
    if figure.measured is None or figure.difference is None:
        return (figure.variant, heading, reported, _ABSENT, _ABSENT, "0", _ABSENT, figure.place)
    measured = with_interval(metric.format(figure.measured), figure.low, figure.high, metric.format)
    sign = "+" if figure.difference > 0 else ""
    difference = sign + metric.format(figure.difference)
    return (figure.variant, heading, reported, measured, difference, str(figure.n), _within(figure), figure.place)


def _within(figure: ReportedFigure) -> str:
    if figure.within is None:
        return _ABSENT
    return "yes" if figure.within else "one run" if figure.one_run else "no"


def _at(at: str) -> str:
    return "" if at == "selected" else ", last epoch" if at == "last" else f", epoch {at}"


def claims_view(answers: Sequence[ClaimAnswer], notes: Sequence[str] = ()) -> Table:
    """Return a table with a row per claim: its sentence, its answer and the reason.

    notes: remarks for the caption.
    """
    table = plain_table("Claims", "\n".join(notes), edge=True)
    table.add_column("claim", ratio=4)
    table.add_column("answer", no_wrap=True)
    table.add_column("why", ratio=5)
    for answer in answers:
        tested = visible(f"{answer.relation}: {answer.metric}{_at(answer.at)}")
        claim = Lines.assemble(visible(answer.text), "\n", (tested, "dim"))
        table.add_row(claim, Text(answer.answer, style=f"bold {ANSWER_COLORS[answer.answer]}"), Text(answer.why))
    return table
