"""The options about what is printed, which the commands that print a run share."""

from dataclasses import dataclass, field
from typing import Any

from dlbench.cli.options.groups import Group, field_options

_GROUP = "What is shown"


def _flag(text: str, *flags: str, group: str = _GROUP) -> Any:
    return field(default=False, metadata={"help": text, "group": group, "flags": flags})


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The tables that a run is printed with besides its verdicts."""

    convergence: bool = _flag("Show how fast and how steadily.")
    explain: bool = _flag("Show which diagnostics differ.")


@dataclass(frozen=True, kw_only=True)
class BrieflyShown:
    """What a command that runs trials prints."""

    dry_run: bool = _flag("Show the plan; run and write nothing.")
    quiet: bool = _flag("Print the run folder's path alone.", "--quiet", "-q")
    as_json: bool = _flag("One JSON document on standard output.", "--json")


@dataclass(frozen=True, kw_only=True)
class Shown(BrieflyShown, Tables):
    """What a command that runs a comparison prints."""


TABLES = Group(field_options(Tables), lambda given: Tables(**given))
BRIEFLY_SHOWN = Group(field_options(BrieflyShown), lambda given: BrieflyShown(**given))
SHOWN = Group(field_options(Shown), lambda given: Shown(**given))
