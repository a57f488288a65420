"""A figure of a run for a program or a notebook: the figure itself, which also shows itself."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from dlbench.components.spelling import resolve
from dlbench.errors import DlbenchError, suggest
from dlbench.plugins.registry import Registry
from dlbench.report.figures import all_kinds
from dlbench.report.figures.canvas import drawn, render
from dlbench.report.figures.figure_data import FigureData
from dlbench.report.figures.kind import Kind

#: Kinds that show a run best, if it has them: the first of these.
FIRST = ("spread", "differences", "final", "curves")


def returned_figure(kind: str, data: FigureData, registry: Registry) -> Figure:
    """Return the figure of a kind, "" for that which shows a run best; a notebook shows it as a picture.

    Raises DlbenchError for a kind that there is not, or that the run has no figure of.
    """
    kinds = all_kinds(registry)
    name = (resolve(kind, kinds) if kind else first_kind(kinds, data)) or ""
    if name not in kinds:
        raise DlbenchError(f"Unknown figure {kind!r}.", suggest(kind, kinds, f"Use {', '.join(kinds)}."))
    if reason := kinds[name].unavailable_reason(data):
        raise DlbenchError(f"The figure {name} cannot be drawn: {reason}.")
    figure = drawn(lambda: kinds[name].draw(data))
    setattr(figure, "_repr_png_", lambda: render(lambda: figure, "png"))  # noqa: B010  # as IPython asks
    return figure


def first_kind(kinds: Mapping[str, Kind], data: FigureData) -> str:
    """Return the kind of figure that shows a run best, "curves" if no other can be drawn."""
    return next((name for name in FIRST if not kinds[name].unavailable_reason(data)), FIRST[-1])
