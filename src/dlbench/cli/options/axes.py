"""The options of what is compared: one for each component axis and each setting."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from dlbench.cli.completion.offers import Complete, complete_choices, complete_components
from dlbench.cli.options.groups import option
from dlbench.components.axes import AXES, Axis
from dlbench.components.syntax import format_value, split_list
from dlbench.trials.axes import ASSIGNABLE
from dlbench.trials.settings import SETTINGS

COMPONENTS = "Components (commas make variants, axes multiply)"
_SETTINGS = "Settings (each is an axis too)"


def axis_options() -> tuple[inspect.Parameter, ...]:
    """Return an option for each component axis and each setting, declared by the tables of both."""
    return (*map(_component_option, AXES.values()), *map(_setting_option, SETTINGS))


def _component_option(axis: Axis) -> inspect.Parameter:
    text = axis.help + (f" [dim]\\[default: {axis.default}][/]" if axis.default else "")
    complete = complete_components(axis.kind)
    return _axis_option(axis.name, axis.option, complete, help=text, metavar="NAME,…", rich_help_panel=COMPONENTS)


def _setting_option(name: str) -> inspect.Parameter:
    setting = SETTINGS[name]
    choices = f" {', '.join(setting.parameter.choices)}." if setting.parameter.choices else ""
    text = f"{setting.summary}{choices} [dim]\\[default: {format_value(setting.parameter.default)}][/]"
    words = ("true", "false") if setting.parameter.type is bool else setting.parameter.choices
    complete = complete_choices(words) if words else None
    return _axis_option(name, setting.option, complete, help=text, metavar="VALUE,…", rich_help_panel=_SETTINGS)


def _axis_option(name: str, flag: str, complete: Complete | None, **about: Any) -> inspect.Parameter:
    return option(name, list[str] | None, None, (flag,), show_default=False, autocompletion=complete, **about)


def axis_values(given: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Return the values of the axes and settings among the given options, split at their commas."""
    axes = {name: given[name] for name in ASSIGNABLE if name in given}
    return {
        name: tuple(texts) if _holds_commas(name) else tuple(item for text in texts for item in split_list(text))
        for name, texts in axes.items()
    }


def _holds_commas(name: str) -> bool:
    return name in SETTINGS and SETTINGS[name].holds_commas
