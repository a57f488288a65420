"""The keys of experiment files, and what each accepts."""

from collections.abc import Callable
from dataclasses import fields
from math import inf
from typing import Any, NamedTuple, get_type_hints

from dlbench.errors import DlbenchError
from dlbench.plans.criteria import Criteria
from dlbench.statistics.seeds import TESTS, named_seeds
from dlbench.trials.seed_streams import SEEDED

SCHEMA = 1


class Key(NamedTuple):
    """What a key accepts: its types, in words, and a further check."""

    types: tuple[type, ...]
    wanted: str
    required: bool = False
    holds: Callable[[Any], bool] = lambda value: True


def _holds_seeds(seeds: Any) -> bool:
    """Return whether a value says how many seeds, or which."""
    if isinstance(seeds, str):
        try:
            return bool(named_seeds(seeds))
        except DlbenchError:
            return False
    if isinstance(seeds, int):
        return seeds >= 1
    return bool(seeds) and all(type(seed) is int and seed >= 0 for seed in seeds)


def _is_finite(value: float) -> bool:
    return -inf < value < inf


_TEXT = Key((str,), "a text")
_NUMBER = (int, float)
_READING = {
    "metric": Key((str,), 'the name of a metric, such as "validation_accuracy"', required=True),
    "at": Key(
        (str, int),
        '"selected", "last" or the number of an epoch, from 1',
        holds=lambda at: at in ("selected", "last") if isinstance(at, str) else at >= 1,
    ),
    "over": Key((str,), '"all", "second-half", "first:N" or "last:N"'),
    "target": Key(_NUMBER, "a number", holds=_is_finite),
}
REPORTED = {
    "variant": Key((str,), "the name of a variant", required=True),
    "value": Key(_NUMBER, "a number, accuracies as fractions", required=True, holds=_is_finite),
    "place": _TEXT,
    **_READING,
}
CLAIM = {
    "text": Key((str,), "a sentence", required=True),
    "relation": Key((str,), "a relation, such as 'a > b'", required=True),
    "margin": Key(_NUMBER, "a number from 0 on, in the metric's unit", holds=lambda margin: 0 <= margin < inf),
    "alpha": Key(_NUMBER, "a number between 0 and 1", holds=lambda alpha: 0 < alpha < 1),
    **_READING,
}
_KINDS = {bool: Key((bool,), "true or false"), float: Key(_NUMBER, "a number")}
_HINTS = get_type_hints(Criteria)
#: How differences are judged: the criteria that users set.
CRITERIA = {each.name: _KINDS.get(_HINTS[each.name], _TEXT) for each in fields(Criteria) if each.metadata}
CRITERIA |= {name: CLAIM[name] for name in ("margin", "alpha")}
CRITERIA["test"] = Key((str,), " or ".join(TESTS), holds=lambda test: test in TESTS)
TOP = {
    "schema": Key((int,), f"{SCHEMA}", required=True),
    "title": Key((str,), "a text", required=True),
    "report": _TEXT,
    "description": _TEXT,
    "seeds": Key(
        (int, list, str),
        'how many seeds, a list of them, "least", or "auto:7..30" for as many as verdicts need',
        holds=_holds_seeds,
    ),
    "noise_floor": Key((bool,), "true or false"),
    "own_validation": Key((bool,), "true or false"),
    "hold": Key(
        (str, list),
        f"a list of what all seeds share, of {', '.join(SEEDED)}",
        holds=lambda names: isinstance(names, str) or all(isinstance(name, str) for name in names),
    ),
    "criteria": Key((dict,), "a table: [criteria] on a line of its own"),
    "diagnostics": Key(
        (str, list),
        'a list of diagnostics and of the epochs at which they measure: ["saturation", "first", "last"]',
        holds=lambda texts: isinstance(texts, str) or all(isinstance(text, str) for text in texts),
    ),
    "tune": Key((dict,), "a table: [tune] on a line of its own"),
    "spread": Key((dict,), "a table: [spread] on a line of its own"),
    "settings": Key((dict,), "a table: [settings] on a line of its own"),
    "axes": Key((dict,), "a table: [axes] on a line of its own"),
    "variants": Key((list,), "tables: [[variants]] on a line of its own"),
    "reported": Key((list,), "tables: [[reported]] on a line of its own"),
    "claims": Key((list,), "tables: [[claims]] on a line of its own"),
}
