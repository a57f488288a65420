"""Commands whose modules are imported only when they are called: help and completion show stubs."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True)
class Lazy:
    """A command by the place of its function or Typer app, "module:attribute", and the line that help shows."""

    target: str
    help: str

    def load(self, name: str) -> Any:
        """Import the command."""
        module, _, attribute = self.target.partition(":")
        found = getattr(import_module(module), attribute)
        if not isinstance(found, typer.Typer):
            app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
            app.command(name)(found)
            found = app
        command = typer.main.get_command(found)
        command.name = name
        return command


class LazyGroup(TyperGroup):
    """A group of lazy commands, in the order of `lazy`."""

    lazy: ClassVar[Mapping[str, Lazy]] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, each in self.lazy.items():
            self.add_command(TyperCommand(name, help=each.help))

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in their own order."""
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the real command for the one that was called."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, self.lazy[name].load(name) if name is not None and name in self.lazy else command, rest
