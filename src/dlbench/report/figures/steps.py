"""The training loss of each step with its moving average, in a panel per variant with the same scales."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dlbench.report.figures.canvas import canvas, log_scale_where_wide, style_axes, with_note
from dlbench.report.figures.figure_data import FigureData, VariantSeries
from dlbench.trials.trial_record import TrialRecord

#: The window of the metric step_loss_oscillation.
WINDOW = 25
_PANELS = 12


def unavailable_reason(data: FigureData) -> str:
    """Return why there are no per-step losses, or ""."""
    return "" if _with_steps(data) else "no trial kept its steps' losses (--step-losses)"


def draw(data: FigureData) -> Figure:
    """Draw one seed of each variant: the first that all share, if there is one."""
    variants = _with_steps(data)
    omitted = len(variants) - _PANELS
    variants = variants[:_PANELS]
    columns = min(3, len(variants))
    rows = -(-len(variants) // columns)
    figure = canvas(2.6 * rows + 0.4, width=3.6 * columns + 0.6)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).flatten()
    seed = _common_seed(variants)
    for axes, variant in zip(panels, variants, strict=False):
        _panel(axes, variant, _record_of(variant, seed))
    for axes in panels[len(variants) :]:
        axes.set_axis_off()
    losses = [loss for variant in variants for loss in _record_of(variant, seed).steps]
    log_scale_where_wide(panels[0], "y", losses)
    note = f"; {omitted} more variants are not shown" if omitted > 0 else ""
    title = f"training loss of each step (thin) and its moving average over {WINDOW} steps{note}"
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    return figure


def _panel(axes: Axes, variant: VariantSeries, record: TrialRecord) -> None:
    losses = np.asarray(record.steps)
    steps = np.arange(1, len(losses) + 1)
    axes.plot(steps, losses, color=variant.style.color, linewidth=0.4, alpha=0.45)
    if len(losses) >= 2 * WINDOW:
        average = np.convolve(losses, np.full(WINDOW, 1 / WINDOW), mode="valid")
        axes.plot(steps[WINDOW // 2 : WINDOW // 2 + len(average)], average, color=variant.style.color, linewidth=1.6)
    style_axes(axes, with_note(variant.label, f"seed {record.trial.seed}"))
    axes.set_xlabel("step")
    axes.tick_params(labelbottom=True)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))


def _with_steps(data: FigureData) -> list[VariantSeries]:
    return [variant for variant in data.variants if any(record.steps for record in variant.records)]


def _common_seed(variants: list[VariantSeries]) -> int | None:
    seeds = [{record.trial.seed for record in variant.records if record.steps} for variant in variants]
    return min(set.intersection(*seeds), default=None)


def _record_of(variant: VariantSeries, seed: int | None) -> TrialRecord:
    records = [record for record in variant.records if record.steps]
    return next((record for record in records if record.trial.seed == seed), records[0])
