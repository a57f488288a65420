"""Every seed's value of the judged metric, with mean and interval of each variant."""

from dlbench.report.charts.chart import (
    SHOWN,
    ZOOM,
    Chart,
    Part,
    color,
    number_format,
    quantity,
    shape,
    specification,
    tip,
)
from dlbench.report.figures.figure_data import FigureData
from dlbench.statistics.verdicts import MINIMUM_PAIRS

#: A pointer on a seed makes the others of that seed stand out in every row: pairs can be followed.
_PAIRS = {"name": "pair", "select": {"type": "point", "fields": ["seed"], "on": "pointerover", "clear": "pointerout"}}
#: Height of a variant without its seeds, and with many of them.
_ROW, _TALLEST_ROW = 34, 60


def chart(data: FigureData) -> Chart | None:
    """Return the chart; None where no trial has a value."""
    values = [value * data.metric.scale for variant in data.variants for value in variant.finite(data.query).values()]
    if not values:
        return None
    heading, form, level = data.metric.heading, number_format(data.metric), f"{100 * (1 - data.rules.alpha):g} %"
    x = quantity("value", heading, values=values)
    y: Part = {"field": "variant", "type": "nominal", "sort": None, "title": None, "scale": {"paddingInner": 0.25}}
    seeds = {
        "params": [ZOOM | {"select": ZOOM["select"] | {"encodings": ["x"]}}, _PAIRS],
        "mark": {"type": "point", "filled": True, "size": 60, "clip": True},
        "encoding": {
            "x": x,
            "y": y,
            "yOffset": {"field": "seed", "type": "ordinal"},
            "color": color(data),
            "shape": shape(data),
            "opacity": {"condition": {"param": "pair", "value": 0.75}, "value": 0.15},
            "tooltip": [tip("variant", "variant"), tip("seed", "seed"), tip("value", heading, form)],
        },
    }
    several = len({seed for variant in data.variants for seed in variant.finite(data.query)})
    height = len(data.variants) * min(_TALLEST_ROW, _ROW + several)
    return Chart(
        name="final",
        replaces=("final",),
        title="Every seed",
        caption=f"Small marks: one seed each; line and large mark: mean with its {level} interval over seeds. "
        "Point at a seed to see the same seed of the other variants.",
        rows="trials",
        specification=specification("trials", [seeds, *_estimates(data, y, level, form)], height=height),
    )


def _estimates(data: FigureData, y: Part, level: str, form: str) -> list[Part]:
    """Return the layers of means and intervals."""
    heading = data.metric.heading
    shared: Part = {"data": {"name": "estimates"}, "transform": [SHOWN]}
    ends = [tip("low", f"{level} from", form), tip("high", "to", form)]
    tips = [tip("variant", "variant"), tip("value", f"mean {heading}", form), *ends, tip("n", "seeds")]
    place: Part = {"y": y, "color": color(data), "tooltip": tips}
    line = {"type": "rule", "strokeWidth": 2.5, "clip": True}
    mark = {"type": "point", "filled": True, "size": 170, "style": "mean", "opacity": 1, "clip": True}
    low = {"field": "low", "type": "quantitative"}
    interval = shared | {"mark": line, "encoding": place | {"x": low, "x2": {"field": "high"}}}
    value = {"field": "value", "type": "quantitative"}
    mean = shared | {"mark": mark, "encoding": place | {"x": value, "shape": shape(data)}}
    # A layer without a row would be a warning in the browser's console.
    seeds = max((each.n for each in data.judged.estimates), default=0)
    return [interval, mean] if seeds >= MINIMUM_PAIRS else [mean] if seeds > 1 else []
