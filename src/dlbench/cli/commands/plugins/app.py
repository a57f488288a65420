"""`dlbench plugins`: which are installed and whether they are well; new ones, checks, installing and removing."""

from types import MappingProxyType

import typer

from dlbench.cli.lazy import Lazy, LazyGroup

HELP = "List, make, check, install and remove plugins."


class Commands(LazyGroup):
    """The sub-commands of `dlbench plugins`."""

    lazy = MappingProxyType(
        {
            "list": Lazy(
                "dlbench.cli.commands.plugins.list:list_plugins", "List plugins: what they bring and their health."
            ),
            "new": Lazy("dlbench.cli.commands.plugins.make:new", "Write a new plugin, with a component that works."),
            "check": Lazy(
                "dlbench.cli.commands.plugins.make:check", "Hold a plugin against every promise that it makes."
            ),
            "install": Lazy(
                "dlbench.cli.commands.plugins.install:install", "Install plugins with pip, beside dlbench."
            ),
            "uninstall": Lazy(
                "dlbench.cli.commands.plugins.install:uninstall", "Remove plugins with pip, broken ones too."
            ),
        }
    )


app = typer.Typer(cls=Commands, help=HELP, no_args_is_help=True, add_completion=False)


@app.callback()
def _group() -> None:
    """List, make, check, install and remove plugins."""
