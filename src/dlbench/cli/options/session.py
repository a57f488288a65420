"""The options about where and how trials run, which every command with trials shares."""

import sys
from dataclasses import replace
from typing import Any

from dlbench.cli.completion.offers import complete_components
from dlbench.cli.options.groups import Group, field_options, option
from dlbench.cli.streams.console import confirm
from dlbench.sessions.options import AGAIN, Options

#: Written by `dlbench submit`.
_ONLY_CODE = option("only_code", list[str] | None, None, ("--only-code",), metavar="NAME=DIGEST", hidden=True)
_YES = option("yes", bool, False, ("--yes",), help="Do not ask about --fresh.", rich_help_panel=AGAIN)


def _read(given: dict[str, Any]) -> Options:
    assumes_yes = given.pop("yes", False)
    options = Options(command=["dlbench", *sys.argv[1:]], given=frozenset(given), **given)
    return options if assumes_yes else replace(options, confirm=confirm)


_OPTIONS = (*field_options(Options, {"executor": complete_components("executors")}), _ONLY_CODE, _YES)
SESSION = Group(_OPTIONS, _read)


def session_group(*without: str) -> Group[Options]:
    """Return the group without the options that make no sense for a command."""
    return Group(tuple(option for option in _OPTIONS if option.name not in without), _read)
