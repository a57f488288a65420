"""Options that take a number: read as settings are, so that both are refused in the same words."""

from collections.abc import Callable
from typing import Any

from dlbench.components.records import Parameter
from dlbench.components.syntax import parse_value


def number(
    name: str, kind: type[int] | type[float], default: float | None, minimum: float | None
) -> Callable[..., Any]:
    """Return the parser of an option's text for Typer, which also calls it with the default.

    name: the option as users write it. Raises DlbenchError for a text that is no number, or is out of range.
    """
    parameter = Parameter(default, type=kind, minimum=minimum)
    return lambda given: parse_value(given, parameter, name) if isinstance(given, str) else given
