"""Figures of a run, drawn to files without a display."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from dlbench.analysis.judged import Judged
from dlbench.components.records import Figure as FigureRecord
from dlbench.files import replace_file, writing
from dlbench.plans.plan_record import PlanRecord
from dlbench.plugins.registry import Registry
from dlbench.report.figure_names import FORMATS, TITLES, Format
from dlbench.report.figures import (
    confusion,
    critical_difference,
    curves,
    differences,
    final,
    heatmap,
    interquartile_mean,
    performance_profile,
    rates,
    seconds,
    spread,
    steps,
    tuning,
)
from dlbench.report.figures.canvas import render
from dlbench.report.figures.figure_data import FigureData, figure_data
from dlbench.report.figures.kind import Kind, kind_of, picture
from dlbench.trials.trial_record import TrialRecord

__all__ = [
    "FORMATS",
    "KINDS",
    "FigureData",
    "Format",
    "Kind",
    "all_kinds",
    "figure_data",
    "learning_curves",
    "picture",
]


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "curves": Kind("learning-curves", TITLES["curves"], curves.unavailable_reason, curves.draw),
        "final": Kind("final", TITLES["final"], final.unavailable_reason, final.draw),
        "differences": Kind("differences", TITLES["differences"], differences.unavailable_reason, differences.draw),
        "time": Kind("time", TITLES["time"], seconds.unavailable_reason, seconds.draw),
        "critical-difference": Kind(
            "critical-difference",
            TITLES["critical-difference"],
            critical_difference.unavailable_reason,
            critical_difference.draw,
            on_request=True,
        ),
        "interquartile-mean": Kind(
            "interquartile-mean",
            TITLES["interquartile-mean"],
            interquartile_mean.unavailable_reason,
            interquartile_mean.draw,
            on_request=True,
        ),
        "performance-profile": Kind(
            "performance-profile",
            TITLES["performance-profile"],
            performance_profile.unavailable_reason,
            performance_profile.draw,
            on_request=True,
        ),
        "heatmap": Kind("heatmap", TITLES["heatmap"], heatmap.unavailable_reason, heatmap.draw),
        "tuning": Kind("tuning", TITLES["tuning"], tuning.unavailable_reason, tuning.draw_points, on_request=True),
        "budget": Kind(
            "tuning-budget", TITLES["budget"], tuning.unavailable_reason, tuning.draw_budget, on_request=True
        ),
        "spread": Kind("spread", TITLES["spread"], spread.unavailable_reason, spread.draw, on_request=True),
        "learning-rate": Kind("learning-rate", TITLES["learning-rate"], rates.unavailable_reason, rates.draw),
        "confusion": Kind("confusion", TITLES["confusion"], confusion.unavailable_reason, confusion.draw),
        "steps": Kind("step-losses", TITLES["steps"], steps.unavailable_reason, steps.draw, on_request=True),
    }
)


def all_kinds(registry: Registry) -> dict[str, Kind]:
    """Return the kinds of figures by name; a plugin's whose name is that of a built-in kind is qualified."""
    kinds = dict(KINDS)
    for entry in registry.entries(FigureRecord):
        kinds[entry.name if entry.record.name in kinds else entry.record.name] = kind_of(entry, registry)
    return kinds


def learning_curves(records: Iterable[TrialRecord], plan: PlanRecord, path: Path, judged: Judged | None = None) -> None:
    """Draw the learning curves of a run to a PNG file in its folder.

    judged: its verdicts, if they are already computed.
    """
    data = figure_data(records, plan, judged=judged)
    image = render(lambda: KINDS["curves"].draw(data), "png")
    with writing(path.parent):
        replace_file(path, image)
