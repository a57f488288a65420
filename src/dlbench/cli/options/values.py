"""Options that take a number or a folder: read as settings are, so that all are refused in the same words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlbench.components.records import Parameter
from dlbench.components.syntax import parse_value
from dlbench.errors import DlbenchError


def number(
    name: str, kind: type[int] | type[float], default: float | None, minimum: float | None
) -> Callable[..., Any]:
    """Return the parser of an option's text for Typer, which also calls it with the default.

    name: the option as users write it. Raises DlbenchError for a text that is no number, or is out of range.
    """
    parameter = Parameter(default, type=kind, minimum=minimum)
    return lambda given: parse_value(given, parameter, name) if isinstance(given, str) else given


def folder(given: str | Path) -> Path:
    """Return a folder's path. Raises DlbenchError for an empty text, as an unset variable of a shell leaves it."""
    if given == "":
        raise DlbenchError("The path of a folder is empty.", "Write it after the option, or omit the option.")
    return Path(given)
