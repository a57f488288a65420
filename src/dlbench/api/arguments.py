"""Arguments of the Python interface: each is of the type that its function names, or an error says what it takes."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import wraps
from inspect import Parameter, signature
from numbers import Integral, Real
from operator import index
from pathlib import Path
from sys import modules
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from dlbench.errors import DlbenchError

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

#: What a type is called, of one and of many.
_WORDS: Mapping[Any, tuple[str, str]] = {
    bool: ("True or False", "truth values"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("a text", "texts"),
    Path: ("a path", "paths"),
    NoneType: ("None", "None"),
    Mapping: ("a dictionary", "dictionaries"),
    Sequence: ("a list", "lists"),
}


class _OtherTypeError(Exception):
    """A value is of another type than asked for."""


def checked(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """Let a function raise DlbenchError for arguments of other types than it names, and take None for a default."""

    @wraps(function)
    def call(*positional: Any, **keywords: Any) -> _Result:
        bound = signature(function).bind(*positional, **keywords)
        named = {name: value for name, value in bound.arguments.items() if name not in _open(function)}
        bound.arguments.update(read_arguments(function, named))
        return function(*bound.args, **bound.kwargs)

    return call


def read_arguments(function: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments by name as a function takes them, None as the default of what has one.

    Raises DlbenchError for one of another type. Those that the function does not name are returned as they are.
    """
    known, hints = signature(function).parameters, _types(function)
    absent = {name for name, value in given.items() if value is None and name in known}
    defaults = {name: known[name].default for name in absent if known[name].default is not Parameter.empty}
    return read_values({name: hints[name] for name in known if name in hints}, {**given, **defaults})


def _types(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the types of a function's parameters. What it returns may be a name that only type checkers import."""
    named = {name: kind for name, kind in function.__annotations__.items() if name != "return"}
    return get_type_hints(SimpleNamespace(__annotations__=named), vars(modules[function.__module__]))


def read_values(types: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by name, each of its type. Raises DlbenchError for one of another type."""
    return {name: _read(name, value, types[name]) if name in types else value for name, value in given.items()}


def _open(function: Callable[..., Any]) -> set[str]:
    """Return the parameter that takes all other keywords, which are checked where they are read."""
    return {each.name for each in signature(function).parameters.values() if each.kind is Parameter.VAR_KEYWORD}


def _read(name: str, value: Any, wanted: Any) -> Any:
    try:
        return _as(value, wanted)
    except _OtherTypeError:
        raise DlbenchError(f"{name}={_short(value)} is not accepted.", f"It takes {_words(wanted)}.") from None


def _as(value: Any, wanted: Any) -> Any:
    """Return a value of a type, numbers of numpy as Python's. Raises _OtherTypeError if it is none."""
    parts = get_args(wanted)
    kind = get_origin(wanted) or wanted
    if kind in (Union, UnionType):
        return _as_any(value, parts)
    if kind is Sequence:
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Collection):
            raise _OtherTypeError
        return [_as(each, parts[0]) for each in value]
    if kind is Mapping and isinstance(value, Mapping):
        return {_as(key, parts[0]): _as(each, parts[1]) for key, each in value.items()}
    if kind is int and isinstance(value, Integral) and not isinstance(value, bool):
        return index(value)
    if kind is float and isinstance(value, Real) and not isinstance(value, int):
        return float(value)
    if kind is not Any and (not isinstance(value, _accepted(kind)) or (kind is float and isinstance(value, bool))):
        raise _OtherTypeError
    return value


def _as_any(value: Any, types: Sequence[Any]) -> Any:
    for each in types:
        try:
            return _as(value, each)
        except _OtherTypeError:
            continue
    raise _OtherTypeError


def _accepted(kind: Any) -> Any:
    """Return what passes for a type: words of a choice are checked where they are read, which suggests the nearest."""
    return {Literal: str, Path: os.PathLike, float: Real, int: ()}.get(kind, kind)


def _words(wanted: Any, *, many: bool = False) -> str:
    """Return what a type is called: "a whole number, a text or None", "a list of texts"."""
    kind, parts = get_origin(wanted) or wanted, get_args(wanted)
    if kind in (Union, UnionType):
        *first, last = [_words(part, many=many) for part in parts]
        return f"{', '.join(first)} or {last}"
    if kind is Literal:
        return " or ".join(map(str, parts))
    word = _WORDS[kind][many]
    return f"{word} of {_words(parts[0], many=True)}" if kind is Sequence and parts[0] is not Any else word


def _short(value: Any, longest: int = 60) -> str:
    shown = repr(value)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
