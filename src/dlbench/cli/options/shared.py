"""Options that several commands share, declared once and handed over as one mapping."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Result = TypeVar("Result")


def share(
    options: Mapping[str, tuple[Any, Any]], into: str
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Return a decorator for commands that take a mapping named `into`: it holds those of the options that were given.

    options: by name, the annotation as Typer reads it and the default.
    """

    def decorate(command: Callable[..., Result]) -> Callable[..., Result]:
        @functools.wraps(command)
        def wrapped(**given: Any) -> Result:
            values = {name: given.pop(name) for name in options}
            chosen = {name: value for name, value in values.items() if value != options[name][1]}
            return command(**{into: chosen}, **given)

        signature = inspect.signature(command)
        own = [parameter for name, parameter in signature.parameters.items() if name != into]
        rest = [parameter for parameter in own if parameter.kind is parameter.VAR_KEYWORD]
        parameters = [*own[: len(own) - len(rest)], *(_parameter(name, *options[name]) for name in options), *rest]
        wrapped.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # read by inspect
        wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return wrapped

    return decorate


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
