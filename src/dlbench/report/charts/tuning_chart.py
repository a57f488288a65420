"""The search before a comparison: each point's score against the first value that was tuned."""

from collections.abc import Iterator
from typing import Any

from dlbench.plans.tuning_record import name_in_words
from dlbench.report.charts.chart import ZOOM, Chart, color, number_format, quantity, shape, specification, tip
from dlbench.report.charts.chart_rows import columns, short
from dlbench.report.figures.figure_data import FigureData


def chart(data: FigureData) -> Chart | None:
    """Return the chart of the first tuned value that is a number; None where there is none."""
    report = data.judged.tuning
    names = [name for name in (report.record.names if report else ()) if list(_rows(data, name))]
    if report is None or not names:
        return None
    name = names[0]
    rows = list(_rows(data, name))
    logarithmic = any(ranges.get(name, "").startswith("log") for ranges in report.record.ranges.values())
    words, heading, form = name_in_words(name), report.metric.heading, number_format(report.metric)
    tips = [
        tip("variant", "variant"),
        tip("setting", words, ".3~g"),
        tip("score", heading, form),
        tip("chosen", "chosen"),
    ]
    x = quantity("setting", words, values=[row[1] for row in rows], ratio=1.0 if logarithmic else float("inf"))
    marks = {
        "params": [ZOOM],
        "mark": {"type": "point", "filled": True, "clip": True},
        "encoding": {
            "x": x,
            "y": quantity("score", heading),
            "color": color(data),
            "shape": shape(data),
            "size": {"condition": {"test": "datum.chosen === 'yes'", "value": 220}, "value": 60},
            "opacity": {"condition": {"test": "datum.chosen === 'yes'", "value": 1}, "value": 0.6},
            "tooltip": tips,
        },
    }
    return Chart(
        name="tuning",
        replaces=("tuning",),
        title=f"Validation against {words}",
        caption="One mark a point of the search; large: the chosen ones. Points that diverged have none.",
        rows="tuning",
        own=columns(("v", "setting", "score", "chosen"), rows),
        specification=specification("tuning", [marks], height=280),
    )


def _rows(data: FigureData, name: str) -> Iterator[tuple[Any, ...]]:
    report = data.judged.tuning
    for number, variant in enumerate(report.variants if report else ()):
        for result in variant.results:
            for point in result.points:
                value = point.candidate.values.get(name)
                if point.counts and isinstance(value, int | float) and not isinstance(value, bool) and report:
                    chosen = "yes" if point is result.chosen else "no"
                    yield number, short(float(value)), short(point.score, report.metric.scale), chosen
