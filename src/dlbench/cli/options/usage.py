"""Errors of the command line itself, in the words of all others: what is wrong, and what to type."""

from typing import Any

import typer

from dlbench.components.axes import AXES
from dlbench.components.spelling import PARAMETER_ALIASES, resolve
from dlbench.errors import DlbenchError, suggest

#: Click's base class of such errors, whichever click this Typer brings.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def usage_error(error: Any) -> DlbenchError:
    """Return an error about options and arguments as one for people."""
    command = error.ctx.command_path if error.ctx else "dlbench"
    see = f"See `{command} --help`."
    option = getattr(error, "option_name", "")
    if type(error).__name__ == "NoSuchOption":
        hint = _parameter_hint(option.lstrip("-")) or suggest(option, error.possibilities or (), see)
        return DlbenchError(f"There is no option {option}.", hint)
    return DlbenchError(error.format_message(), see)


def _parameter_hint(name: str) -> str:
    """Return how to write what is no option but a parameter of components; "" for anything else."""
    from dlbench.plugins.registry import Registry

    registry = Registry.load(strict=False)
    for axis in AXES.values():
        usual = [registry.get(axis.kind, axis.default)] if axis.default else []
        for entry in (*usual, *registry.entries(axis.kind)):
            if meant := resolve(name, entry.record.parameters, PARAMETER_ALIASES):
                shown = f"{axis.option} {entry.record.name}:{meant}=…"
                return f"{meant} is a parameter, of {entry.record.name} among others: write {shown}"
    return ""
