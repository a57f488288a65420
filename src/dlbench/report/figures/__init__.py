"""Figures of a run, drawn to files without a display."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from matplotlib.figure import Figure

from dlbench.analysis.verdicts import Judged
from dlbench.files import replace_file, writing
from dlbench.plans.plan_record import PlanRecord
from dlbench.report.figures import confusion, curves, differences, final, heatmap, layers, rates, seconds, steps
from dlbench.report.figures.canvas import FORMATS, Format, render
from dlbench.report.figures.study import FigureData, study
from dlbench.trials.trial_record import TrialRecord

__all__ = ["FORMATS", "KINDS", "FigureData", "Format", "Kind", "learning_curves", "picture", "study"]


@dataclass(frozen=True)
class Kind:
    """A kind of figure. file: its name without the ending. why_not: says why a run has none, or "".

    on_request: of values that runs keep only where they are asked to; nobody misses it elsewhere.
    """

    file: str
    title: str
    unavailable_reason: Callable[[FigureData], str]
    draw: Callable[[FigureData], Figure]
    on_request: bool = False


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "curves": Kind("learning-curves", "Learning curves", curves.unavailable_reason, curves.draw),
        "final": Kind("final", "Final metric, every seed", final.unavailable_reason, final.draw),
        "differences": Kind(
            "differences", "Differences to the baseline", differences.unavailable_reason, differences.draw
        ),
        "time": Kind("time", "Accuracy against training time", seconds.unavailable_reason, seconds.draw),
        "heatmap": Kind("heatmap", "Heat map", heatmap.unavailable_reason, heatmap.draw),
        "learning-rate": Kind("learning-rate", "Learning rate", rates.unavailable_reason, rates.draw),
        "confusion": Kind("confusion", "Confusion matrices", confusion.unavailable_reason, confusion.draw),
        "gradients": Kind(
            "gradients",
            "Gradient norm by layer",
            layers.gradients_unavailable_reason,
            layers.draw_gradients,
            on_request=True,
        ),
        "activations": Kind(
            "activations", "Activations by layer", layers.why_no_activations, layers.draw_activations, on_request=True
        ),
        "dead-units": Kind(
            "dead-units", "Dead units over epochs", layers.why_no_dead_units, layers.draw_dead_units, on_request=True
        ),
        "steps": Kind(
            "step-losses", "Training loss of each step", steps.unavailable_reason, steps.draw, on_request=True
        ),
    }
)


def picture(kind: Kind, drawn: FigureData, format: Format) -> bytes:  # noqa: A002  # the field's word
    """Return a figure's file."""
    return render(lambda: kind.draw(drawn), format)


def learning_curves(records: Iterable[TrialRecord], plan: PlanRecord, path: Path, judged: Judged | None = None) -> None:
    """Draw the learning curves of a run to a PNG file in its folder. judged: its verdicts, if they are known."""
    image = picture(KINDS["curves"], study(records, plan, judged=judged), "png")
    with writing(path.parent):
        replace_file(path, image)
