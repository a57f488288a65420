"""run_guarded, with an engine that trains nothing: what a trial does to its process costs that trial alone."""

import os
import signal
import sys
import threading
import time

import pytest

from dlbench.executors import guarded, local
from dlbench.executors.local import LocalExecutor
from dlbench.executors.processes import no_room
from dlbench.trials.events import TrialFinished, TrialStarted, UnitLost
from dlbench.trials.trial_record import TrialRecord
from dlbench.trials.work_unit import WorkUnit

#: What the processes that train say of themselves.
NODE = {"host": "n3", "versions": {"torch": "2.15.0"}}


def hollow(unit, data_dir, emit, stop):
    """Do what the activation of the unit's trial is named for."""
    (trial,) = unit.trials
    emit(TrialStarted(trial_id=trial.trial_id, provenance=NODE, attempt=unit.attempt))
    match trial.activation.name.partition("/")[2]:
        case "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "says-where":
            print(os.getpid(), flush=True)
        case "exits":
            print("what it said", flush=True)
            os._exit(3)
        case "never-ends":
            time.sleep(60)
        case "prints-without-end":
            while True:
                sys.stdout.write("x" * 1_000_000)
        case "waits-for-stop":
            stop.wait(60)
            return
    emit(TrialFinished(record=TrialRecord(trial=trial, status="done"), attempt=unit.attempt))


class Hollow(LocalExecutor):
    engine = f"{__name__}:hollow"
    preloaded = ("dlbench.executors.worker",)


@pytest.fixture
def run(tmp_path, make_record, monkeypatch):
    kept = guarded.Kept()
    monkeypatch.setattr(guarded, "LocalExecutor", Hollow)
    monkeypatch.setattr(guarded, "KEPT", kept)

    def run(*names, stop=None, **options):
        trials = tuple(make_record(activation=name).trial for name in names)
        unit = WorkUnit(trials=trials, provenance={"host": "login"}, attempt=2)
        events, threads = [], set()

        def emit(event):
            threads.add(threading.get_ident())
            events.append(event)
            if stop and isinstance(event, TrialStarted):
                stop.set()

        guarded.run_guarded(unit, tmp_path, emit, stop, **options)
        assert threads == {threading.get_ident()}
        assert {event.attempt for event in events} == {2}
        return events

    yield run
    if kept.pool:
        kept.pool.end_all()


def test_each_trial_of_a_unit_ends_in_its_own_way(run, monkeypatch):
    monkeypatch.setattr(local, "ENDLESS_BYTES", 2**20)
    monkeypatch.setattr("dlbench.executors.output_log.ENDLESS_BYTES", 2**20)
    events = run("crashes", "exits", "prints-without-end", "fine")
    records = [event.record for event in events if isinstance(event, TrialFinished)]
    assert [(record.trial.activation.short, record.status) for record in records] == [
        ("crashes", "failed"),
        ("exits", "failed"),
        ("prints-without-end", "failed"),
        ("fine", "done"),
    ]
    assert {record.host for record in records[:3]} == {"n3"}
    assert all(event.provenance == NODE for event in events[:-1])
    said = [record.message for record in records]
    assert "SIGSEGV" in said[0]
    assert "exit code 3" in said[1]
    assert "what it said" in records[1].log
    assert "printing" in said[2]


@pytest.mark.slow
def test_a_trial_that_takes_too_long_is_ended(run):
    *_, event = run("never-ends", timeout=0.2)
    assert (event.record.status, event.record.message) == ("timeout", "not finished after 0.2 s")


def test_a_unit_that_is_stopped_leaves_the_rest_without_a_word(run):
    events = run("waits-for-stop", "fine", stop=threading.Event())
    assert [type(event) for event in events] == [TrialStarted]


def test_a_process_trains_the_next_unit_too_unless_it_was_told_to_stop(run):
    def process():
        return run("says-where")[-1].record.log

    first = process()
    assert first.strip().isdigit()
    assert process() == first
    run("waits-for-stop", stop=threading.Event())
    assert process() != first


def test_where_no_process_can_be_started_the_unit_is_lost(run, monkeypatch):
    def worker(*arguments, **options):
        raise no_room("process")

    monkeypatch.setattr(local, "Worker", worker)
    (event,) = run("fine", "also-fine")
    assert isinstance(event, UnitLost)
    assert len(event.trial_ids) == 2
    assert "No process can be started" in event.reason
