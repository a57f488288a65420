"""Options that take a number or a folder: read as settings are, so that all are refused in the same words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlbench.components.records import Parameter
from dlbench.components.syntax import parse_value
from dlbench.errors import DlbenchError


def number(
    name: str,
    kind: type[int] | type[float],
    default: float | None,
    minimum: float | None,
    *,
    percent: float | None = None,
    example: float | None = None,
) -> Callable[..., Any]:
    """Return the parser of an option's text for Typer, which also calls it with the default.

    name: the option as users write it. percent: what 1 % is in its unit, where a percentage is likely.
    example: a value that an error shows. Raises DlbenchError for a text that is no number, or is out of range.
    """
    parameter = Parameter(default, type=kind, minimum=minimum)

    def read(given: Any) -> Any:
        try:
            return parse_value(given, parameter, name) if isinstance(given, str) else given
        except DlbenchError as error:
            shown = _meant(given, percent) or ("" if example is None else f"{example:g}")
            hint = f"Write it as in {name} {shown}." if shown else error.hint.removesuffix(", default none")
            raise DlbenchError(error.message, hint) from None

    return read


def _meant(text: str, percent: float | None) -> str:
    """Return the number that a text probably means: a percentage, or one with a decimal comma; "" for neither."""
    written = text.replace(",", ".", 1)
    share = written.removesuffix("%") if percent is not None else written
    try:
        value = float(share) * (percent if percent is not None and share != written else 1)
    except ValueError:
        return ""
    return f"{value:g}" if share != text else ""


def folder(given: str | Path) -> Path:
    """Return a folder's path. Raises DlbenchError for an empty text, as an unset variable of a shell leaves it."""
    if given == "":
        raise DlbenchError("The path of a folder is empty.", "Write it after the option, or omit the option.")
    return Path(given)
