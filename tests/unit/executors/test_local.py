"""The local executor with an engine that trains nothing: what is begun again, and what is not."""

import ctypes
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dlbench.components.choice import Selection
from dlbench.executors import descendants, forks, local
from dlbench.executors.local import LocalExecutor
from dlbench.executors.processes import no_room
from dlbench.executors.running_unit import RunningUnit
from dlbench.trials.events import TrialFinished, TrialNoted
from dlbench.trials.trial_record import TrialRecord
from dlbench.trials.work_unit import WorkUnit

pytestmark = pytest.mark.skipif(not hasattr(os, "waitid"), reason="asks for a child without ending it")


def forked():
    return os.fork()


def become_daemon(told):
    """Leave a process that no longer belongs to this one, and write its number to a file."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            told.with_suffix(".part").write_text(str(os.getpid()))
            told.with_suffix(".part").replace(told)
            time.sleep(60)
        os._exit(0)
    os.wait()
    while not told.exists():
        time.sleep(0.01)


def channel():
    """The number of the pipe to the parent, as a component may find it."""
    frame = sys._getframe()
    while "connection" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["connection"].fileno()


def write_to_channel(data):
    os.write(channel(), data)


def hollow(unit, data_dir, emit, stop):
    """Do what the activation of the unit's trial is named for."""
    (trial,) = unit.trials
    match trial.activation.name.partition("/")[2]:
        case "forks":
            forked()
        case "forks-below-python":
            ctypes.CDLL(None).fork()
        case "has-children":
            with multiprocessing.get_context("fork").Pool(2) as pool:
                assert pool.map(abs, [-1, 2]) == [1, 2]
        case "ends-its-child":
            for _ in range(50):  # some before they have begun to run, some after
                child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
                child.start()
                time.sleep(random.uniform(0, 0.005))
                child.terminate()
                child.join(20)
                assert child.exitcode == -signal.SIGTERM
        case "leaves-a-daemon":
            become_daemon(Path(data_dir, "daemon"))
        case "leaves-a-daemon-and-exits":
            become_daemon(Path(data_dir, "daemon"))
            os._exit(0)
        case "kills-its-group":
            os.killpg(0, signal.SIGKILL)
        case "writes":
            write_to_channel(b"hello\n")
        case "writes-half-a-line":
            write_to_channel(b'{"kind": "beg')
        case "writes-a-strangers-record":
            write_to_channel(b'{"from": [1, 1], "kind": "over", "error": "", "spent": false}\n')
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


@pytest.mark.slow
def test_a_trial_that_kills_the_server_whenever_it_runs_fails_and_takes_no_other_with_it(statuses):
    found = statuses("takes-long", "kills-the-server", "quick", jobs=3)
    message = "the server that worker processes are forked from was killed 2 times while it ran"
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


@pytest.fixture
def blamed(tmp_path, make_record):
    """Run activations of a plugin named bad beside others; return the statuses by name, and all notes."""

    def run(*names, jobs=1):
        trial = make_record().trial
        units = [WorkUnit(trials=(replace(trial, activation=Selection(f"bad/{name}")),)) for name in names]
        events = []
        Hollow(jobs, str(tmp_path)).run(units, events.append, threading.Event())
        records = [event.record for event in events if isinstance(event, TrialFinished)]
        assert len(records) == len(names)
        found = {record.trial.activation.name.partition("/")[2]: (record.status, record.message) for record in records}
        return found, [event.text for event in events if isinstance(event, TrialNoted)]

    return run


def test_a_component_that_forks_is_recorded_once_and_blamed_by_name(blamed):
    found, notes = blamed("forks", "forks-below-python", "quick", "third")
    assert set(found.values()) == {("done", "")}
    # Where the trial ends before the system has let the copy run at all, nobody can know what it would have done.
    assert notes[0] in {forks.described(["bad/forks"], went_on, left=1) for went_on in (True, False)}


@pytest.mark.parametrize("name", ["has-children", "ends-its-child"])
def test_a_component_may_have_processes_of_its_own(blamed, name):
    assert blamed(name) == ({name: ("done", "")}, [])


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
@pytest.mark.parametrize(
    ("name", "ending", "notes"),
    [
        (
            "leaves-a-daemon",
            ("done", ""),
            ["bad/leaves-a-daemon left 1 process running, which is ended"],
        ),
        ("leaves-a-daemon-and-exits", ("failed", "the worker process exited by itself with exit code 0"), []),
    ],
)
def test_a_daemon_that_a_component_leaves_is_ended_with_its_unit(blamed, tmp_path, name, ending, notes):
    found = blamed(name, "quick")
    assert found == ({name: ending, "quick": ("done", "")}, notes)
    daemon = int((tmp_path / "daemon").read_text())
    assert not descendants.is_running(daemon)


def test_a_component_that_kills_its_group_kills_its_own_worker_alone(blamed):
    found, _ = blamed("takes-long", "kills-its-group", "quick", jobs=2)
    assert found.pop("kills-its-group") == (
        "failed",
        "the worker process was killed by SIGKILL (out of memory, perhaps)",
    )
    assert set(found.values()) == {("done", "")}


@pytest.mark.parametrize(("name", "shown"), [("writes", "hello"), ("writes-half-a-line", "beg")])
def test_what_is_no_message_fails_its_unit_by_name_and_nothing_else(blamed, name, shown):
    found, _ = blamed(name, "quick")
    status, message = found.pop(name)
    assert status == "failed"
    assert message.startswith("its worker process sent what is no message of dlbench's (")
    assert message.endswith(f"; bad/{name} may be the cause")
    assert shown in message
    assert found == {"quick": ("done", "")}


def test_a_message_of_another_process_or_unit_counts_for_none(blamed):
    found, _ = blamed("writes-a-strangers-record", "quick")
    assert set(found.values()) == {("done", "")}


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
    assert state.stopped == pytest.approx(1.0)  # of what is looked at seldom
    assert state.time_over(0.9)
    times.append(500.0)  # nobody looked meanwhile
    state.count_time()
    assert state.seconds <= 1.4
