"""`dlbench plugins install` and `uninstall`: pip, run in dlbench's own environment. Neither loads a plugin."""

import importlib
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata, util
from typing import Annotated

import typer

from dlbench.cli.completion.offers import complete_plugins
from dlbench.cli.streams.console import errors, output
from dlbench.errors import DlbenchError, shell_words, suggest
from dlbench.hookspecs import PROJECT
from dlbench.plugins.discovery import BUILT_IN

#: Options of pip that take no value.
_PIP_FLAGS = frozenset(
    (
        *("--no-deps", "--pre", "--user", "--no-index", "--no-cache-dir", "--no-build-isolation"),
        *("--no-compile", "--force-reinstall", "--ignore-installed", "-I", "--require-hashes"),
        *("--prefer-binary", "--break-system-packages", "--use-pep517", "--dry-run", "--isolated"),
        *("--quiet", "-q", "--verbose", "-v", "--no-input", "--no-color"),
    )
)
_PIP_OPTIONS = {"allow_extra_args": True, "ignore_unknown_options": True}


def install(
    context: typer.Context,
    requirements: Annotated[
        list[str], typer.Argument(metavar="WHAT", help="What pip installs: a name, a folder, an address.")
    ],
    upgrade: Annotated[
        bool, typer.Option("--upgrade", "-U", help="Update plugins that are already installed.")
    ] = False,
    editable: Annotated[
        bool,
        typer.Option("--editable", "-e", help="Install folders in editable mode: changes there take effect at once."),
    ] = False,
) -> None:
    """Install plugins with pip, next to dlbench. A plugin is code that runs with your rights: trust it first.

    Arguments after -- are passed to pip.
    """
    arguments = [*requirements, *context.args]  # in the order that they were written in
    named = _named(arguments)
    if not named:
        raise DlbenchError("Nothing to install.", "Write dlbench plugins install NAME, or a folder.")
    errors().print("A plugin is code: it runs with your rights whenever dlbench does.")
    before = _installed()
    wanted = [
        part
        for place, each in enumerate(arguments)
        for part in (["--editable"] * (editable and place in named) + [each])
    ]
    _pip("install", *(["--upgrade"] if upgrade else []), *wanted)
    importlib.invalidate_caches()
    fresh = sorted(_installed().keys() - before.keys())
    if fresh:
        output().print(f"New: {', '.join(fresh)}. Next: `dlbench plugins check {fresh[0]}`.")
    elif not set(_installed()) & {name.removeprefix("dlbench-") for name in named.values()}:
        output().print("No new plugin was found. See `dlbench plugins list`.")


def uninstall(
    plugins: Annotated[
        list[str],
        typer.Argument(metavar="NAME", help="Plugins, by name or by distribution.", autocompletion=complete_plugins),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove plugins with pip, broken ones too: none of them is loaded."""
    distributions = [_distribution(name) for name in plugins]
    if not yes and sys.stdin.isatty() and not typer.confirm(f"Remove {', '.join(distributions)}?"):
        raise typer.Exit(1)
    _pip("uninstall", "--yes", *distributions)


def _named(arguments: Sequence[str]) -> dict[int, str]:
    """Return what is to be installed, by its place among pip's arguments: neither an option nor an option's value."""
    values = {
        place + 1
        for place, each in enumerate(arguments)
        if each.startswith("-") and "=" not in each and each not in _PIP_FLAGS
    }
    return {place: each for place, each in enumerate(arguments) if not each.startswith("-") and place not in values}


def _installed() -> dict[str, str]:
    """Return the distribution of each plugin by name; broken ones too, as nothing is imported."""
    points = metadata.entry_points(group=PROJECT)
    return {point.name: point.dist.name for point in points if point.dist}


def _distribution(name: str) -> str:
    installed = _installed()
    if name in installed:
        return installed[name]
    if name in installed.values():
        return name
    if name in (*BUILT_IN, PROJECT):
        raise DlbenchError(f"{name} is part of dlbench.", "Remove dlbench itself with pip if that is what you want.")
    known = [*installed, *installed.values()]
    raise DlbenchError(f"There is no plugin {name!r}.", suggest(name, known, "Run `dlbench plugins list` to see all."))


def _pip(command: str, *arguments: str) -> None:
    """Run pip in the environment that dlbench runs in."""
    if util.find_spec("pip") is None:
        shown = shell_words(*(argument for argument in arguments if argument != "--yes"))
        raise DlbenchError(
            f"pip is not installed in dlbench's environment ({sys.prefix}).",
            f"Run `python -m ensurepip` there, or `uv pip {command} --python {shell_words(sys.executable)} {shown}`.",
        )
    options = ["--disable-pip-version-check"]
    done = subprocess.run([sys.executable, "-P", "-m", "pip", command, *options, *arguments], check=False)
    if done.returncode:
        raise typer.Exit(1)
