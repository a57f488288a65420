"""The page of commands: every command with its arguments and options, as the command line itself declares them."""

from collections.abc import Iterator
from typing import Any

import typer

from dlbench.cli.commands.submit import Submitters
from dlbench.cli.lazy import LazyGroup
from dlbench.cli.main import app
from writing import code, plain, sentences, table

HEAD = """# Commands

`dlbench COMMAND --help` shows the same. Options before the command: `--version`, and `--debug`, which
shows the traceback of an error.

Exit codes: 0 all trials have a result (diverged trials and vetoed combinations count), 1 some failed, 2 the command
was invalid, 3 a verdict or a claim is one on which `--fail-if` or `--fail-unless` makes the command fail, 130
interrupted, with all finished trials kept.

"""


def commands_page() -> str:
    """Return the page."""
    return HEAD + "".join(_section(name, command) for name, command in commands())


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command with its full name."""
    yield from _walk("dlbench", typer.main.get_command(app))


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(command, Submitters):  # its commands are those of plugins, which may be installed or not
        yield name, command
    elif isinstance(command, LazyGroup):
        for each, lazy in command.lazy.items():
            yield from _walk(f"{name} {each}", lazy.load(each))
    elif hasattr(command, "commands"):
        for each, inner in command.commands.items():
            if not inner.hidden:
                yield from _walk(f"{name} {each}", inner)
    else:
        yield name, command


def _section(name: str, command: Any) -> str:
    parameters = [each for each in command.params if not getattr(each, "hidden", False) and each.name != "help"]
    arguments = [each for each in parameters if each.param_type_name == "argument"]
    options = [each for each in parameters if each.param_type_name == "option"]
    words = [*(_metavar(each) for each in arguments), *(["[OPTIONS]"] if options else [])]
    usage = " ".join([name, *(words or [getattr(command, "subcommand_metavar", "")])]).strip()
    parts = [f"## {name}\n\n{sentences(plain(command.help or ''))}\n\n```text\n{usage}\n```\n\n"]
    if arguments:
        parts.append(table(["argument", "meaning"], [[code(_metavar(a)), plain(a.help or "")] for a in arguments]))
    panels: dict[str, list[Any]] = {}
    for option in options:
        panels.setdefault(getattr(option, "rich_help_panel", None) or "Options", []).append(option)
    for panel, members in panels.items():
        rows = [[_flags(option), _help(option)] for option in members]
        parts.append((f"**{panel}**\n\n" if len(panels) > 1 else "") + table(["option", "meaning"], rows))
    return "".join(parts)


def _metavar(argument: Any) -> str:
    found = (argument.metavar or argument.name.upper()) + "…" * (argument.nargs == -1)
    return found if argument.required else f"[{found}]"


def _flags(option: Any) -> str:
    flags = ", ".join([*option.opts, *option.secondary_opts])
    return code(f"{flags} {option.metavar}" if option.metavar and not option.is_flag else flags)


def _help(option: Any) -> str:
    text = plain(option.help or "")
    default = option.default
    shown = default not in (None, "", False, ()) and not callable(default) and "default" not in text.lower()
    return f"{text} Default: {default}." if shown else text
