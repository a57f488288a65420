"""The options by which a user makes a command fail on verdicts or claims, for continuous integration."""

from dataclasses import dataclass, field
from typing import Any

from dlbench.cli.completion.offers import complete_choices, complete_claims
from dlbench.cli.options.groups import Group, field_options
from dlbench.statistics.verdicts import NAMEABLE

_GROUP = "Exit code 3"


def _shown(text: str, metavar: str) -> Any:
    return field(default="", metadata={"help": text, "group": _GROUP, "metavar": metavar})


_IF = f"Fail if a variant's verdict is one of {', '.join(NAMEABLE)}."


@dataclass(frozen=True, kw_only=True)
class VerdictOptions:
    """When a comparison fails."""

    fail_if: str = _shown(_IF, "VERDICT,…")
    fail_unless: str = _shown("Fail unless every variant has one of these verdicts.", "VERDICT,…")


@dataclass(frozen=True, kw_only=True)
class ClaimOptions:
    """When an experiment fails."""

    fail_if: str = _shown(_IF, "VERDICT,…")
    fail_unless: str = _shown(
        "Fail unless all claims are supported (supported), or those of these numbers (1,3).", "supported|N,…"
    )


_COMPLETE = complete_choices(NAMEABLE)
VERDICT_GATE = Group(
    field_options(VerdictOptions, {"fail_if": _COMPLETE, "fail_unless": _COMPLETE}),
    lambda given: VerdictOptions(**given),
)
CLAIM_GATE = Group(
    field_options(ClaimOptions, {"fail_if": _COMPLETE, "fail_unless": complete_claims}),
    lambda given: ClaimOptions(**given),
)
