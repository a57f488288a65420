"""The search before a comparison: each point's validation against what was tuned, and the best against the budget."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dlbench.analysis.tuning import ScoredCandidate
from dlbench.analysis.tuning_report import SearchResult, TunedVariant, TuningReport
from dlbench.components.syntax import format_value
from dlbench.plans.tuning_record import name_in_words
from dlbench.report.figures.canvas import INK, canvas, legend_below, log_scale_where_wide, style_axes
from dlbench.report.figures.figure_data import FigureData, VariantSeries
from dlbench.statistics.expected_best import expected_best, median_best_band

_WIDTH, _HEIGHT = 4.4, 3.6


def unavailable_reason(data: FigureData) -> str:
    """Return why there is no figure of a search, or ""."""
    if data.judged.tuning is None:
        return "nothing was tuned: see --tune"
    scored = any(point.counts for variant in data.judged.tuning.variants for point in variant.points)
    return "" if scored else "no point of the search has a score"


def draw_points(data: FigureData) -> Figure:
    """Draw a panel for each tuned value: a marker a point, a cross for one that diverged, a ring for the chosen one."""
    report = _report(data)
    names = report.record.names
    figure = canvas(_HEIGHT, width=max(_WIDTH * len(names), 5.6))
    panels = figure.subplots(1, len(names), squeeze=False, sharey=True).flatten()
    for axes, name in zip(panels, names, strict=True):
        for variant, series in zip(report.variants, data.variants, strict=True):
            for result in variant.results:
                _draw_points(axes, result, name, series, report)
        style_axes(axes, f"{report.metric.title} against {name_in_words(name)}")
        _scale(axes, name, report)
    panels[0].set_ylabel(_unit(report))
    legend_below(figure, [*(_handle(series, line=False) for series in data.variants), *_signs(report)])
    return figure


def draw_budget(data: FigureData) -> Figure:
    """Draw the expected best score of each number of points; a band where points are independent."""
    report = _report(data)
    figure = canvas(_HEIGHT, width=7.5)
    axes = figure.subplots()
    for variant, series in zip(report.variants, data.variants, strict=True):
        _draw_budget(axes, variant, series, report)
    style_axes(axes, f"best {report.metric.title} to be expected of so many points")
    lost = any(not point.counts for variant in report.variants for point in variant.points)
    axes.set_xlabel("points tried" + ", those without a score left out" * lost)
    axes.set_ylabel(_unit(report))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend_below(figure, [_handle(series, line=True) for series in data.variants])
    return figure


def _handle(series: VariantSeries, *, line: bool) -> Line2D:
    """Return a variant's legend entry, without the seeds of its evaluation."""
    handle = series.handle(line=line)
    handle.set_label(series.label)
    return handle


def _signs(report: TuningReport) -> list[Line2D]:
    """Return the legend entries of a ring and, where something diverged, of a cross."""
    ring = Line2D([], [], color=INK, linestyle="", marker="o", markersize=10, fillstyle="none", label="chosen")
    cross = Line2D([], [], color=INK, linestyle="", marker="x", label="diverged")
    return [ring, cross] if any(variant.diverged for variant in report.variants) else [ring]


def _report(data: FigureData) -> TuningReport:
    report = data.judged.tuning
    assert report is not None, "see unavailable_reason"
    return report


def _unit(report: TuningReport) -> str:
    return f"{report.metric.title} (%)" if report.metric.share else report.metric.title


def _draw_points(axes: Axes, result: SearchResult, name: str, series: VariantSeries, report: TuningReport) -> None:
    style, scale = series.style, report.metric.scale
    fine = [point for point in result.points if point.counts and name in point.candidate.values]
    for point in fine:
        axes.plot(
            [_place(point, name, report)],
            [scale * (point.score or 0.0)],
            color=style.color,
            marker=style.marker,
            markersize=5.5 * style.size,
            markeredgecolor="white",
            markeredgewidth=0.5,
        )
    if result.chosen in fine:
        x, y = _place(result.chosen, name, report), scale * (result.chosen.score or 0.0)
        axes.plot([x], [y], "o", color=style.color, markersize=12, fillstyle="none", markeredgewidth=1.4)
    low = min((scale * (point.score or 0.0) for point in fine), default=0.0)
    for point in result.points:
        if point.diverged and name in point.candidate.values:
            axes.plot([_place(point, name, report)], [low], "x", color=style.color, markersize=6)


def _place(point: ScoredCandidate, name: str, report: TuningReport) -> float:
    """Return where a point's value lies: itself or, where values are no numbers, their place among all of them."""
    choices = _choices(name, report)
    value = point.candidate.values[name]
    return float(choices.index(format_value(value))) if choices else float(value)  # type: ignore[arg-type]  # a number


def _choices(name: str, report: TuningReport) -> list[str]:
    """Return all values of a name as texts where some are no numbers; [] where all are."""
    values = [p.candidate.values[name] for v in report.variants for p in v.points if name in p.candidate.values]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return []
    return list(dict.fromkeys(map(format_value, values)))


def _scale(axes: Axes, name: str, report: TuningReport) -> None:
    """Name the axis and use a logarithmic scale for what was searched in one."""
    axes.set_xlabel(name_in_words(name))
    choices = _choices(name, report)
    if choices:
        axes.set_xticks(range(len(choices)), choices)
        return
    values = [float(x) for line in axes.lines for x in np.asarray(line.get_xdata())]
    searched_by_logarithm = any(ranges.get(name, "").startswith("log") for ranges in report.record.ranges.values())
    log_scale_where_wide(axes, "x", values, ratio=1.0 if searched_by_logarithm else math.inf)


def _draw_budget(axes: Axes, variant: TunedVariant, series: VariantSeries, report: TuningReport) -> None:
    higher, scale, style = report.metric.higher_is_better, report.metric.scale, series.style
    scores = [point.score for point in variant.points if point.counts and point.score is not None]
    budget = min(report.record.budget, len(scores))  # of several searches, each has so many of them
    line = [scale * value for value in expected_best(scores, higher_is_better=higher)[:budget]]
    budgets = range(1, len(line) + 1)
    axes.plot(
        budgets,
        line,
        color=style.color,
        linestyle=style.line,
        linewidth=1.8,
        marker=style.marker,
        markersize=5 * style.size,
        markevery=max(1, len(line) // 12),
        markeredgecolor="white",
        markeredgewidth=0.5,
    )
    if report.record.design != "random":  # points of a sequence that spreads them are no independent draws
        return
    limits = median_best_band(scores, higher_is_better=higher)[:budget]
    low = [scale * max(lower, min(scores)) for lower, _ in limits]  # a limit beyond all scores is not known
    high = [scale * min(upper, max(scores)) for _, upper in limits]
    axes.fill_between(budgets, low, high, color=style.color, alpha=0.12, linewidth=0)
