"""The judged metric against training time, a mark per seed."""

from dlbench.report.charts.chart import ZOOM, Chart, color, number_format, quantity, shape, specification, tip
from dlbench.report.charts.chart_rows import SECONDS
from dlbench.report.figures.figure_data import FigureData


def chart(data: FigureData) -> Chart | None:
    """Return the chart; None where no trial has a time, or the metric is time itself."""
    seconds = [value for variant in data.variants for value in variant.finite(SECONDS).values()]
    if not seconds or data.query.metric == SECONDS.metric:
        return None
    heading, form = data.metric.heading, number_format(data.metric)
    tips = [
        tip("variant", "variant"),
        tip("seed", "seed"),
        tip("seconds", "training time (s)", ".3~g"),
        tip("value", heading, form),
    ]
    marks = {
        "params": [ZOOM],
        "transform": [{"filter": "isValid(datum.seconds)"}],
        "mark": {"type": "point", "filled": True, "size": 80, "opacity": 0.7, "clip": True},
        "encoding": {
            "x": quantity("seconds", "training time (s)", values=seconds, ratio=20),
            "y": quantity("value", heading),
            "color": color(data),
            "shape": shape(data),
            "tooltip": tips,
        },
    }
    return Chart(
        name="time",
        replaces=("time",),
        title="Accuracy against training time" if data.metric.share else f"{heading} against training time",
        caption="One mark a seed; training alone is counted, not loading, compiling or evaluating.",
        rows="trials",
        specification=specification("trials", [marks], height=300),
    )
