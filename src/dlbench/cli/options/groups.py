"""Options that commands share: declared by the fields of records, and handed to a command as one record."""

import functools
import inspect
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Generic, Literal, TypeVar, get_origin, get_type_hints

import typer

from dlbench.cli.completion.offers import Complete
from dlbench.cli.options.values import folder, number
from dlbench.errors import DlbenchError

Record = TypeVar("Record")
Result = TypeVar("Result")
#: The parameter by which a command that takes groups learns what the user gave.
_CONTEXT = "context"


@dataclass(frozen=True)
class Group(Generic[Record]):
    """Options that commands take together.

    parameters: one for each option, as Typer reads them.
    read: makes the record that a command receives of the options that were given, by name.
    """

    parameters: tuple[inspect.Parameter, ...]
    read: Callable[[dict[str, Any]], Record]


def takes(**groups: Group[Any]) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Return a decorator for commands with a keyword parameter of each group's name.

    Typer sees the options of the group in its place; the command receives what the group makes of them.
    """

    def decorate(command: Callable[..., Result]) -> Callable[..., Result]:
        @functools.wraps(command)
        def wrapped(**values: Any) -> Result:
            given = _given(values.pop(_CONTEXT))
            records = {into: group.read(_take(values, group.parameters, given)) for into, group in groups.items()}
            return command(**values, **records)

        signature = inspect.signature(command)
        own = [parameter for name, parameter in signature.parameters.items() if name not in groups]
        context = inspect.Parameter(_CONTEXT, inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
        parameters = [*own, *(parameter for group in groups.values() for parameter in group.parameters), context]
        wrapped.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # read by inspect
        wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return wrapped

    return decorate


def read_group(group: Group[Record], context: typer.Context) -> Record:
    """Return what a group makes of the options of a command that was parsed, and not called."""
    return group.read(_take(dict(context.params), group.parameters, _given(context)))


def _given(context: typer.Context) -> set[str]:
    """Return the options that the user gave; one that is given as its default counts, as dlbench.toml may differ."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source is not None and not source.name.startswith("DEFAULT")}


def _take(values: dict[str, Any], parameters: Iterable[inspect.Parameter], given: Container[str]) -> dict[str, Any]:
    """Remove the parameters' values and return those that were given. Raises DlbenchError for an empty text.

    An unset variable of a shell leaves one: taken for no option, another run would be computed than was meant.
    """
    taken = {parameter.name: values.pop(parameter.name) for parameter in parameters}
    if empty := [name for name, value in taken.items() if name in given and value == ""]:
        option = f"--{empty[0].replace('_', '-')}"
        raise DlbenchError(f"{option} is empty.", "Write its value after it, or omit the option.")
    return {name: value for name, value in taken.items() if name in given}


def field_options(
    record: type,
    complete: Mapping[str, Complete] = MappingProxyType({}),
    *,
    no_defaults: bool = False,
    default: str = "",
) -> tuple[inspect.Parameter, ...]:
    """Return an option for each field of a record whose metadata have a help text.

    Further metadata: group (the heading in the help), metavar, minimum, percent (what 1 % is in its unit), flags
    (instead of the field's name).
    complete: what completes an option's value, by field.
    no_defaults: every default is None, so that only what the user gave is known.
    default: what the help says of every default instead.
    """
    hints = get_type_hints(record)
    return tuple(
        _field_option(each, hints[each.name], complete.get(each.name), no_default=no_defaults, told=default)
        for each in fields(record)
        if "help" in each.metadata
    )


def _field_option(
    each: "Field[Any]", kind: Any, complete: Complete | None, *, no_default: bool, told: str
) -> inspect.Parameter:
    about = each.metadata
    default = None if no_default or each.default is MISSING else each.default
    flags = tuple(about.get("flags", ()))
    if kind is bool:
        default, flags = False, flags or (f"--{each.name.replace('_', '-')}",)  # without a --no-… form
    elif get_origin(kind) is Literal:
        kind = str | None  # its record checks it, and says what is meant
    elif isinstance(default, tuple):
        kind, default = list[str] | None, None
    elif default is None:
        kind = kind | None
    more: dict[str, Any] = {"metavar": about.get("metavar"), "rich_help_panel": about.get("group")}
    if asked := next((asked for asked in (int, float) if kind in (asked, asked | None)), None):
        name = f"--{each.name.replace('_', '-')}"
        percent = about.get("percent")
        example = each.default * (percent or 0.01) / 0.01 if isinstance(each.default, float) else None
        read = number(name, asked, default, about.get("minimum"), percent=percent, example=example)
        more |= {"parser": read, "metavar": more["metavar"] or "NUMBER"}
    elif kind == Path | None:
        more |= {"parser": folder, "metavar": more["metavar"] or "PATH"}
    text = f"{about['help'].partition(' Default: ')[0]} {told}" if told else about["help"]
    return option(each.name, kind, default, flags, help=text, autocompletion=complete, show_default=not told, **more)


def option(name: str, kind: Any, default: Any, flags: tuple[str, ...] = (), **about: Any) -> inspect.Parameter:
    """Return the parameter by which Typer declares an option; about: see typer.Option."""
    annotation = Annotated[kind, typer.Option(*flags, **about)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
