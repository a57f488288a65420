"""The pictures of a page: as many as it has room for, each in its own place."""

from types import SimpleNamespace

import pytest

from dlbench.report.charts.chart import Chart
from dlbench.report.html import static_figures
from dlbench.report.html.static_figures import page_figures

DATA = SimpleNamespace(variants=())


@pytest.fixture
def figures(monkeypatch):
    """Return the figures of a page with pictures of some sizes, by the names of their kinds."""

    def make(sizes, charts=()):
        kinds = {
            name: SimpleNamespace(title=name.title(), on_request=False, unavailable_reason=lambda _: "")
            for name in sizes
        }
        drawn = {kind.title: b"x" * sizes[name] for name, kind in kinds.items()}
        monkeypatch.setattr(static_figures, "all_kinds", lambda _: kinds)
        monkeypatch.setattr(static_figures, "picture", lambda kind, *_: drawn[kind.title])
        return page_figures(DATA, charts, None)

    return make


def _chart(name, replaces=()):
    return Chart(name=name, title=f"Chart of {name}", caption="", rows="", specification={}, replaces=replaces)


def test_a_picture_that_does_not_fit_takes_no_room_from_others(figures):
    sizes = {"curves": 1_800_000, "confusion": 1000, "rates": 1_800_000, "heatmap": 1000}
    found, absent = figures(sizes, [_chart("curves", ("curves",))])
    assert {figure.title: bool(figure.source) for figure in found} == {
        "Chart of curves": False,
        "Confusion": True,
        "Heatmap": True,
    }
    assert absent == [("Rates", "left out to keep this page small: dlbench plot RUN --kind rates")]


def test_all_pictures_of_a_page_have_a_limit_together(figures):
    found, absent = figures({"one": 1_000_000, "two": 1_000_000, "three": 600_000})
    assert ([figure.title for figure in found], [title for title, _ in absent]) == (["One", "Three"], ["Two"])


def test_a_plugins_figure_keeps_its_place_beside_a_chart_of_its_name(figures):
    found, _ = figures({"curves": 10, "loss": 10, "time": 10}, [_chart("loss")])
    assert [(figure.title, figure.name, bool(figure.source)) for figure in found] == [
        ("Curves", "", True),
        ("Chart of loss", "loss", False),
        ("Time", "", True),
        ("Loss", "", True),
    ]
