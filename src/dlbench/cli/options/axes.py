"""The options that every command with trials shares: one for each component axis and each setting."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import typer

from dlbench.cli.completion.offers import Complete, complete_choices, complete_components
from dlbench.components.axes import AXES, Axis
from dlbench.components.syntax import format_value, split_assignments, split_list
from dlbench.errors import DlbenchError
from dlbench.plans.plan import Request
from dlbench.statistics.seeds import AutoSeeds
from dlbench.trials.settings import SETTINGS

Command = TypeVar("Command", bound=Callable[..., Any])


def with_axes(command: Command) -> Command:
    """Give a command whose last parameter is `**axes` an option for each component axis and setting.

    Typer reads a command's signature, so the options are declared once, where the settings are.
    """
    signature = inspect.signature(command)
    own = [parameter for parameter in signature.parameters.values() if parameter.kind is not parameter.VAR_KEYWORD]
    options = [*map(_component_option, AXES.values()), *map(_setting_option, SETTINGS)]
    command.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]  # read by inspect
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *options)}
    return command


def _component_option(axis: Axis) -> inspect.Parameter:
    text = axis.help + (f" [dim]\\[default: {axis.default}][/]" if axis.default else "")
    panel = "Components (commas make variants, axes multiply)"
    return _option(axis.name, axis.option, text, "NAME,…", panel, complete_components(axis.kind))


def _setting_option(name: str) -> inspect.Parameter:
    setting = SETTINGS[name]
    choices = f" {', '.join(setting.parameter.choices)}." if setting.parameter.choices else ""
    text = f"{setting.summary}{choices} [dim]\\[default: {format_value(setting.parameter.default)}][/]"
    words = ("true", "false") if setting.parameter.type is bool else setting.parameter.choices
    complete = complete_choices(words) if words else None
    return _option(name, setting.option, text, "VALUE,…", "Settings (each is an axis too)", complete)


def _option(name: str, flag: str, text: str, metavar: str, panel: str, complete: Complete | None) -> inspect.Parameter:
    option = typer.Option(
        flag, help=text, metavar=metavar, rich_help_panel=panel, show_default=False, autocompletion=complete
    )
    annotation = Annotated[list[str] | None, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def read_request(
    axes: Mapping[str, Sequence[str] | None],
    variants: Sequence[str],
    seeds: str,
    seed: Sequence[str],
    *,
    judging: Mapping[str, Any] | None = None,
    noise_floor: bool = False,
) -> Request:
    """Read the options into a request, still in text."""
    values = {
        name: tuple(texts) if _holds_commas(name) else tuple(item for text in texts for item in split_list(text))
        for name, texts in axes.items()
        if texts
    }
    chosen: int | list[int] | AutoSeeds | None = None
    if seeds and seed:
        raise DlbenchError("--seeds says how many and --seed says which.", "Give one of the two.")
    if seeds:
        chosen = AutoSeeds.parse(seeds) if seeds.startswith("auto") else _whole_number(seeds, "--seeds")
    elif seed:
        chosen = [_whole_number(item, "--seed") for text in seed for item in split_list(text)]
    return Request(
        values=values,
        variants=[split_assignments(text) for text in variants],
        seeds=chosen,
        judging=judging or {},
        noise_floor=noise_floor,
    )


def _holds_commas(name: str) -> bool:
    return name in SETTINGS and SETTINGS[name].holds_commas


def _whole_number(text: str, option: str) -> int:
    try:
        return int(text)
    except ValueError:
        hint = "Write --seeds 7 for how many, or --seed 0,1,2 for which."
        raise DlbenchError(f"{option} takes whole numbers, not {text!r}.", hint) from None
