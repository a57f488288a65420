"""The options that make a request: what is compared, on which seeds, what is measured and how it is judged."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dlbench.cli.completion.offers import complete_diagnostics
from dlbench.cli.options.axes import COMPONENTS, axis_options, axis_values
from dlbench.cli.options.groups import Group, field_options
from dlbench.cli.options.judging import JUDGING
from dlbench.components.syntax import split_assignments, split_list
from dlbench.errors import DlbenchError
from dlbench.plans.plan import Request
from dlbench.statistics.seeds import Seeds, named_seeds


def _shown(group: str, text: str, **more: Any) -> dict[str, Any]:
    return {"group": group, "help": text, **more}


@dataclass(frozen=True, kw_only=True)
class Combinations:
    """Variants that are no product of axes."""

    variant: Sequence[str] = field(
        default=(),
        metadata=_shown(
            COMPONENTS,
            'A combination that is no product of axes: "label=…;model=…;batch-size=…". Repeatable.',
            metavar="KEY=VALUE;…",
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Repetitions:
    """What is measured besides the results, and on which seeds."""

    seeds: str = field(
        default="",
        metadata=_shown(
            "Seeds",
            "How many paired seeds: a number, least for the fewest that can show anything, or auto:7..30 for as many "
            "as verdicts turn out to need. Default: enough to show one standard deviation in 4 of 5 studies.",
            metavar="N",
        ),
    )
    seed: Sequence[str] = field(
        default=(), metadata=_shown("Seeds", "Which seeds, instead of how many.", metavar="N,…")
    )
    noise_floor: bool = field(
        default=False, metadata=_shown("Seeds", "Run the baseline against itself on other seeds.")
    )
    diagnostics: Sequence[str] = field(
        default=(),
        metadata=_shown(
            "Diagnostics",
            "What is measured besides the results, and when: saturation,first,last (or every:5, or epochs); all.",
            metavar="NAME,…",
        ),
    )


def _read(given: dict[str, Any]) -> Request:
    """Read the options into a request, still in text."""
    return Request(
        values=axis_values(given),
        variants=[split_assignments(text) for text in given.get("variant", ())],
        seeds=_seeds(given.get("seeds", ""), given.get("seed", ())),
        judging={parameter.name: given[parameter.name] for parameter in JUDGING.parameters if parameter.name in given},
        noise_floor=given.get("noise_floor", False),
        diagnostics=given.get("diagnostics", ()),
    )


def _seeds(seeds: str, seed: Sequence[str]) -> Seeds:
    if seeds and seed:
        raise DlbenchError("--seeds says how many and --seed says which.", "Use only one of the two.")
    if seeds:
        return named_seeds(seeds) if seeds.startswith(("auto", "least")) else _whole_number(seeds, "--seeds")
    return [_whole_number(item, "--seed") for text in seed for item in split_list(text)] or None


def _whole_number(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError:
        hint = "Write --seeds 7 for how many, or --seed 0,1,2 for which."
        raise DlbenchError(f"{name} takes whole numbers, not {text!r}.", hint) from None


_VARIANTS = field_options(Combinations)
_CONDITIONS = (
    *field_options(Repetitions, {"diagnostics": complete_diagnostics}),
    *JUDGING.parameters,
    *axis_options(),
)
#: Of a command that measures combinations without training them.
COMBINATIONS = Group((*_VARIANTS, *axis_options()), _read)
#: Of an experiment, whose variants are in its file.
OVERRIDES = Group(_CONDITIONS, _read)
#: Of a comparison.
REQUEST = Group((*_VARIANTS, *_CONDITIONS), _read)
