"""A run as one self-contained HTML page: no script, no network, all text escaped."""

import base64
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from dlbench.plugins.registry import Registry
from dlbench.report.figures import FigureData, Kind, all_kinds, figure_data, picture
from dlbench.report.html.content import Figure, Page, page
from dlbench.runs.experiment_runs import read_findings
from dlbench.runs.folder import RunFolder


def html_report(folder: RunFolder, registry: Registry, asked: Mapping[str, Any] | None = None) -> str:
    """Return the page of a run folder.

    registry: of plugins, whose figures and experiments are on the page too.
    asked: criteria that replace those of the plan, see `criteria.asked_criteria`.
    """
    data = figure_data(folder.planned, folder.plan, asked, folder.judge(asked))
    figures, absent = [], []
    for kind in all_kinds(registry).values():
        reason = kind.unavailable_reason(data)
        if reason:
            absent += [(kind.title, reason)] if not kind.on_request else []
        elif image := picture(kind, data, "svg"):
            figures.append(_figure(kind, data, image))
    return render(page(folder, data.judged, read_findings(folder, registry), figures, absent))


def render(content: Page) -> str:
    """Return the filled template. Text is escaped; the content security policy is a second safeguard."""
    environment = Environment(
        loader=PackageLoader("dlbench.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html").render(page=content)


def _figure(kind: Kind, data: FigureData, image: bytes) -> Figure:
    # In an img element, a browser runs no script of an SVG, and ids of different figures cannot collide.
    source = "data:image/svg+xml;base64," + base64.b64encode(image).decode("ascii")
    names = ", ".join(f"{variant.label} ({variant.note})" for variant in data.variants)
    return Figure(title=kind.title, source=source, text=f"{kind.title}: {names}")
