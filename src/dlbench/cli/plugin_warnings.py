"""Warnings about faulty plugins, and notes about names that were written as aliases."""

from dlbench.cli.streams.console import errors
from dlbench.plugins.registry import Registry


def warn_of_problems(registry: Registry) -> None:
    """Print each new problem of a plugin, and each alias that was looked up, on standard error."""
    from rich.text import Text

    for problem in registry.plugins.take_new_problems():
        errors().print(Text.assemble(("Warning:", "yellow"), f" {problem}"), soft_wrap=True)
    for written, meant in registry.take_aliases().items():
        errors().print(f"Note: {written} means {meant}.", soft_wrap=True)
