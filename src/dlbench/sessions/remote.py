"""The machines that train for a session, as far as they are not like its own."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlbench.errors import DlbenchError
from dlbench.runs.folder import RunFolder
from dlbench.runs.provenance import provenance_id, version_changes
from dlbench.trials.events import TrialFinished
from dlbench.trials.node import Node
from dlbench.trials.trial_record import TrialRecord

if TYPE_CHECKING:
    from dlbench.plugins.protocols import ExecutorProtocol


def probe(executor: "ExecutorProtocol", components: Sequence[str], stop: threading.Event) -> tuple[Node, ...]:
    """Return what the executor's nodes say of themselves; () where it does not ask them: they are like this machine.

    Raises KeyboardInterrupt once `stop` is set.
    """
    ask = getattr(executor, "probe", None)
    nodes = tuple(ask(components, stop)) if ask else ()
    if stop.is_set():
        raise KeyboardInterrupt
    return nodes


def check_nodes(nodes: Sequence[Node], planned: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each node that is not fit for a plan; raise DlbenchError if none is.

    planned: the session's own provenance.
    """
    changed = {node.host: found for node in nodes if (found := version_changes(planned, node.provenance))}
    unfit = [
        f"{host} has not what the comparison is planned with: {'; '.join(found)}." for host, found in changed.items()
    ]
    if nodes and len(changed) == len({node.host for node in nodes}):
        raise DlbenchError(unfit[0], "Install the same versions there, or use other nodes.")
    return [f"{sentence} It trains nothing." for sentence in unfit]


def described(nodes: Iterable[Node]) -> dict[str, Mapping[str, Any]]:
    """Return what nodes have said of themselves as the manifest has it: by their hosts and provenance_ids."""
    return {
        name: {**content, "machine": node.machine.to_json()}
        for node in nodes
        for name, content in _by_name(node.provenance).items()
    }


def remembered(sessions: Sequence[Mapping[str, Any]], executor: str) -> tuple[Node, ...]:
    """Return what nodes have told the last session with an executor; () where there is none, or it did not ask them."""
    none: Mapping[str, Any] = {}
    last = next((session for session in reversed(sessions) if session.get("executor") == executor), none)
    return tuple(_read_node(content) for content in last.get("nodes", {}).values() if "machine" in content)


def _read_node(content: Mapping[str, Any]) -> Node:
    provenance = {key: value for key, value in content.items() if key not in ("machine", "provenance_id")}
    return Node.from_json({"host": content["host"], "machine": content["machine"], "provenance": provenance})


def _by_name(provenance: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    made_by = provenance_id(provenance)
    return {f"{provenance['host']}/{made_by}": {**provenance, "provenance_id": made_by}}


class Nodes:
    """Attributes records to what made them. provenance: the session's own."""

    def __init__(self, folder: RunFolder, provenance: Mapping[str, Any]) -> None:
        self._folder = folder
        self._own = provenance_id(provenance)  # of what an executor does not attribute
        self._known: dict[str, Mapping[str, Any]] = dict(provenance.get("nodes", {}))

    def attribute(self, event: TrialFinished) -> TrialRecord:
        """Return a record with the provenance_id of what made it; the manifest has the details before the record.

        One that comes without any is the session's own.
        """
        if not event.provenance:
            return event.record.with_provenance(self._own)
        made_by = provenance_id(event.provenance)
        node = _by_name(event.provenance)
        if not node.keys() <= self._known.keys():
            self._known |= node
            self._folder.add_session_facts(nodes=dict(self._known))
        return event.record.with_provenance(made_by)
