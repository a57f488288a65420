"""Who made a number is said by who made it; a node that is not like the plan trains nothing."""

import os
import re
from dataclasses import replace

import pytest

from dlbench.engine import origin
from dlbench.engine.origin import attributed, identity_here, refusal, started
from dlbench.engine.work_unit import run_unit
from dlbench.runs import provenance as provenances
from dlbench.runs.provenance import collect_provenance, provenance_id
from dlbench.trials.events import UnitLost
from dlbench.trials.work_unit import WorkUnit


@pytest.fixture
def unit(make_record, registry, monkeypatch):
    """A unit as a session on this machine gives it out."""
    monkeypatch.setattr(origin, "_FOUND", {})
    here = collect_provenance({"standard": registry.plugins.by_name["standard"].version}, {"gpu": ""})
    trial = make_record().trial
    return WorkUnit(trials=(trial,), provenance=here, provenance_id=provenance_id(here), attempt=2)


@pytest.fixture
def elsewhere(monkeypatch):
    """Make this process take itself for one on another machine."""

    def move(host="n2", **changes):
        monkeypatch.setattr("socket.gethostname", lambda: host)
        monkeypatch.setattr(origin, "gethostname", lambda: host)
        for name, value in changes.items():
            monkeypatch.setattr(provenances, name, lambda *_, value=value: value)

    return move


def test_on_the_sessions_machine_a_record_is_its_own_and_brings_nothing_else(unit, make_record, registry):
    event = attributed(make_record(), unit, registry)
    assert (event.record.provenance_id, event.record.host, event.provenance) == (unit.provenance_id, "", {})
    assert started(unit.trials[0], unit, registry).provenance == {}


def test_a_like_machine_is_named(unit, make_record, registry, elsewhere):
    elsewhere("n2")
    event = attributed(make_record(), unit, registry)
    assert (event.record.provenance_id, event.record.host) == (unit.provenance_id, "n2")
    assert event.provenance["host"] == "n2"


def test_who_trains_a_trial_is_said_before_it_may_crash(unit, registry, elsewhere):
    elsewhere("n2")
    assert started(unit.trials[0], unit, registry).provenance["host"] == "n2"


def test_another_processor_is_another_provenance(unit, make_record, registry, elsewhere):
    elsewhere("n3", _cpu_model="Another CPU", _gpu_driver="550.54")
    event = attributed(make_record(), unit, registry)
    assert event.provenance["hardware"]["cpu"] == "Another CPU"
    assert event.provenance["hardware"]["driver"] == "550.54"
    assert event.record.provenance_id == provenance_id(event.provenance) != unit.provenance_id
    assert identity_here(unit.trials[0], unit, registry) == event.record.provenance_id


def test_a_unit_that_says_nothing_of_its_session_leaves_the_record_to_it(make_record, registry):
    event = attributed(make_record(), WorkUnit(trials=()), registry)
    assert (event.record.provenance_id, event.provenance) == ("", {})


@pytest.mark.parametrize(
    ("part", "planned", "said"),
    [
        ("versions", {"torch": "0.1"}, r"n4 has not what the comparison was planned with: torch 0\.1, here \d"),
        ("plugins", {"snake": "1.0"}, "n4 has not what the comparison was planned with: snake 1.0, here none"),
        ("sources", {"snake": "abc"}, "n4 has not what the comparison was planned with: the code of snake"),
    ],
)
def test_a_node_that_is_not_as_planned_trains_nothing_and_says_what_differs(
    unit, tmp_path, elsewhere, part, planned, said
):
    elsewhere("n4")
    provenance = {**unit.provenance, part: {**unit.provenance[part], **planned}}
    events = []
    run_unit(replace(unit, provenance=provenance), tmp_path, events.append)
    (event,) = events
    assert isinstance(event, UnitLost)
    assert (event.trial_ids, event.node, event.attempt) == ((unit.trials[0].trial_id,), "n4", 2)
    assert re.fullmatch(f"{said}.*", event.reason)


def test_a_node_without_the_device_of_a_trial_says_so(unit, registry, elsewhere, monkeypatch):
    elsewhere("n5")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    trial = unit.trials[0]
    on_gpu = replace(unit, trials=(replace(trial, settings=replace(trial.settings, device="cuda")),))
    assert refusal(on_gpu, registry).reason == "n5 has no cuda device"
    assert refusal(unit, registry) is None


def test_data_that_a_node_has_not_and_cannot_prepare_is_named_with_the_node(unit, tmp_path, elsewhere):
    events = []
    run_unit(unit, tmp_path, events.append)
    assert events[-1].record.status == "failed"  # on the session's machine
    elsewhere("n6")
    run_unit(unit, tmp_path, events.append)
    assert isinstance(events[-1], UnitLost)
    assert events[-1].reason.startswith("digits is not prepared on n6 (")


def test_a_record_names_the_model_of_the_gpu_that_its_process_sees(unit, make_record, registry, monkeypatch):
    models = {"GPU-a": "NVIDIA A100", "GPU-b": "NVIDIA H200"}  # as the variable makes one the process's own
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: models[os.environ["CUDA_VISIBLE_DEVICES"]])
    planned = {**unit.provenance, "hardware": {**unit.provenance["hardware"], "gpu": models["GPU-a"]}}
    unit = replace(unit, provenance=planned, provenance_id=provenance_id(planned))
    record = make_record()
    record = replace(record, trial=replace(record.trial, settings=replace(record.trial.settings, device="cuda")))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a")
    event = attributed(record, unit, registry)
    assert (event.record.provenance_id, event.provenance) == (unit.provenance_id, {})
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-b")
    event = attributed(record, unit, registry)
    assert event.provenance["hardware"]["gpu"] == "NVIDIA H200"
    assert event.record.provenance_id == provenance_id(event.provenance) != unit.provenance_id


def test_a_failure_on_a_gpu_spoils_its_process_since_a_fault_stays_there(unit, tmp_path):
    (trial,) = unit.trials
    events = []
    for device, spoiled in (("cpu", ()), ("cuda", ("the state of the GPU",))):
        failing = replace(trial, settings=replace(trial.settings, device=device))  # its data is nowhere
        assert run_unit(WorkUnit(trials=(failing,)), tmp_path, events.append) == spoiled
        assert events[-1].record.status == "failed"
