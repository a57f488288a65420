"""Differences to the baseline as a forest plot: interval, margin and verdict, with a row per comparison."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dlbench.analysis.families import Family, interval_levels
from dlbench.report.figures.canvas import (
    INK,
    INTERVAL_WIDTH,
    canvas,
    draw_estimate,
    legend_below,
    name_rows,
    style_axes,
    with_note,
    wrapped,
)
from dlbench.report.figures.figure_data import FigureData
from dlbench.report.headings import heading
from dlbench.report.palette import VERDICT_COLORS, Style
from dlbench.statistics.sentences import p_in_words
from dlbench.statistics.verdicts import Comparison

#: The largest number of rows; the rest is in comparison.csv.
_ROWS = 60
#: Width of the line of an interval on other test images, within that of the interval on these.
_THIN = 0.9
#: The style of averages over other axes and of interactions, which are not a single variant.
_NEUTRAL = Style(INK, "o", "-")

Section = tuple[str, Family, Sequence[Comparison]]


def unavailable_reason(data: FigureData) -> str:
    """Return why there is no forest plot, or ""."""
    found = [comparison for _, _, comparisons in _sections(data) for comparison in comparisons]
    if not found:
        return "there is nothing to compare"
    if any(math.isfinite(comparison.difference) for comparison in found):
        return ""
    return "no variant has a finite value on a seed that the baseline has too"


def _sections(data: FigureData) -> list[Section]:
    return [(heading(family), family, family.comparisons) for family in data.judged.all_families if family.comparisons]


def draw(data: FigureData) -> Figure:
    """Draw each difference with its interval, the margin as a band, the verdict in words at the right."""
    sections = _sections(data)
    lines: list[tuple[str, Family | None, Comparison | None]] = []
    for title, family, comparisons in sections:
        lines += [(wrapped(title), None, None)] if len(sections) > 1 else []
        lines += [(_label(comparison, family), family, comparison) for comparison in comparisons]
    omitted = len(lines) - _ROWS
    scale, unit = data.metric.difference_scale, data.metric.difference_unit
    figure = canvas(1.3 + 0.4 * len(lines[:_ROWS]), width=9.5)
    axes = figure.subplots()
    axes.axvline(0, color=INK, linewidth=1)
    if data.rules.margin:
        axes.axvspan(-scale * data.rules.margin, scale * data.rules.margin, color="#999999", alpha=0.25, linewidth=0)
    style_axes(axes, _title(data, sections, omitted), grid="x")
    name_rows(axes, [label for label, _, _ in lines[:_ROWS]])
    for row, (_, owner, comparison) in enumerate(lines[:_ROWS]):
        if owner and comparison:
            style = data.style_of(owner.axis, owner.conditioned_on, comparison.variant) or _NEUTRAL
            _row(axes, row, comparison, style, scale)
        else:
            axes.get_yticklabels()[row].set(fontweight="bold", color=INK)
    direction = "right" if data.rules.higher_is_better else "left"
    axes.set_xlabel(f"difference{' in' + unit if unit else ''}; {direction} of the line is {data.rules.words[0]}")
    _include_margin(axes, scale * data.rules.margin)
    legend_below(figure, _handles(data, scale, unit))
    return figure


def _title(data: FigureData, sections: Sequence[Section], omitted: int) -> str:
    about = f": {sections[0][0]}" if len(sections) == 1 else ""
    rest = f"; {omitted} more lines are in comparison.csv" if omitted > 0 else ""
    return f"difference in {data.metric.title}{wrapped(about, 80, 1)}{rest}"


def _label(comparison: Comparison, family: Family) -> str:
    usual = family.baseline is not None and comparison.baseline == family.baseline.variant
    pair = comparison.variant if usual else f"{comparison.variant} against {comparison.baseline}"
    return with_note(pair, f"n = {comparison.own_n}")


def _row(axes: Axes, row: int, comparison: Comparison, style: Style, scale: float) -> None:
    interval = (scale * comparison.difference_low, scale * comparison.difference_high)
    draw_estimate(axes, row, scale * comparison.difference, interval, style)
    if comparison.images:
        ends = [scale * comparison.images_low, scale * comparison.images_high]
        axes.plot(ends, [row, row], color=style.color, linewidth=_THIN, solid_capstyle="butt")
    evidence = "" if comparison.verdict == "n too small" else f", {p_in_words(comparison.p_adjusted)}"
    here = " here" if comparison.these_images_only else ""
    axes.annotate(
        comparison.verdict + here + evidence,
        (1.02, row),
        xycoords=axes.get_yaxis_transform(),
        va="center",
        color=VERDICT_COLORS[comparison.verdict],
        fontweight="bold" if comparison.separated else "normal",
        annotation_clip=False,
    )


def _include_margin(axes: Axes, margin: float) -> None:
    low, high = axes.get_xlim()
    room = 0.03 * (high - low)
    axes.set_xlim(min(low, -margin - room), max(high, margin + room))


def _handles(data: FigureData, scale: float, unit: str) -> list[Line2D | Patch]:
    level = interval_levels([c for family in data.judged.families for c in family.comparisons], data.rules)
    mean = "mean of the paired differences" if data.rules.test == "paired" else "difference of the means"
    handles: list[Line2D | Patch] = [
        Line2D(
            [],
            [],
            color=INK,
            marker="o",
            linewidth=INTERVAL_WIDTH,
            label=f"{mean}, {level} interval",
        )
    ]
    if any(c.images for family in data.judged.all_families for c in family.comparisons):
        handles.append(Line2D([], [], color=INK, linewidth=_THIN, label="the same on other test images"))
    if data.rules.margin:
        label = f"margin: within ± {scale * data.rules.margin:g}{unit} counts as equal"
        handles.append(Patch(facecolor="#999999", alpha=0.25, label=label))
    return handles
