"""A selected component: its qualified name and every parameter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dlbench.components.records import Parameter, ParameterValue
from dlbench.components.shapes import ShapeError, as_number, as_numbers, as_table, as_text, as_texts
from dlbench.components.syntax import format_reference


@dataclass(frozen=True)
class Selection:
    """A selected component: its qualified name and every parameter, resolved.

    name: qualified name, "standard/relu", or a word that its axis accepts beside components.
    parameters: every parameter by name.
    changed: names of the parameters that differ from the component's defaults, for display.
    """

    name: str
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    changed: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the selection in the component syntax, qualified, with the parameters that are not defaults."""
        return format_reference(self.name, {key: self.parameters[key] for key in self.changed})

    @property
    def short(self) -> str:
        """Return the selection as screens show it, without the plugin's name."""
        return self.text.partition("/")[2] or self.text

    @property
    def identity(self) -> list[Any]:
        """Return what decides its behavior."""
        return [self.name, dict(self.parameters)]

    @classmethod
    def from_json(cls, content: object) -> "Selection":
        """Read a selection back from JSON content."""
        known = as_table(content, "a component")
        name = as_text(known.get("name"), "the name of a component")
        given = as_table(known.get("parameters"), f"parameters of {name}")
        parameters = {key: as_parameter(value, f"{name}: {key}") for key, value in given.items()}
        changed = as_texts(known.get("changed"), f"changed parameters of {name}")
        if not parameters.keys() >= set(changed):
            raise ShapeError(f"changed parameters of {name}", "a list of its parameters", changed)
        return cls(name, parameters, changed)


def resolve_parameters(
    declared: Mapping[str, Parameter], given: Mapping[str, ParameterValue]
) -> dict[str, ParameterValue]:
    """Return what is given and the other defaults, without parameters that came later and have their default."""
    values = {key: given.get(key, parameter.default) for key, parameter in declared.items()}
    return {key: value for key, value in values.items() if not declared[key].later or value != declared[key].default}


def as_parameter(value: object, name: str) -> ParameterValue:
    """Return a value of a parameter as JSON content has it; a tuple of numbers is a list there."""
    if value is None or isinstance(value, bool | str):
        return value
    return as_numbers(value, name) if isinstance(value, list | tuple) else as_number(value, name)
