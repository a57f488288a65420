"""The options that make a request: what is compared, on which seeds, what is measured and how it is judged."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dlbench.cli.completion.offers import complete_choices, complete_diagnostics
from dlbench.cli.options.axes import COMPONENTS, axis_options, axis_values
from dlbench.cli.options.groups import Group, field_options
from dlbench.cli.options.judging import JUDGING
from dlbench.components.syntax import split_assignments, split_list
from dlbench.errors import DlbenchError
from dlbench.plans.plan import Request
from dlbench.plans.search_space import AUTO, TUNABLE
from dlbench.plans.spread import BACKGROUNDS, LEVELS, SUBJECTS, Spread
from dlbench.plans.tuning import Tune
from dlbench.statistics.search_points import DESIGNS
from dlbench.statistics.seeds import Seeds, named_seeds
from dlbench.trials.seed_streams import SEEDED, SOURCES

SPREADING = "Sources of randomness (one varies at a time)"
TUNING = "Tuning (each variant at its own best, chosen on validation)"


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
            "as verdicts turn out to need: decided variants get no more. Default: enough to show one standard "
            "deviation in 4 of 5 studies.",
            metavar="N",
        ),
    )
    seed: Sequence[str] = field(
        default=(), metadata=_shown("Seeds", "Which seeds, instead of how many.", metavar="N,…")
    )
    noise_floor: bool = field(
        default=False, metadata=_shown("Seeds", "Run the baseline against itself on other seeds.")
    )
    hold: Sequence[str] = field(
        default=(),
        metadata=_shown(
            "Seeds",
            f"What all seeds share, so that verdicts are about this one: {', '.join(SEEDED)}.",
            metavar="SOURCE,…",
        ),
    )
    diagnostics: Sequence[str] = field(
        default=(),
        metadata=_shown(
            "Diagnostics",
            "What is measured besides the results, and when: saturation,first,last (or every:5, or epochs); all.",
            metavar="NAME,…",
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is tuned for each variant before they are compared."""

    tune: Sequence[str] = field(
        default=(),
        metadata=_shown(
            TUNING,
            "Compare each variant at its own best: learning-rate=log:1e-4..1e-1, optimizer.weight_decay=…, "
            "model.dropout=choice:0/0.3/0.5, or auto for the ranges that components declare. Repeatable.",
            metavar="NAME=RANGE",
        ),
    )
    budget: str = field(
        default="",
        metadata=_shown(
            TUNING,
            "Points tried for each variant, its own settings among them, or a training time: 2h. Default: 8.",
            metavar="N",
        ),
    )
    studies: int | None = field(
        default=None,
        metadata=_shown(
            TUNING, "Judge the procedure, not what it found: repeat the whole search so often.", metavar="N", minimum=1
        ),
    )
    tuning_seeds: int = field(
        default=1, metadata=_shown(TUNING, "Seeds a point, apart from those of the comparison.", metavar="N", minimum=1)
    )
    tune_design: str = field(
        default="sobol", metadata=_shown(TUNING, "How points are drawn: sobol or random.", metavar="NAME")
    )


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Which sources of randomness are varied, one at a time."""

    streams: Sequence[str] = field(
        default=(),
        metadata=_shown(
            SPREADING,
            f"What is varied: {', '.join(SOURCES)}. Default: those that are drawn from, as far as settings tell.",
            metavar="SOURCE,…",
        ),
    )
    backgrounds: int = field(
        default=BACKGROUNDS,
        metadata=_shown(SPREADING, "Seeds of the others at which each is varied.", metavar="N", minimum=3),
    )
    levels: int = field(
        default=LEVELS, metadata=_shown(SPREADING, "Seeds that it takes at each of them.", metavar="N", minimum=2)
    )
    of: str = field(
        default=SUBJECTS[0],
        metadata=_shown(SPREADING, "variant, or difference for that of two.", metavar="|".join(SUBJECTS)),
    )


def _spread(given: dict[str, Any]) -> Spread:
    return Spread(
        sources=given.get("streams", ()),
        **{name: given[name] for name in ("backgrounds", "levels", "of") if name in given},
    )


def _tune(given: dict[str, Any]) -> Tune | None:
    """Read what is tuned. Raises DlbenchError for what says how, where nothing says what."""
    if "tune" in given:
        return Tune(
            ranges=tuple(given["tune"]),
            budget=given.get("budget", ""),
            studies=given.get("studies") or 0,
            seeds=given.get("tuning_seeds", 1),
            design=given.get("tune_design", "sobol"),
        )
    if alone := [name for name in ("budget", "studies", "tuning_seeds", "tune_design") if name in given]:
        raise DlbenchError(
            f"--{alone[0].replace('_', '-')} says how to tune, and nothing says what.",
            "Add --tune learning-rate=log:1e-4..1e-1, or --tune auto.",
        )
    return None


def _read(given: dict[str, Any]) -> Request:
    """Read the options into a request, still in text."""
    return Request(
        values=axis_values(given),
        variants=[split_assignments(text) for text in given.get("variant", ())],
        seeds=_seeds(given.get("seeds", ""), given.get("seed", ())),
        judging={parameter.name: given[parameter.name] for parameter in JUDGING.parameters if parameter.name in given},
        noise_floor=given.get("noise_floor", False),
        diagnostics=given.get("diagnostics", ()),
        tune=_tune(given),
        hold=given.get("hold", ()),
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
_TUNABLE = (AUTO, *(f"{name.replace('_', '-')}=" for name in TUNABLE))
_CONDITIONS = (
    *field_options(Repetitions, {"diagnostics": complete_diagnostics, "hold": complete_choices(SEEDED)}),
    *field_options(Search, {"tune": complete_choices(_TUNABLE), "tune_design": complete_choices(DESIGNS)}),
    *JUDGING.parameters,
    *axis_options(),
)
#: Of a command that measures combinations without training them.
COMBINATIONS = Group((*_VARIANTS, *axis_options()), _read)
#: Of an experiment, whose variants are in its file.
OVERRIDES = Group(_CONDITIONS, _read)
_JUDGED = tuple(parameter for parameter in JUDGING.parameters if parameter.name == "metric")
_SOURCES = field_options(Sources, {"streams": complete_choices(SOURCES), "of": complete_choices(SUBJECTS)})
#: Of what shows where the spread comes from.
SPREAD = Group(
    (*_VARIANTS, *_SOURCES, *_JUDGED, *axis_options()), lambda given: replace(_read(given), spread=_spread(given))
)
#: Of a comparison.
REQUEST = Group((*_VARIANTS, *_CONDITIONS), _read)
