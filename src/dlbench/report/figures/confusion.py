"""Confusion matrices on the test set: means over seeds, as shares of each true class."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from dlbench.report.figures.canvas import canvas, with_note, wrapped
from dlbench.report.figures.figure_data import FigureData
from dlbench.trials.trial_record import TrialRecord

#: Up to this number of classes, cells show counts and axes class names.
NAMED = 12
_PANELS = 24
#: Longer names are rotated below the matrix.
_UPRIGHT = 3
_LETTERS_PER_INCH = 12


def unavailable_reason(data: FigureData) -> str:
    """Return why there is no confusion matrix, or ""."""
    found = any(mean_counts(variant.records).size for variant in data.variants)
    return "" if found else "no trial has a confusion matrix"


def mean_counts(records: Sequence[TrialRecord]) -> NDArray[np.float64]:
    """Return mean counts (true class, predicted class) over the trials that have them; empty where none has."""
    counts = [np.asarray(record.confusion, dtype=np.float64) for record in records if record.confusion]
    return np.mean(counts, axis=0) if counts else np.empty((0, 0))


def row_shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each row divided by its sum; NaN for a class without images."""
    totals = counts.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        shares: NDArray[np.float64] = counts / totals
    return shares


def draw(data: FigureData) -> Figure:
    """Draw a matrix per variant. The color scale stretches small shares, as errors are of interest."""
    matrices = [(v, counts) for v in data.variants if (counts := mean_counts(v.records)).size]
    omitted = len(matrices) - _PANELS
    matrices = matrices[:_PANELS]
    columns = min(3, len(matrices))
    rows = -(-len(matrices) // columns)
    long_names = max((len(name) for v, _ in matrices for name in _names(v.records)), default=0) > _UPRIGHT
    figure = canvas((4.4 if long_names else 3.5) * rows + 0.3, width=3.4 * columns + 1.0, square=True)
    panels = figure.subplots(rows, columns, squeeze=False).flatten()
    norm = PowerNorm(0.5, vmin=0, vmax=1)
    for axes in panels[len(matrices) :]:
        axes.set_axis_off()
    for axes, (variant, counts) in zip(panels, matrices, strict=False):
        image = _panel(axes, counts, _names(variant.records), norm)
        axes.set_title(with_note(variant.label, variant.note, 36), loc="left", fontsize=9.5)
    note = f"; {omitted} more variants are not shown" if omitted > 0 else ""
    numbers = ", mean counts in the cells" if len(matrices[0][1]) <= NAMED else ""
    title = f"confusion on the test set: share of each true class{numbers}{note}"
    letters = int(_LETTERS_PER_INCH * figure.get_figwidth())
    figure.suptitle(wrapped(title, letters), x=0.01, ha="left", fontsize=10)
    bar = figure.colorbar(image, ax=list(panels), ticks=[0, 0.02, 0.1, 0.25, 0.5, 1], shrink=0.9 if rows == 1 else 0.5)
    bar.ax.set_yticklabels(["0 %", "2 %", "10 %", "25 %", "50 %", "100 %"])
    return figure


def _panel(axes: Axes, counts: NDArray[np.float64], names: Sequence[str], norm: PowerNorm) -> AxesImage:
    shares = row_shares(counts)
    axes.set_facecolor("#e6e6e6")
    image = axes.imshow(shares, cmap="Blues", norm=norm)
    axes.set(xlabel="predicted class", ylabel="true class")
    axes.tick_params(length=0)
    if len(counts) > NAMED:
        return image
    short = [wrapped(name, 12, lines=1) for name in names] or [str(number) for number in range(len(counts))]
    axes.set_xticks(range(len(counts)), short, rotation=90 if max(map(len, short)) > _UPRIGHT else 0)
    axes.set_yticks(range(len(counts)), short)
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            color = "white" if norm(shares[row, column]) > 0.6 else "black"
            text = _count(float(counts[row, column]))
            axes.text(column, row, text, ha="center", va="center", color=color, fontsize=7 if len(counts) > 6 else 8.5)
    return image


def _names(records: Sequence[TrialRecord]) -> Sequence[str]:
    return next((record.class_names for record in records if record.confusion), ())


def _count(count: float) -> str:
    return f"{count:.0f}" if count >= 10 or count == round(count) else f"{count:.1f}"
