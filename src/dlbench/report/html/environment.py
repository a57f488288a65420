"""How templates become text: all that they show is escaped, and what a browser would obey is made visible."""

from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dlbench.report.html.page_table import as_sentence
from dlbench.report.terminal.visible import visible


@cache
def template_environment(*packages: str) -> Environment:
    """Return the environment of the report's templates. packages: whose templates come before them."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in (*packages, "dlbench.report.html")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    environment.filters["as_sentence"] = as_sentence
    return environment


def _shown(value: Any) -> Any:
    """Return a text without what a terminal or a browser would obey, such as a change of writing direction."""
    return visible(value, one_line=False) if isinstance(value, str) and not isinstance(value, Markup) else value
