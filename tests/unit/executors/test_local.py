"""The local executor with an engine that trains nothing: what is begun again, and what is not."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from dlbench.executors import local
from dlbench.executors.local import LocalExecutor
from dlbench.executors.processes import no_room
from dlbench.executors.running_unit import RunningUnit
from dlbench.trials.events import TrialFinished
from dlbench.trials.trial_record import TrialRecord
from dlbench.trials.work_unit import WorkUnit

pytestmark = pytest.mark.skipif(not hasattr(os, "waitid"), reason="asks for a child without ending it")


def hollow(unit, data_dir, emit, stop):
    """Do what the activation of the unit's trial is named for."""
    (trial,) = unit.trials
    match trial.activation.name.removeprefix("standard/"):
        case "kills-the-server-once" if not (marker := Path(data_dir, "killed")).exists():
            marker.touch()
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        case "kills-the-server":
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        case "takes-long":
            time.sleep(0.6)
    emit(TrialFinished(record=TrialRecord(trial=trial, status="done")))


class Hollow(LocalExecutor):
    engine = f"{__name__}:hollow"
    preloaded = ("dlbench.executors.worker",)


@pytest.fixture
def statuses(tmp_path, make_record):
    def run(*names, jobs=2):
        units = [WorkUnit(trials=(make_record(activation=name).trial,)) for name in names]
        events = []
        Hollow(jobs, str(tmp_path)).run(units, events.append, threading.Event())
        records = [event.record for event in events]
        return {
            record.trial.activation.name.removeprefix("standard/"): (record.status, record.message)
            for record in records
        }

    return run


def test_trials_that_were_lost_with_the_server_run_again_in_workers_of_another(statuses):
    found = statuses("takes-long", "kills-the-server-once", "quick", jobs=2)
    assert found == dict.fromkeys(("takes-long", "kills-the-server-once", "quick"), ("done", ""))


def test_a_trial_that_kills_the_server_whenever_it_runs_fails_and_takes_no_other_with_it(statuses):
    found = statuses("takes-long", "kills-the-server", "quick", jobs=3)
    message = "the server that worker processes are forked from was killed while it ran alone"
    assert found.pop("kills-the-server") == ("failed", message)
    assert found == dict.fromkeys(("takes-long", "quick"), ("done", ""))


def test_with_room_for_one_worker_alone_the_units_take_turns(statuses, monkeypatch):
    real, running = local.Worker, []

    def worker(*arguments, **options):
        if any(each.exit_code is None for each in running):
            raise no_room("process")
        running.append(real(*arguments, **options))
        return running[-1]

    monkeypatch.setattr(local, "Worker", worker)
    assert {status for status, _ in statuses("quick", "takes-long", "third", jobs=3).values()} == {"done"}
    assert len(running) == 1


def test_with_room_for_no_worker_there_is_a_sentence(statuses, monkeypatch):
    def worker(*arguments, **options):
        raise no_room("process")

    monkeypatch.setattr(local, "Worker", worker)
    with pytest.raises(local.StartError, match="limit of processes and threads"):
        statuses("quick")


class Clocked:
    """A worker that may be stopped."""

    is_stopped = False


def test_time_for_which_a_worker_or_this_process_is_stopped_does_not_count(monkeypatch, make_record):
    times = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: times[-1])
    worker = Clocked()
    state = RunningUnit(WorkUnit(trials=(make_record().trial,)), 1, worker, None, 0, begun=True, checked=0.0)
    for now in (0.1, 0.2, 0.3):
        times.append(now)
        state.count_time()
    assert state.seconds == pytest.approx(0.3)
    for worker.is_stopped, now in ((True, 100.0), (False, 100.1)):
        times.append(now)
        state.count_time()
    assert state.seconds == pytest.approx(0.4)
    times.append(500.0)  # nobody looked meanwhile
    state.count_time()
    assert state.seconds <= 1.4
