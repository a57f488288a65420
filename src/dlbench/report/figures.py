"""Figures of a run, drawn to files without a display."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from dlbench.report.palette import Style, styles
from dlbench.results.display import measure
from dlbench.results.files import replace_file, writing
from dlbench.results.summary import group_by_variant
from dlbench.trial import ANSWERED, TrialRecord

_LEGEND_INSIDE = 12


@dataclass(frozen=True, eq=False)
class Curve:
    """A metric against the epoch over the seeds of a variant: mean, and the band around it, NaN where none is."""

    epochs: NDArray[np.int64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def curve(records: Sequence[TrialRecord], metric: str) -> Curve:
    """Average a metric over the trials that still ran at each epoch with a finite value.

    The band is mean ± one standard deviation (n - 1) of three or more, the range of two, and none of one.
    """
    length = max((len(record.epochs) for record in records), default=0)
    values = np.full((len(records), length), np.nan)
    for row, record in zip(values, records, strict=True):
        given = [epoch.get(metric) for epoch in record.epochs]
        row[: len(given)] = [np.nan if value is None else value for value in given]
    values[~np.isfinite(values)] = np.nan
    mean, low, high = np.full((3, length), np.nan)
    for index, column in enumerate(values.T):
        present = column[~np.isnan(column)]
        if len(present):
            mean[index] = present.mean()
        if len(present) == 2:
            low[index], high[index] = present.min(), present.max()
        elif len(present) > 2:
            std = present.std(ddof=1)
            low[index], high[index] = mean[index] - std, mean[index] + std
    return Curve(np.arange(1, length + 1), mean, low, high)


def learning_curves(
    records: Iterable[TrialRecord], plan: Mapping[str, Any], path: Path, metric: str = "validation_accuracy"
) -> None:
    """Draw a metric and the two losses against the epoch to a PNG file, a line a variant."""
    groups = group_by_variant((record for record in records if record.status in ANSWERED), plan)
    looks = styles(plan)
    figure = Figure(figsize=(10, 4.2), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    handles = []
    for variant in plan["variants"]:
        group, look = groups[variant["variant_id"]], looks[variant["variant_id"]]
        _draw(left, curve(group, metric), look, measure(metric).scale)
        _draw(right, curve(group, "validation_loss"), look)
        _draw(right, curve(group, "train_loss"), look, thin=True)
        handles.append(_handle(variant["label"], group, look))
    _dress(left, measure(metric).heading + _band_note(groups.values()))
    _dress(right, "loss: validation, and training (thin)")
    _use_log_scale_where_wide(right)
    _legend(figure, left, handles)
    image = io.BytesIO()
    figure.savefig(image, format="png")
    with writing(path.parent):
        replace_file(path, image.getvalue())


def _band_note(groups: Iterable[Sequence[TrialRecord]]) -> str:
    most = max((len(group) for group in groups), default=0)
    return "" if most < 2 else "; bands: range" if most == 2 else "; bands: ± standard deviation"


def _draw(axes: Axes, line: Curve, look: Style, scale: float = 1, *, thin: bool = False) -> None:
    marks = max(1, len(line.epochs) // 12)
    axes.plot(
        line.epochs,
        line.mean * scale,
        color=look.color,
        linestyle=look.line,
        linewidth=0.8 if thin else 1.8,
        alpha=0.7 if thin else 1,
        marker="" if thin else look.marker,
        markersize=5,
        markevery=marks,
        markeredgecolor="white",
        markeredgewidth=0.5,
    )
    if not thin:
        axes.fill_between(line.epochs, line.low * scale, line.high * scale, color=look.color, alpha=0.15, linewidth=0)


def _handle(label: str, group: Sequence[TrialRecord], look: Style) -> Line2D:
    diverged = sum(record.status == "diverged" for record in group)
    shown = label.replace("$", r"\$")  # or matplotlib takes it for mathematics
    note = f"n = {len(group)}" + (f", {diverged} diverged" if diverged else "")
    return Line2D(
        [],
        [],
        color=look.color,
        linestyle=look.line,
        linewidth=1.8,
        marker=look.marker,
        markersize=5,
        markeredgecolor="white",
        label=f"{shown} ({note})",
    )


def _dress(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _use_log_scale_where_wide(axes: Axes) -> None:
    drawn = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in axes.lines] or [np.empty(0)])
    positive = drawn[drawn > 0]
    if positive.size and positive.max() > 30 * positive.min():
        axes.set_yscale("log")


def _legend(figure: Figure, axes: Axes, handles: Sequence[Line2D]) -> None:
    if len(handles) > _LEGEND_INSIDE:
        figure.legend(handles=handles, loc="outside right upper", fontsize=8, frameon=False)
    else:
        axes.legend(handles=handles, fontsize=8, framealpha=0.8, edgecolor="none", handlelength=3)
