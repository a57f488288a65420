"""Ranges that a search draws values from: log:1e-4..1e-1, lin:0..0.9, int:1..8, or the choices {0,0.3,0.5}."""

import re
from dataclasses import dataclass
from math import log
from typing import Literal

from dlbench.components.records import Parameter, ParameterValue
from dlbench.components.syntax import format_value, guess_value, parse_value
from dlbench.errors import DlbenchError

Scale = Literal["log", "lin", "int", "choice"]
EXAMPLES = "log:1e-4..1e-1, lin:0..0.9, int:1..8 or choice:0/0.3/0.5"
_RANGE = re.compile(r"(log|lin|int):([^.].*?|\.\d.*?)\.\.(.+)")
#: Values are rounded to so many digits: more would name no better value, and reads badly.
_DIGITS = 3


@dataclass(frozen=True)
class SearchRange:
    """The values of one parameter that a search may try.

    scale: how values are spread: evenly, evenly in their logarithms, over whole numbers, or over choices.
    ends: the smallest and the largest value; () for choices.
    choices: the values to choose from; () for a range.
    whole: whether its values are whole numbers.
    """

    scale: Scale
    ends: tuple[float, float] | tuple[()] = ()
    choices: tuple[ParameterValue, ...] = ()
    whole: bool = False

    def value(self, place: float) -> ParameterValue:
        """Return the value at a place between 0 and 1."""
        if not self.ends:
            return self.choices[min(int(place * len(self.choices)), len(self.choices) - 1)]
        low, high = self.ends
        if self.scale == "int":
            return min(int(low) + int(place * (int(high) - int(low) + 1)), int(high))
        value = low * (high / low) ** place if self.scale == "log" else low + place * (high - low)
        return round(value) if self.whole else min(max(float(f"{value:.{_DIGITS}g}"), low), high)

    def place(self, value: ParameterValue) -> float | None:
        """Return where a number lies between the ends, 0 to 1 or beyond; None for choices and for what has no place."""
        if not self.ends or not isinstance(value, int | float):
            return None
        low, high = self.ends
        if self.scale == "log":
            return (log(value) - log(low)) / (log(high) - log(low)) if value > 0 else None
        return (value - low) / (high - low)

    def __str__(self) -> str:
        if not self.ends:
            return "choice:" + "/".join(map(format_value, self.choices))
        return f"{self.scale}:{format_value(self.ends[0])}..{format_value(self.ends[1])}"


def parse_range(text: str, parameter: Parameter, name: str) -> SearchRange:
    """Read a range. Raises DlbenchError for one that is malformed, or beyond what the parameter takes."""
    found = _choices(text)
    if found is not None:
        return SearchRange("choice", choices=tuple(parse_value(each, parameter, name) for each in found))
    match = _RANGE.fullmatch(text)
    if match is None:
        raise DlbenchError(f"{name}: {text!r} is no range to search.", f"Write {EXAMPLES}.")
    if parameter.type not in (int, float):
        raise DlbenchError(f"{name} takes no numbers, so it has no range.", f"Write choice:A/B, or set {name} itself.")
    low, high = (_number(end, name) for end in match.groups()[1:])
    scale: Scale = match[1]  # type: ignore[assignment]  # by its pattern
    for end in (low, high):
        parse_value(format_value(int(end) if parameter.type is int and end == int(end) else end), parameter, name)
    return _checked(SearchRange(scale, (low, high), whole=parameter.type is int), name)


def _choices(text: str) -> list[str] | None:
    """Return the texts of a list of choices, {0,0.3} or choice:0/0.3; None for another range."""
    if text.startswith("{") and text.endswith("}"):
        return [each.strip() for each in text[1:-1].split(",")]
    return text.removeprefix("choice:").split("/") if text.startswith("choice:") else None


def _number(text: str, name: str) -> float:
    value = parse_value(text, Parameter(required=True, type=float), name)
    assert isinstance(value, float)
    return value


def _checked(found: SearchRange, name: str) -> SearchRange:
    """Return a range. Raises DlbenchError where its ends are in the wrong order or its scale does not fit."""
    low, high = found.ends or (0.0, 1.0)
    if not low < high:
        raise DlbenchError(f"{name}: {found} has no values.", "Write the smaller end first: log:1e-4..1e-1.")
    if high - low == float("inf"):
        raise DlbenchError(f"{name}: {found} has no end.", f"Write {EXAMPLES}.")
    if found.scale == "log" and low <= 0:
        raise DlbenchError(
            f"{name}: {found} passes through 0, which has no logarithm.", "Start above 0, or write lin:…"
        )
    fractions = low != int(low) or high != int(high)
    if found.whole and (found.scale == "lin" or fractions):
        raise DlbenchError(f"{name}: {found} does not fit.", f"{name} takes whole numbers: int:1..8 or log:16..256.")
    if found.scale == "int" and not found.whole:
        raise DlbenchError(f"{name}: {found} does not fit.", f"{name} takes numbers: log:1e-4..1e-1 or lin:0..0.9.")
    return found


def read_range(text: str) -> SearchRange:
    """Read a range as records keep it, without knowing its parameter."""
    found = _choices(text)
    if found is not None:
        return SearchRange("choice", choices=tuple(map(guess_value, found)))
    match = _RANGE.fullmatch(text)
    if match is None:
        raise DlbenchError(f"{text!r} is no range to search.", f"Write {EXAMPLES}.")
    scale: Scale = match[1]  # type: ignore[assignment]  # by its pattern
    return SearchRange(scale, (float(match[2]), float(match[3])))
