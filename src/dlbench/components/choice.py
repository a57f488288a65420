"""A selected component: its qualified name and every parameter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dlbench.components.records import Parameter, ParameterValue
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
    def from_json(cls, content: Mapping[str, Any]) -> "Selection":
        """Read a selection back from JSON content."""
        parameters = {key: _freeze(value) for key, value in content["parameters"].items()}
        return cls(content["name"], parameters, tuple(content["changed"]))


def resolve_parameters(
    declared: Mapping[str, Parameter], given: Mapping[str, ParameterValue]
) -> dict[str, ParameterValue]:
    """Return what is given and the other defaults, without parameters that came later and have their default."""
    values = {key: given.get(key, parameter.default) for key, parameter in declared.items()}
    return {key: value for key, value in values.items() if not declared[key].later or value != declared[key].default}


def _freeze(value: Any) -> ParameterValue:
    return tuple(value) if isinstance(value, list) else value
