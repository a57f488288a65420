"""A session keeps what its nodes are like, and whose number each record is."""

import base64
import contextlib
import threading
from dataclasses import replace

import pytest

from dlbench.errors import DlbenchError
from dlbench.machine import Machine
from dlbench.plans.tuning import Tune
from dlbench.runs.provenance import collect_provenance, provenance_id
from dlbench.statistics.seeds import AutoSeeds
from dlbench.trials.events import ArtifactSaved, TrialFinished, UnitLost
from dlbench.trials.node import Node


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


CPU, GPU = Machine(), Machine(("cpu", "cuda"), "A GPU", {"cuda": True})


def node(host, machine, **changes):
    here = collect_provenance({}, {"gpu": machine.device_name})
    return Node(host=host, machine=machine, provenance={**here, "host": host, **changes})


@pytest.fixture
def cluster(executor):
    """An executor whose nodes say what they are."""

    def make(*nodes):
        inner = executor()
        inner.name, inner.asked = "cluster", []
        inner.probe = lambda components, stop: inner.asked.append(components) or iter(nodes)
        return inner

    return make


def standard(provenance):
    return {"plugins": {"standard": provenance["versions"]["dlbench"]}}


@pytest.fixture
def nodes():
    versions = standard(collect_provenance({}, {}))
    return {name: node(name, machine, **versions) for name, machine in {"n1": GPU, "n2": GPU, "n3": CPU}.items()}


def test_auto_is_resolved_where_the_trials_run(session, cluster, nodes):
    executor = cluster(nodes["n1"], nodes["n2"])
    done = session(executor=executor, device="auto")
    assert {record.trial.settings.device for record in done.outcome.records} == {"cuda"}
    assert "standard/relu" in executor.asked[0]
    entry = done.outcome.run.manifest.sessions[-1]
    assert entry["hardware"]["gpu"] == "A GPU"
    assert {each["host"] for each in entry["nodes"].values()} == {"n1", "n2"}


def test_who_gives_up_while_nodes_are_asked_is_not_kept_waiting(session, cluster, nodes, tmp_path):
    executor, stop = cluster(nodes["n1"]), threading.Event()
    executor.probe = lambda components, asked: asked.set() or []
    with pytest.raises(KeyboardInterrupt):
        session(executor=executor, device="auto", stop=stop)
    assert stop.is_set()
    assert not (tmp_path / "run").exists()


def test_nodes_are_not_asked_again_for_what_is_complete(session, cluster, nodes):
    executor = cluster(nodes["n1"])
    first = session(executor=executor, device="auto")
    again = session(executor=executor, device="auto")
    assert (again.outcome.computed, len(executor.asked)) == (0, 1)
    assert again.outcome.run.manifest.sessions[-1]["nodes"] == first.outcome.run.manifest.sessions[-1]["nodes"]
    more = session(executor=executor, device="auto", seeds=3)
    assert (more.outcome.computed, len(executor.asked)) == (2, 2)
    third = session(executor=cluster(nodes["n3"]), device="auto", seeds=4)
    assert {record.trial.settings.device for record in third.outcome.records} == {"cpu"}


def test_nodes_are_asked_before_a_tuned_comparison_goes_on_and_not_once_it_is_complete(session, cluster, nodes):
    executor = cluster(nodes["n1"])
    request = {"tune": Tune(ranges=("learning-rate=log:1e-4..1e-1",), budget="4")}

    def run(stop_after=None):
        executor.stop_after = stop_after and len(executor.units) + stop_after
        return session(executor=executor, request=request).outcome

    assert run(stop_after=10).interrupted  # two of the four trials of the comparison have run
    assert (run().computed, len(executor.asked)) == (2, 2)
    assert (run().computed, len(executor.asked)) == (0, 2)


def test_nodes_are_not_asked_for_seeds_that_a_growing_comparison_does_not_need(session, cluster, nodes):
    executor = cluster(nodes["n1"])
    seeds = AutoSeeds(6, 20)
    executor.stop_after = 5
    assert session(executor=executor, seeds=seeds).outcome.interrupted
    assert session(executor=executor, seeds=seeds).outcome.computed == 15
    assert len(executor.asked) == 2
    again = session(executor=executor, seeds=seeds).outcome
    assert (again.computed, len(again.plan.seeds), len(executor.asked)) == (0, 10, 2)
    session(executor=executor, seeds=seeds, force=("relu",))
    assert len(executor.asked) == 3


def test_what_is_complete_needs_no_cluster(session, cluster, nodes):
    def gone(*_):
        raise DlbenchError("There is no cluster.")

    executor, seeds = cluster(nodes["n1"]), AutoSeeds(6, 20)  # of which it needs ten
    session(executor=executor, seeds=seeds)
    assert session(executor=executor, seeds=seeds, build=gone).outcome.computed == 0
    with pytest.raises(DlbenchError, match="There is no cluster"):
        session(executor=executor, seeds=seeds, build=gone, force=("relu",))


def test_an_executor_lets_go_of_what_it_holds_however_its_session_ends(session, cluster, nodes):
    def run(*asked, **options):
        (executor := cluster(*asked)).closed = []
        executor.close = lambda: executor.closed.append(len(executor.units))
        with contextlib.suppress(DlbenchError):
            session(executor=executor, **options)
        return executor.closed

    old = replace(nodes["n3"], provenance={**nodes["n3"].provenance, "versions": {"torch": "0.1"}})
    assert run(old) == [0]
    assert run(nodes["n3"]) == [4]
    assert run(nodes["n3"]) == []  # none was built
    assert run(nodes["n3"], seeds=3, force=("unknown",)) == [0]


def test_nodes_that_differ_are_named_and_nothing_runs(session, cluster, nodes, tmp_path):
    with pytest.raises(
        DlbenchError, match=r"The nodes differ in what auto means: device cuda on n1; device cpu on n3\."
    ) as caught:
        session(executor=cluster(nodes["n1"], nodes["n3"]), device="auto")
    assert caught.value.hint == "Choose with --device."
    assert not (tmp_path / "run").exists()
    done = session(executor=cluster(nodes["n1"], nodes["n3"]), device="cuda")
    assert {record.trial.settings.device for record in done.outcome.records} == {"cuda"}


def test_a_device_that_no_node_has_is_an_error(session, cluster, nodes):
    with pytest.raises(DlbenchError, match="No node has a cuda device: on n3, torch finds cpu"):
        session(executor=cluster(nodes["n3"]), device="cuda")


def test_a_node_with_other_versions_is_named_and_trains_nothing(session, cluster, nodes):
    versions = nodes["n3"].provenance["versions"] | {"torch": "0.1"}
    old = replace(nodes["n3"], host="n4", provenance={**nodes["n3"].provenance, "host": "n4", "versions": versions})
    done = session(executor=cluster(nodes["n3"], old))
    (note,) = [note for note in done.display.notes if "n4" in note]
    assert note.startswith("n4 has not what the comparison is planned with: torch ")
    assert note.endswith("here 0.1. It trains nothing.")
    with pytest.raises(DlbenchError, match="n4 has not what the comparison is planned with"):
        session(executor=cluster(old), name="other")


def test_a_node_survives_json(nodes):
    assert Node.from_json(nodes["n1"].to_json()) == nodes["n1"]


def test_files_of_nodes_that_share_no_folder_are_kept_and_given_to_the_next_attempt(session, executor):
    class Away(executor):
        shares_files = False

        def run(self, units, emit, stop):
            for unit in units:
                (trial,) = unit.trials
                assert (unit.checkpoint_folder, unit.weights_folder) == ("", "")
                sent = base64.b64decode(unit.checkpoints.get(trial.trial_id, ""))
                seen.append((unit.attempt, unit.carried, sent))
                common = {"trial_id": trial.trial_id, "attempt": unit.attempt}
                if unit.attempt == 1:
                    emit(ArtifactSaved(artifact="checkpoint", data=b"state", **common))
                    emit(UnitLost(trial_ids=(trial.trial_id,), reason="its node is gone", attempt=1))
                    continue
                super().run([unit], emit, stop)
                emit(ArtifactSaved(artifact="weights", data=b"weights", **common))

    seen = []
    done = session(executor=Away(), activations=("relu",), seeds=1, save_weights=True)
    kinds = ("checkpoint", "weights")
    assert seen == [(1, kinds, b""), (2, kinds, b"state")]
    (record,) = done.outcome.records
    assert (done.outcome.folder / "weights" / f"{record.trial_id}.pt").read_bytes() == b"weights"
    assert not (done.outcome.folder / "checkpoints").exists()


def test_units_name_what_they_need_and_are_joined_once_the_time_of_a_trial_is_known(session, executor):
    class Packing(executor):
        unit_seconds = 60.0
        given = ()

        def run(self, units, emit, stop):
            for unit in units:
                self.given = (*self.given, unit)
                super().run((replace(unit, trials=(trial,)) for trial in unit.trials), emit, stop)

    done = session(executor=(packing := Packing(seconds=2.0)), activations=("relu",), seeds=40)
    assert len(done.outcome.records) == 40
    sizes = [len(unit.trials) for unit in packing.given]
    assert sizes[:3] == [1, 3, 3]
    assert {unit.resources.cpus for unit in packing.given} == {1}
    assert {unit.resources.gpus for unit in packing.given} == {0.0}
