"""A run as one HTML page that needs nothing beside itself: no script, no network, every text escaped."""

import base64
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from dlbench.report.figures import KINDS, FigureData, Kind, picture, study
from dlbench.report.html.content import Figure, Page, page
from dlbench.runs.folder import RunFolder


def html_report(folder: RunFolder, asked: Mapping[str, Any] | None = None) -> str:
    """Return the page of a run folder.

    asked: what shall be judged otherwise than the plan fixed, see `criteria.asked_criteria`.
    """
    drawn = study(folder.records, folder.plan, asked)
    reasons = {kind: kind.unavailable_reason(drawn) for kind in KINDS.values()}
    figures = [_figure(kind, drawn) for kind, reason in reasons.items() if not reason]
    absent = [(kind.title, reason) for kind, reason in reasons.items() if reason]
    return render(page(folder, drawn.judged, figures, absent))


def render(content: Page) -> str:
    """Fill the template; its escaping makes any text inert, and its security policy is a second lock."""
    environment = Environment(
        loader=PackageLoader("dlbench.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html").render(page=content)


def _figure(kind: Kind, drawn: FigureData) -> Figure:
    # In an img element a browser runs no script of an SVG, and the ids of one cannot meet those of another.
    source = "data:image/svg+xml;base64," + base64.b64encode(picture(kind, drawn, "svg")).decode("ascii")
    names = ", ".join(f"{variant.label} ({variant.note})" for variant in drawn.variants)
    return Figure(title=kind.title, source=source, text=f"{kind.title}: {names}")
