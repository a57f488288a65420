"""Learning curves: every seed's metric and losses by epoch, with the mean of each variant."""

from dlbench.report.charts.chart import ZOOM, Chart, Part, color, dash, number_format, quantity, specification, tip
from dlbench.report.charts.chart_rows import curve_metric, epoch_step
from dlbench.report.figures.figure_data import FigureData

_HEIGHT = 300
#: So few epochs have a tick each.
_FEW = 12


def metric_chart(data: FigureData) -> Chart | None:
    """Return the metric by epoch; None where no trial has two epochs."""
    metric = curve_metric(data)
    values = _values(data, metric.name)
    if not values:
        return None
    y = quantity("value", metric.heading)
    return Chart(
        name="curves",
        replaces=("curves",),
        title="Learning curves",
        caption=f"Thin lines: one seed each; thick: their mean.{_thinned(data)}",
        rows="epochs",
        specification=_curves(data, "value", y, number_format(metric)),
    )


def loss_chart(data: FigureData) -> Chart | None:
    """Return validation loss by epoch, where it is not the metric; None where no trial has two epochs."""
    values = _values(data, "validation_loss")
    if not values or curve_metric(data).name == "validation_loss":
        return None
    y = quantity("validation_loss", "validation loss", values=values)
    return Chart(
        name="loss",
        title="Validation loss",
        caption=f"Thin lines: one seed each; thick: their mean.{_thinned(data)}",
        rows="epochs",
        specification=_curves(data, "validation_loss", y, ",.4f"),
    )


def _values(data: FigureData, name: str) -> list[float]:
    records = [record for variant in data.variants for record in variant.records if len(record.epochs) > 1]
    found = [row.get(name) for record in records for row in record.epochs]
    return [float(value) for value in found if isinstance(value, int | float) and abs(value) < float("inf")]


def _thinned(data: FigureData) -> str:
    step = epoch_step(data)
    return f" Of {step} epochs one is shown, and the last; epochs.csv has all." if step > 1 else ""


def _curves(data: FigureData, name: str, y: Part, form: str) -> Part:
    x = quantity("epoch", "epoch")
    length = max(len(record.epochs) for variant in data.variants for record in variant.records)
    x["axis"] |= {"format": "d", "tickMinStep": 1} | ({"values": list(range(1, length + 1))} if length <= _FEW else {})
    known = {"transform": [{"filter": f"isValid(datum.{name})"}]}
    tips = [tip("variant", "variant"), tip("seed", "seed"), tip("epoch", "epoch"), tip(name, y["title"], form)]
    seeds = known | {
        "params": [ZOOM],
        "mark": {"type": "line", "strokeWidth": 1, "opacity": 0.35, "clip": True},
        "encoding": {"x": x, "y": y, "color": color(data), "detail": {"field": "seed"}},
    }
    means = known | {
        "mark": {"type": "line", "strokeWidth": 2.6, "clip": True},
        "encoding": {"x": x, "y": y | {"aggregate": "mean"}, "color": color(data), "strokeDash": dash(data)},
    }
    points = known | {
        "mark": {"type": "point", "filled": True, "size": 40, "opacity": 0, "style": "target", "clip": True},
        "encoding": {"x": x, "y": y, "color": color(data), "tooltip": tips},
    }
    return specification("epochs", [seeds, means, points], height=_HEIGHT)
