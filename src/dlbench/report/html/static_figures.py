"""The figures of a page: a picture each, which needs no script, and where there is one the chart in its place."""

from collections.abc import Iterable
from urllib.parse import quote

from dlbench.plugins.registry import Registry
from dlbench.report.charts import Chart
from dlbench.report.figure_names import MEANINGS
from dlbench.report.figures import FigureData, Kind, all_kinds, picture
from dlbench.report.figures.returned import FIRST
from dlbench.report.html.content import Figure

#: Before the name of a chart in no picture's place: a plugin's figure may have the name itself.
_ALONE = "chart:"
#: What people look for comes before what they may want to check.
_ORDER = ("final", "curves", _ALONE + "loss", "time", "heatmap", "tuning")
#: Pictures may take so many bytes of a page together, which leaves room for data and script within three megabytes.
_MOST_BYTES = 1_700_000
#: What may stand as it is in a data URL within an attribute; base64 would make every picture a third larger.
_PLAIN = " !$()*+,-./:;=?@[]^_`{|}~"


def page_figures(
    data: FigureData, charts: Iterable[Chart], registry: Registry
) -> tuple[list[Figure], list[tuple[str, str]]]:
    """Return a page's figures, that of the first screen first, and the titles of those absent with the reasons."""
    waiting = {name: chart for chart in charts for name in (chart.replaces or (_ALONE + chart.name,))}
    found: dict[str, Figure] = {}
    absent, size = [], 0
    for name, kind in all_kinds(registry).items():
        reason = kind.unavailable_reason(data)
        if reason:
            absent += [(kind.title, f"not drawn, as {reason}")] if not kind.on_request else []
        elif image := picture(kind, data, "svg"):
            chart = waiting.pop(name, None)
            own = len(data_url(image))
            fits = size + own <= _MOST_BYTES
            if not fits and not chart:
                absent.append((kind.title, f"left out to keep this page small: dlbench plot RUN --kind {name}"))
                continue
            size += own if fits else 0
            found[name] = _figure(name, kind, data, image, chart, fits=fits)
    found |= {name: _chart_alone(chart) for name, chart in waiting.items()}
    order = [name for name in _ORDER if name in found]
    first = next((name for name in FIRST if name in found), "")
    return [found[name] for name in dict.fromkeys([*([first] if first else []), *order, *found])], absent


def _figure(name: str, kind: Kind, data: FigureData, image: bytes, chart: Chart | None, *, fits: bool) -> Figure:
    # In an img element, a browser runs no script of an SVG, and ids of different figures cannot collide.
    source = data_url(image) if fits else ""
    names = ", ".join(f"{variant.label} ({variant.note})" for variant in data.variants)
    text = f"{kind.title}: {names}"
    if chart is None:
        return Figure(title=kind.title, source=source, text=text, caption=MEANINGS.get(name, ""))
    return Figure(
        title=chart.title,
        source=source,
        text=text,
        name=chart.name,
        caption=chart.caption,
        zooms=chart.zooms,
    )


def data_url(image: bytes) -> str:
    """Return an SVG as a data URL."""
    return f"data:image/svg+xml,{quote(b' '.join(image.split()), safe=_PLAIN)}"


def _chart_alone(chart: Chart) -> Figure:
    return Figure(title=chart.title, name=chart.name, caption=chart.caption, zooms=chart.zooms)
