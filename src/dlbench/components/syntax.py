"""The component syntax: `name (":" key "=" value)*`, lists joined by commas; double quotes make both literal."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isinf

from dlbench.components.records import Parameter, ParameterValue
from dlbench.components.spelling import resolve
from dlbench.errors import DlbenchError, suggest

_OPENS_PARAMETER = re.compile(r":(?=[A-Za-z_][\w-]*=)")
_TUPLE_JOINT = re.compile(r"(?<=[^eE-])-")
#: The largest integer that torch, parquet and other programs can store.
LARGEST_INTEGER = 2**63 - 1
_WORDS = {"true": True, "false": False}
_NEEDS_QUOTES = re.compile(r"[,;]|:[A-Za-z_][\w-]*=|^\s|\s$")
_ABOUT_QUOTES = (
    "Double quotes enclose a value that holds commas or colons, and are no part of it. "
    "A file or folder with one in its name is reached through a link (ln -s), or renamed."
)
_DESCRIPTIONS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "numbers joined by '-'",
}


@dataclass(frozen=True)
class Reference:
    """A component as the user wrote it.

    name: its name, qualified or not.
    parameters: texts by parameter.
    """

    name: str
    parameters: Mapping[str, str]


def _split(text: str, separator: str) -> list[str]:
    """Split at separators outside double quotes; the quotes are kept."""
    parts, start, quoted = [], 0, False
    for index, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            parts.append(text[start:index])
            start = index + 1
    if quoted:
        raise DlbenchError(f"Unclosed double quote in {text!r}.", _ABOUT_QUOTES)
    return [*parts, text[start:]]


def split_list(text: str) -> list[str]:
    """Split a comma-joined list of variants. Raises DlbenchError for an empty item."""
    items = [item.strip() for item in _split(text, ",")]
    if not all(items):
        raise DlbenchError(
            f"The list {text!r} has an empty item." if text.strip() else "The list is empty.",
            "Write values joined by single commas, as in relu,tanh.",
        )
    return items


def split_assignments(text: str) -> dict[str, str]:
    """Parse "label=…;model=…;…", the value of one --variant."""
    assignments: dict[str, str] = {}
    for part in _split(text, ";"):
        key, _, value = part.strip().partition("=")
        if not key.strip() or not value.strip():
            raise DlbenchError(
                f"--variant {text!r}: {part.strip()!r} does not read key=value.",
                'Write it as --variant "label=small;model=mlp:hidden=32;learning-rate=0.01".',
            )
        name = key.strip().replace("-", "_")
        if name in assignments:
            raise DlbenchError(f"--variant {text!r} gives {key.strip()} twice.")
        assignments[name] = value.strip()
    return assignments


def parse_reference(text: str) -> Reference:
    """Parse "name:key=value:…". A colon opens a parameter only before "identifier="."""
    pieces, start = [], 0
    quoted = [False]
    for character in text:
        quoted.append(quoted[-1] != (character == '"'))
    for match in _OPENS_PARAMETER.finditer(text):
        if not quoted[match.start()]:
            pieces.append(text[start : match.start()])
            start = match.end()
    pieces.append(text[start:])
    parameters: dict[str, str] = {}
    for piece in pieces[1:]:
        key, _, value = piece.partition("=")
        if key in parameters:
            raise DlbenchError(f"{text!r} gives {key} twice.")
        parameters[key] = _unquote_value(value)
    return Reference(_unquote_value(pieces[0].strip()), parameters)


def _unquote_value(text: str) -> str:
    """Return a text without double quotes. Raises DlbenchError for quotes that seem to be a part of it."""
    if '"' in text and not text.startswith('"') and not any(map(_NEEDS_QUOTES.search, text.split('"')[1::2])):
        raise DlbenchError(f"The double quotes in {text} would be left out.", _ABOUT_QUOTES)
    return unquote(text)


def unquote(text: str) -> str:
    """Return a text without double quotes, which are never part of a value."""
    return text.replace('"', "")


def parse_value(text: str, parameter: Parameter, name: str) -> ParameterValue:
    """Parse one value by the type and range of its parameter; `name` names it in errors."""
    if text.lower() == "none" and parameter.default is None and not parameter.required:
        return None
    try:
        value = _convert(text, parameter)
    except ValueError:
        wanted = _DESCRIPTIONS[parameter.type or str]
        raise DlbenchError(f"{name} takes {wanted}, not {text!r}.", f"{name}: {describe(parameter)}") from None
    if _overflows(value) and "inf" not in text.lower():
        raise DlbenchError(f"{name} = {text} is larger than any number here.", f"{name}: {describe(parameter)}")
    return check_value(value, parameter, name)


def _overflows(value: ParameterValue) -> bool:
    numbers = value if isinstance(value, tuple) else (value,)
    return any(isinstance(number, float) and isinf(number) for number in numbers)


def check_value(value: ParameterValue, parameter: Parameter, name: str) -> ParameterValue:
    """Return the value, a choice as it is declared. Raises DlbenchError if the range or the choices exclude it."""
    if parameter.choices:
        choice = resolve(str(value), parameter.choices)
        if choice is None:
            hint = suggest(str(value), parameter.choices, f"It takes {', '.join(parameter.choices)}.")
            raise DlbenchError(f"{name} does not take {value!r}.", hint)
        return choice
    numbers = value if isinstance(value, tuple) else (value,) if isinstance(value, int | float) else ()
    for number in numbers:
        low = parameter.minimum is not None and not number >= parameter.minimum
        high = parameter.maximum is not None and not number <= parameter.maximum
        wide = isinstance(number, int) and abs(number) > LARGEST_INTEGER
        if low or high or wide or number != number:
            raise DlbenchError(f"{name} = {format_value(value)} is out of range.", f"{name}: {describe(parameter)}")
    return value


def _convert(text: str, parameter: Parameter) -> ParameterValue:
    match parameter.type:
        case None:
            return guess_value(text)
        case kind if kind is bool:
            if text.lower() not in _WORDS:
                raise ValueError(text)
            return _WORDS[text.lower()]
        case kind if kind is int:
            return int(text)
        case kind if kind is float:
            return float(text)
        case kind if kind is tuple:
            return tuple(map(_number_like(parameter.default), _TUPLE_JOINT.split(text)))
    return text


def _number_like(example: ParameterValue) -> Callable[[str], float]:
    """Return the parser for the numbers of a tuple: whole if those of the default are; else each text decides."""
    if not isinstance(example, tuple) or not example:
        return lambda text: int(text) if text.lstrip("-").isdecimal() else float(text)
    return float if any(isinstance(number, float) for number in example) else int


def guess_value(text: str) -> ParameterValue:
    """Parse a value of undeclared type: none, true, false, a whole number, a number, or text."""
    if text.lower() == "none":
        return None
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def format_value(value: object) -> str:
    """Return a value as text; the inverse of parse_value."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case tuple() | list():
            return "-".join(format_value(item) for item in value)
        case float():
            return f"{value:g}" if float(f"{value:g}") == value else repr(float(value))  # numpy's are floats too
    text = str(value)
    return f'"{text}"' if _NEEDS_QUOTES.search(text) else text


def format_reference(name: str, parameters: Mapping[str, ParameterValue]) -> str:
    """Return a component as text; the inverse of parse_reference."""
    return ":".join([name, *(f"{key}={format_value(value)}" for key, value in parameters.items())])


def describe(parameter: Parameter) -> str:
    """Return what a parameter accepts, in words: "a number from 0 to 1, default 0.5"."""
    if parameter.choices:
        words = ", ".join(parameter.choices)
    else:
        words = _DESCRIPTIONS[parameter.type] if parameter.type else "a value"
    if parameter.minimum is not None and parameter.maximum is not None:
        words += f" from {parameter.minimum:g} to {parameter.maximum:g}"
    elif parameter.minimum is not None:
        words += f", at least {parameter.minimum:g}"
    elif parameter.maximum is not None:
        words += f", at most {parameter.maximum:g}"
    if parameter.required:
        return f"{words} (required)"
    return f"{words}, default {format_value(parameter.default)}"
