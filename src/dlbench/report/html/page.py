"""A run as one self-contained HTML page: no network, all text escaped, readable without its script.

`run_page` makes the content of a run's page (records in), `render` its text. A part of it is embedded elsewhere by
`render_part(content, "first.html")`: any template of templates/parts, with the style sheet of `asset("page.css")`; for
charts, `data_block(content.charts)` in an element `<script type="application/json" id="charts">` and `page_script()`
after it. The rows and specifications alone are those of `dlbench.report.charts.charts_document`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from dlbench.plugins.registry import Registry
from dlbench.report.charts import all_charts, charts_document
from dlbench.report.figures import figure_data
from dlbench.report.html.content import Page, page
from dlbench.report.html.environment import template_environment
from dlbench.report.html.script import asset, data_block, fingerprint, is_interactive, page_script
from dlbench.report.html.static_figures import page_figures
from dlbench.runs.experiment_runs import known_experiment, read_findings
from dlbench.runs.folder import RunFolder


def html_report(folder: RunFolder, registry: Registry, asked: Mapping[str, Any] | None = None) -> str:
    """Return the page of a run folder in one file.

    registry: of plugins, whose figures and experiments are on the page too.
    asked: criteria that replace those of the plan, see `criteria.asked_criteria`.
    """
    return render(run_page(folder, registry, asked))


def run_page(folder: RunFolder, registry: Registry, asked: Mapping[str, Any] | None = None) -> Page:
    """Return the content of a run folder's page."""
    data = figure_data(folder.planned, folder.plan, asked, folder.judge(asked))
    interactive = is_interactive()
    figures, absent = page_figures(data, all_charts(data) if interactive else (), registry)
    experiment = known_experiment(folder, registry)
    charts = charts_document(data) if interactive else {}
    return page(folder, data.judged, read_findings(folder, registry), experiment, figures, absent, charts)


def render(content: Page, *, script: str = "", up: str = "") -> str:
    """Return the text of a page. Its texts are escaped; the content security policy is a second safeguard.

    script: address of the file with `page_script()`, beside the page; "" to have it in the page.
    up: address of an index of pages, or "".
    """
    return _render("report.html", page=content, script=script, up=up, charts=content.charts)


def render_index(entries: Mapping[str, Sequence[Any]], problems: Sequence[str], *, script: str) -> str:
    """Return the text of an index of pages, by report: of each its address and its first screen."""
    return _render("index.html", reports=entries, problems=problems, script=script, charts={})


def render_part(content: Page, part: str) -> str:
    """Return the text of a part of a page, a template of templates/parts."""
    return template_environment().get_template(f"parts/{part}").render(page=content, up="")


def render_template(template: str, **content: Any) -> str:
    """Return the text of a template with its content, whose texts are escaped."""
    return template_environment().get_template(template).render(**content)


def _render(template: str, *, script: str, **content: Any) -> str:
    own = "" if script else page_script()
    allowed = "'self'" if script else f"'{fingerprint(own)}'"
    return (
        template_environment()
        .get_template(template)
        .render(
            **content,
            script=script,
            style=Markup(asset("page.css")),
            own_script=Markup(own),
            block=Markup(data_block(content["charts"])),
            policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}; "
            "base-uri 'none'; form-action 'none'",
        )
    )
