"""A session keeps what its nodes are like, and whose number each record is."""

from dataclasses import replace

from dlbench.runs.provenance import provenance_id
from dlbench.trials.events import TrialFinished


class Elsewhere:
    """Makes a record as if another machine, with another processor, had trained it."""

    def __init__(self, inner):
        self.inner = inner

    def slots(self):
        return 1

    def run(self, units, emit, stop):
        def from_there(event):
            if isinstance(event, TrialFinished):
                here = self.inner.units[-1].provenance
                there = {**here, "host": "n2", "hardware": {**here["hardware"], "cpu": "Another CPU"}}
                record = replace(event.record, host="n2", provenance_id=provenance_id(there))
                event = replace(event, record=record, provenance=there)
            emit(event)

        self.inner.run(units, from_there, stop)


def test_a_record_is_attributed_to_the_node_that_made_it(session, executor):
    done = session(executor=Elsewhere(executor()))
    entry = done.outcome.run.manifest.sessions[-1]
    (node,) = entry["nodes"].values()
    assert (node["host"], node["hardware"]["cpu"]) == ("n2", "Another CPU")
    assert node["provenance_id"] != entry["provenance_id"]
    assert {record.provenance_id for record in done.outcome.records} == {node["provenance_id"]}
    assert {record.host for record in done.outcome.records} == {"n2"}


def test_the_same_command_again_computes_nothing(session, executor):
    session(executor=Elsewhere(executor()))
    again = session(executor=Elsewhere(executor()))
    assert again.outcome.computed == 0


def test_a_record_without_an_origin_is_the_sessions_own(session):
    done = session()
    entry = done.outcome.run.manifest.sessions[-1]
    assert "nodes" not in entry
    assert {record.provenance_id for record in done.outcome.records} == {entry["provenance_id"]}
