"""`dlbench plugins`: list, create, check, install and remove plugins."""

from types import MappingProxyType

import typer

from dlbench.cli.lazy import Lazy, LazyGroup

HELP = "List, create, check, install and remove plugins."


class Commands(LazyGroup):
    """The sub-commands of `dlbench plugins`."""

    lazy = MappingProxyType(
        {
            "list": Lazy(
                "dlbench.cli.commands.plugins.list:list_plugins", "List plugins: what they provide and their health."
            ),
            "new": Lazy("dlbench.cli.commands.plugins.make:new", "Write a new plugin, with a working component."),
            "check": Lazy("dlbench.cli.commands.plugins.make:check", "Check every promise that a plugin makes."),
            "install": Lazy(
                "dlbench.cli.commands.plugins.install:install", "Install plugins with pip, next to dlbench."
            ),
            "uninstall": Lazy(
                "dlbench.cli.commands.plugins.install:uninstall", "Remove plugins with pip, broken ones too."
            ),
        }
    )


app = typer.Typer(cls=Commands, help=HELP, no_args_is_help=True, add_completion=False)


@app.callback()
def _group() -> None:
    """List, create, check, install and remove plugins."""
