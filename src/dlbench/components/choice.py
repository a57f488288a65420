"""A component as it was chosen: its qualified name, and every parameter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dlbench.components.records import Value
from dlbench.components.syntax import format_reference


@dataclass(frozen=True)
class Selection:
    """A chosen component: its qualified name and every parameter, resolved.

    changed: the parameters that differ from the component's defaults, for showing.
    """

    name: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    changed: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return it in the component syntax, qualified, with the parameters that are not the defaults."""
        return format_reference(self.name, {key: self.parameters[key] for key in self.changed})

    @property
    def short(self) -> str:
        """Return it as screens show it, without the plugin's name."""
        return self.text.partition("/")[2] or self.text

    @property
    def identity(self) -> list[Any]:
        """Return what decides its behaviour."""
        return [self.name, dict(self.parameters)]

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Selection":
        """Read it back from JSON content."""
        parameters = {key: _freeze(value) for key, value in content["parameters"].items()}
        return cls(content["name"], parameters, tuple(content["changed"]))


def _freeze(value: Any) -> Value:
    return tuple(value) if isinstance(value, list) else value
