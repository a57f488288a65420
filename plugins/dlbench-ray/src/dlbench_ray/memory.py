"""Nodes whose memory has run out, and trials that may have taken it.

Ray ends the actors of such a node from the youngest on until enough should be free, and counts none of what their
worker processes hold: which trial took the memory is not seen from it. So a trial that was not alone runs again alone,
on such a node.
"""

import time
from collections.abc import Collection

#: How long no actor starts on such a node, since it would be the youngest.
REST_SECONDS = 10.0


class ScarceMemory:
    """What is known of it."""

    def __init__(self) -> None:
        self._rested: dict[str, float] = {}  # by Ray's id of the node: when actors may start there again
        self._suspects: set[str] = set()

    @property
    def rest(self) -> list[float]:
        """Return when actors may start again on the nodes where they may not now."""
        return [end for end in self._rested.values() if end > time.monotonic()]

    def ran_out(self, node_id: str, suspect: str) -> float:
        """Take note that Ray has ended an actor; return when another may start. suspect: the trial that ran, or ""."""
        self._suspects |= {suspect} - {""}
        self._rested[node_id] = time.monotonic() + REST_SECONDS
        return self._rested[node_id]

    def settled(self, *trial_ids: str) -> None:
        """Take note that trials have ended otherwise."""
        self._suspects.difference_update(trial_ids)

    def look(self, node_ids: Collection[str]) -> None:
        """Forget all nodes but these, and those that have memory again as far as is known."""
        self._rested = {
            node_id: end
            for node_id, end in self._rested.items()
            if node_id in node_ids and (self._suspects or self.rests(node_id))
        }

    def rests(self, node_id: str) -> bool:
        """Return whether no actor may start on a node now."""
        return time.monotonic() < self._rested.get(node_id, 0.0)

    def is_scarce(self, node_id: str) -> bool:
        """Return whether a node takes one unit at a time, as long as there are suspects."""
        return bool(self._suspects) and node_id in self._rested

    def room(self, node_id: str, room: int) -> int:
        """Return how many actors may be on a node that has room for some."""
        return 0 if self.rests(node_id) else min(room, 1) if self.is_scarce(node_id) else room

    def suits(self, node_id: str, trial_ids: Collection[str]) -> bool:
        """Return whether trials may run on a node: suspects where one unit at a time does, if there is such a node."""
        return not self._rested or node_id in self._rested or self._suspects.isdisjoint(trial_ids)


def what_happened(name: str) -> str:
    """Return a sentence for people about a node."""
    return (
        f"Ray ended an actor on {name} because the memory there had run out; the next one starts after "
        f"{REST_SECONDS:.0f} s. If that goes on, let fewer units run at a time, with the executor's cpus= or jobs=."
    )
