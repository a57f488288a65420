"""Differences to the baseline as a forest plot: interval, margin and verdict."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from dlbench.analysis.families import Family, interval_levels
from dlbench.analysis.places import place_in_words, words
from dlbench.report.charts.chart import Chart, Part, color, quantity, shape, specification, tip
from dlbench.report.charts.chart_rows import NO_VARIANT, columns, short
from dlbench.report.figures.figure_data import FigureData
from dlbench.report.terminal.visible import visible
from dlbench.statistics.notation import p_text
from dlbench.statistics.verdicts import MINIMUM_PAIRS, Comparison

#: More rows do not fit a screen; all are in the tables. So few have room between them.
_ROWS, _FEW = 40, 12
_COLUMNS = ("v", "row", "variant", "difference", "low", "high", "others_low", "others_high", "n", "verdict", "p")


def chart(data: FigureData) -> Chart | None:
    """Return the chart; None where no difference is known."""
    rows = [row for row in _rows(data) if row[3] is not None]
    if not rows:
        return None
    unit, rules = data.metric.difference_unit.strip(), data.rules
    better = f", {'right' if rules.higher_is_better else 'left'} is {rules.words[0]}"
    numbers = [value for row in rows for value in row[3:6] if value is not None]
    x = quantity("difference", f"difference in {data.metric.title}{f' ({unit})' if unit else ''}{better}")
    x["scale"] |= {"domain": _domain(numbers, rules.margin * data.metric.difference_scale), "nice": False, "padding": 0}
    families = data.judged.shown_effects
    level = interval_levels([c for family in families for c in family.comparisons], rules)
    margin = f"The gray band is the margin, ± {rules.margin * data.metric.difference_scale:g} {unit}. "
    return Chart(
        name="differences",
        replaces=("differences",),
        title=f"Differences to {visible(data.baseline)}" if len(families) == 1 else "Differences to the baseline",
        caption=f"Mark: mean difference over seeds; line: its {level} interval. {margin if rules.margin else ''}"
        + (f"The first {_ROWS} differences; the tables have all of them." if len(rows) > _ROWS else ""),
        rows="effects",
        own=columns(_COLUMNS, rows[:_ROWS]),
        zooms=False,
        specification=specification(
            "effects",
            _layers(data, x, level, intervals=any(row[4] is not None for row in rows)),
            height=_height(min(len(rows), _ROWS)),
        ),
    )


def _height(rows: int) -> int:
    """Return the height of so many rows: many stand closer."""
    return 10 + rows * (30 if rows <= _FEW else 20)


def _domain(numbers: Sequence[float], margin: float) -> list[float]:
    low, high = min(*numbers, -margin, 0.0), max(*numbers, margin, 0.0)
    room = 0.05 * (high - low) or 1.0
    return [low - room, high + room]


def _layers(data: FigureData, x: Part, level: str, *, intervals: bool) -> list[Part]:
    margin = data.rules.margin * data.metric.difference_scale
    y = {"field": "row", "type": "nominal", "sort": None, "title": None}
    shades = color(data)
    shades["scale"] = {
        "domain": [NO_VARIANT, *shades["scale"]["domain"]],
        "range": ["#555555", *shades["scale"]["range"]],
    }
    marks = shape(data)
    marks["scale"] = {"domain": [NO_VARIANT, *marks["scale"]["domain"]], "range": ["circle", *marks["scale"]["range"]]}
    digits = ".2f" if data.metric.share else ".3~g"
    tips = [
        tip("variant", "variant"),
        tip("verdict", "verdict"),
        tip("difference", "difference", f"+{digits}"),
        tip("low", f"{level} from", f"+{digits}"),
        tip("high", "to", f"+{digits}"),
        tip("n", "n"),
        tip("p", "adjusted p"),
    ]
    ends = {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}}
    one: Part = {"data": {"values": [{}]}, "transform": []}
    band = one | {
        "mark": {"type": "rect", "style": "margin"},
        "encoding": {"x": {"datum": -margin, "type": "quantitative"}, "x2": {"datum": margin}},
    }
    zero = one | {"mark": {"type": "rule", "style": "zero"}, "encoding": {"x": {"datum": 0, "type": "quantitative"}}}
    interval = {
        "mark": {"type": "rule", "strokeWidth": 2.5},
        "encoding": ends | {"y": y, "color": shades, "tooltip": tips},
    }
    return [
        *([band] if margin else []),
        zero,
        *([interval] if intervals else []),
        {
            "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
            "encoding": {"x": x, "y": y, "color": shades, "shape": marks, "tooltip": tips},
        },
    ]


def _rows(data: FigureData) -> Iterator[tuple[Any, ...]]:
    families = data.judged.shown_effects
    for family in families:
        for each in family.comparisons:
            yield _row(data, family, each, several=len(families) > 1)


def _row(data: FigureData, family: Family, c: Comparison, *, several: bool) -> tuple[Any, ...]:
    usual = family.baseline is not None and c.baseline == family.baseline.variant
    pair = visible(c.variant if usual else f"{c.variant} against {c.baseline}")
    where = visible(place_in_words(family.place) or words(family.axis))
    scale = data.metric.difference_scale
    told = c.n >= MINIMUM_PAIRS
    return (
        _number(data, family, c.variant),
        f"{where}: {pair}" if several else pair,
        pair,
        short(c.difference, scale),
        short(c.difference_low, scale),
        short(c.difference_high, scale),
        short(c.images_low, scale),
        short(c.images_high, scale),
        c.own_n,
        (c.verdict + " here" * c.these_images_only) if told else f"n = {c.n}: no claim",
        p_text(c.p_adjusted) if told and math.isfinite(c.p_adjusted) else "–",
    )


def _number(data: FigureData, family: Family, value: str) -> int:
    """Return the number of the one variant that a row is about, else that of none."""
    style = data.style_of(family.axis, family.conditioned_on, value)
    own = [number for number, variant in enumerate(data.variants) if style and variant.style is style]
    return own[0] if own else NO_VARIANT
