"""Kinds of figures: when a run has one, how it is drawn, and how errors of plugins are handled."""

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from dlbench.analysis.diagnostics import names_of
from dlbench.components.records import Figure as FigureRecord
from dlbench.errors import ContractError, describe_error
from dlbench.plans.diagnostics import source_of
from dlbench.plugins.importing import resolve_factory
from dlbench.plugins.registry import Entry, Registry
from dlbench.report.figure_names import Format
from dlbench.report.figures.canvas import render
from dlbench.report.figures.figure_data import FigureData

_HOOK = "dlbench_figures"


@dataclass(frozen=True)
class Kind:
    """A kind of figure.

    file: its name without the ending.
    title: its heading on the report page.
    unavailable_reason: returns why a run has no such figure, or "".
    draw: returns the figure.
    on_request: whether it shows what few runs have (values kept on request, several data sets), so that the others do
        not mention it.
    report_error: handles what a plugin's figure raised; None for a built-in kind, whose errors are bugs.
    """

    file: str
    title: str
    unavailable_reason: Callable[[FigureData], str]
    draw: Callable[[FigureData], Figure]
    on_request: bool = False
    report_error: Callable[[Exception], None] | None = None


def kind_of(entry: Entry[FigureRecord], registry: Registry) -> Kind:
    """Return the kind of figure of a plugin's record."""
    record = entry.record

    def report_error(error: Exception) -> None:
        reason = f"its figure {record.name} raised {describe_error(error)}."
        registry.plugins.disable_hook(entry.plugin, _HOOK, reason)

    return Kind(
        file=record.name,
        title=record.title,
        unavailable_reason=lambda data: _unavailable_reason(record, data, registry),
        draw=lambda data: draw_record(record, data),
        on_request=bool(record.values),
        report_error=report_error,
    )


def _unavailable_reason(record: FigureRecord, data: FigureData, registry: Registry) -> str:
    measured = {name for variant in data.answered for trial in variant.records for name in names_of(trial)}
    if not record.values or measured & {*record.values}:
        return ""
    diagnostic = source_of(record.values[0], registry) or record.values[0]
    return f"no trial was measured with --diagnostics {diagnostic}"


def draw_record(record: FigureRecord, data: FigureData) -> Figure:
    """Return the figure of a plugin's factory. Raises ContractError where it returns something else."""
    figure = resolve_factory(record)(data)
    if not isinstance(figure, Figure):
        raise ContractError(f"{record.name}: the factory returned {figure!r}, not a matplotlib Figure.")
    return figure


def picture(kind: Kind, data: FigureData, format: Format) -> bytes | None:  # noqa: A002  # the field's word
    """Return a figure's file; None where a plugin's figure raised, which is reported as a problem of its plugin."""
    try:
        return render(lambda: kind.draw(data), format)
    except Exception as error:
        if kind.report_error is None:
            raise
        kind.report_error(error)
        return None
