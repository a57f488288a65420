"""A machine that trains for a session, as it describes itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlbench.machine import Machine


@dataclass(frozen=True, kw_only=True)
class Node:
    """What a machine that may train for a session says of itself.

    host: its name.
    machine: what torch finds there.
    provenance: its versions, sources and hardware, as in the manifest.
    """

    host: str
    machine: Machine
    provenance: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the node as JSON content, for engines that do not pickle."""
        return {"host": self.host, "machine": self.machine.to_json(), "provenance": dict(self.provenance)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Node":
        """Read a node back from JSON content."""
        machine = content["machine"]
        found = Machine(**{**machine, "devices": tuple(machine["devices"])})
        return cls(host=content["host"], machine=found, provenance=content["provenance"])
