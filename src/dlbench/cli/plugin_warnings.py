"""Warnings about faulty plugins."""

from dlbench.cli.streams.console import errors
from dlbench.plugins.registry import Registry


def warn_of_problems(registry: Registry) -> None:
    """Print each new problem of a plugin on standard error."""
    from rich.text import Text

    for problem in registry.plugins.take_new_problems():
        errors().print(Text.assemble(("Warning:", "yellow"), f" {problem}"), soft_wrap=True)
