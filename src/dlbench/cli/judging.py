"""The options about verdicts, which every command that judges shares."""

import functools
import inspect
from collections.abc import Callable
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

import typer

Result = TypeVar("Result")

_PANEL = "Verdicts"
OPTIONS = MappingProxyType(
    {
        "baseline": Annotated[
            str | None,
            typer.Option(
                metavar="LABEL", help="The variant to compare with. Default: the first.", rich_help_panel=_PANEL
            ),
        ],
        "metric": Annotated[
            str | None,
            typer.Option(metavar="NAME", help="What is judged. Default: test_accuracy.", rich_help_panel=_PANEL),
        ],
        "margin": Annotated[
            float | None,
            typer.Option(
                min=0,
                metavar="NUMBER",
                help="A difference that does not matter, in points for accuracies. Default: 0.2 points.",
                rich_help_panel=_PANEL,
            ),
        ],
        "alpha": Annotated[
            float | None,
            typer.Option(
                metavar="SHARE", help="Chance of any false verdict in a table. Default: 0.05.", rich_help_panel=_PANEL
            ),
        ],
        "all_pairs": Annotated[
            bool,
            typer.Option("--all-pairs", help="Judge each variant against each, with letters.", rich_help_panel=_PANEL),
        ],
    }
)


def take_judging(given: dict[str, Any]) -> dict[str, Any]:
    """Take the options above out of a command's arguments, and return those that were given."""
    values = {name: given.pop(name) for name in OPTIONS}
    return {name: value for name, value in values.items() if value is not None and value is not False}


def with_judging(command: Callable[..., Result]) -> Callable[..., Result]:
    """Give a command that takes a mapping `judging` the options above; it gets those that were given."""
    signature = inspect.signature(command)

    @functools.wraps(command)
    def wrapped(**given: Any) -> Result:
        return command(judging=take_judging(given), **given)

    own = [parameter for name, parameter in signature.parameters.items() if name != "judging"]
    rest = [parameter for parameter in own if parameter.kind is parameter.VAR_KEYWORD]
    parameters = [*own[: len(own) - len(rest)], *map(_parameter, OPTIONS), *rest]
    wrapped.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # read by inspect
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapped


def _parameter(name: str) -> inspect.Parameter:
    default = False if name == "all_pairs" else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=OPTIONS[name])
