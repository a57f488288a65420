"""Errors of the command line itself, in the words of all others: what is wrong, and what to type."""

import re
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
        hint = (
            _called_otherwise(command.rpartition(" ")[2], option)
            or _parameter_hint(option.lstrip("-"))
            or suggest(option, error.possibilities or (), see)
        )
        return DlbenchError(f"There is no option {option}.", hint)
    message = error.format_message()
    return _taken_apart(message) or DlbenchError(message, see)


def _called_otherwise(command: str, option: str) -> str:
    """Return what to write where a command has another option for what its neighbors call so; "" for other options."""
    if command != "spread" or option not in ("--seeds", "--seed"):
        return ""
    from dlbench.plans.spread import OTHER_SEEDS

    return OTHER_SEEDS


def _taken_apart(message: str) -> DlbenchError | None:
    """Return the error for a list in braces that a shell has made words of; None for another message."""
    extra = re.search(r"unexpected extra argument\S* \((.+)\)$", message)
    words = [word.partition("=") for word in extra[1].split()] if extra else []
    names = {name for name, _, _ in words}
    if len(names) != 1 or not all(equals and value for _, equals, value in words):
        return None
    name, others = names.pop(), "/".join(value for _, _, value in words)
    return DlbenchError(
        f"The shell has made several words of {name}={{…}}: {', '.join(map(''.join, words))} belong to no option.",
        f"Write --tune {name}=choice:A/{others} with the first value as A, or put the braces into quotes.",
    )


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
