"""NVIDIA's MPS with a made-up control program: when it is started, who finds it, and that it always ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dlbench.executors import mps, slots
from dlbench.executors.descendants import is_running
from dlbench.executors.gpus import VISIBLE
from dlbench.executors.local import LocalExecutor
from dlbench.executors.mps import CONTROL, LOGS, PIPES, Mps, daemon_runs
from dlbench.trials.events import TrialFinished, TrialNoted
from dlbench.trials.trial_record import TrialRecord
from dlbench.trials.work_unit import WorkUnit

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="MPS exists on Linux alone")

#: As far as dlbench knows it: `-f` stays in the foreground, commands come by standard input.
PROGRAM = """\
#!/bin/sh
if [ "$1" = -f ]; then
    [ -z "$MADE_UP_FAILURE" ] || exit 1
    echo "$CUDA_VISIBLE_DEVICES" > "$MADE_UP/gpus"
    echo $$ > "$MADE_UP/daemon"
    if [ -n "$MADE_UP_STUBBORN" ]; then sleep 600 & echo $! > "$MADE_UP/server"; fi
    echo $$ > "$CUDA_MPS_PIPE_DIRECTORY/pid"
    while [ ! -e "$CUDA_MPS_PIPE_DIRECTORY/quit" ] || [ -n "$MADE_UP_STUBBORN" ]; do sleep 0.02; done
    exit 0
fi
read command
[ -e "$CUDA_MPS_PIPE_DIRECTORY/pid" ] || { echo "Cannot find MPS control daemon process"; exit 1; }
[ "$command" != quit ] || touch "$CUDA_MPS_PIPE_DIRECTORY/quit"
"""
PATIENCE = 60.0


@pytest.fixture
def control(tmp_path, monkeypatch):
    """Put the program on PATH, and return the folder where it says what it did; end it whatever happens."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / CONTROL).write_text(PROGRAM)
    (folder / CONTROL).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("MADE_UP", str(tmp_path))
    for name in (PIPES, LOGS):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path
    for name in ("daemon", "server"):
        if (tmp_path / name).exists() and is_running(number := int((tmp_path / name).read_text())):
            os.kill(number, signal.SIGKILL)


@pytest.fixture
def start(tmp_path):
    started = []

    def start(*gpus, folder="run"):
        (tmp_path / folder).mkdir(exist_ok=True)
        started.append(Mps(tmp_path / folder))
        return started[-1], started[-1].start(gpus)

    yield start
    for each in started:
        each.end()


def daemon(folder):
    return int((folder / "daemon").read_text())


def ended(process):
    until = time.monotonic() + PATIENCE
    while is_running(process) and time.monotonic() < until:
        time.sleep(0.02)
    return not is_running(process)


def test_a_daemon_runs_until_it_is_ended_and_sees_the_gpus_in_use_alone(control, start):
    shared, names = start("GPU-a", "GPU-b")
    assert shared.active
    assert names == ("GPU-a", "GPU-b")
    assert (control / "gpus").read_text() == "GPU-a,GPU-b\n"
    assert daemon_runs(shared.variables)
    assert not daemon_runs()  # nobody else finds it
    assert [Path(shared.variables[name]).parent for name in (PIPES, LOGS)] == [control / "run"] * 2
    assert shared.take_notes() == []
    shared.end()
    assert not is_running(daemon(control))
    assert not shared.active


def test_clients_count_gpus_anew_that_the_daemon_was_given_by_index(control, start):
    assert start("3", "1")[1] == ("0", "1")
    assert (control / "gpus").read_text() == "3,1\n"


def test_a_daemon_that_runs_already_is_used_and_left(control, start, monkeypatch):
    theirs, _ = start("GPU-a", folder="theirs")
    for name, value in theirs.variables.items():
        monkeypatch.setenv(name, value)
    ours, names = start("1")
    assert (ours.active, ours.variables, names) == (True, {}, ("1",))
    assert ours.take_notes() == ["NVIDIA's MPS runs here already: it is used, and left running."]
    ours.end()
    assert is_running(daemon(control))


def test_without_its_program_there_is_a_sentence(start, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    shared, names = start("GPU-a")
    assert (shared.active, names) == (False, ("GPU-a",))
    assert shared.take_notes() == [
        "--mps does nothing: there is no nvidia-cuda-mps-control here, which is part of NVIDIA's driver."
    ]
    assert not daemon_runs()


def test_parts_of_a_gpu_are_not_shared(control, start):
    shared, _ = start("MIG-a", "MIG-b")
    assert not shared.active
    (note,) = shared.take_notes()
    assert "MIG" in note
    assert not (control / "daemon").exists()


def test_a_daemon_that_does_not_start_is_done_without(control, start, monkeypatch):
    monkeypatch.setenv("MADE_UP_FAILURE", "1")
    shared, names = start("GPU-a")
    assert (shared.active, shared.variables, names) == (False, {}, ("GPU-a",))
    assert shared.take_notes() == ["--mps does nothing: NVIDIA's MPS did not start (its daemon ended at once)."]


def test_a_path_too_long_for_sockets_is_said_before_anything_starts(control, start):
    shared, _ = start("GPU-a", folder="x" * 90)
    assert not shared.active
    (note,) = shared.take_notes()
    assert "too long for its sockets: set TMPDIR" in note


def test_signals_to_everybody_leave_the_daemon_to_the_command(control, start):
    shared, _ = start("GPU-a")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(shared._keeper.pid, number)
        os.kill(daemon(control), number)
    time.sleep(0.1)
    assert daemon_runs(shared.variables)
    assert is_running(daemon(control))
    assert os.getsid(shared._keeper.pid) != os.getsid(0)  # Ctrl-C does not reach it at all


def test_a_daemon_ends_with_a_command_that_is_killed(control):
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from dlbench.executors.mps import Mps\n"
        "Path(sys.argv[1]).mkdir()\n"
        "mps = Mps(Path(sys.argv[1]))\n"
        "mps.start(('GPU-a',))\n"
        "print(mps.active, flush=True)\n"
        f"time.sleep({PATIENCE})\n"
    )
    command = [sys.executable, "-c", program, str(control / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "True\n"
        finally:
            process.kill()
        process.wait(PATIENCE)
    assert ended(daemon(control))


@pytest.mark.slow
def test_a_daemon_that_does_not_quit_is_killed_with_its_server(control, start, monkeypatch):
    monkeypatch.setenv("MADE_UP_STUBBORN", "1")
    shared, _ = start("GPU-a")
    server = int((control / "server").read_text())
    assert is_running(server)
    shared.end()
    assert not is_running(daemon(control))
    assert not is_running(server)


def test_the_daemon_ends_with_a_keeper_that_is_killed(control, start):
    shared, _ = start("GPU-a")
    os.kill(shared._keeper.pid, signal.SIGKILL)
    assert ended(daemon(control))


def seeing(unit, data_dir, emit, stop):
    """Say which GPU and whether a daemon this process finds; wait a little, so that others run beside it."""
    (trial,) = unit.trials
    stop.wait(0.2)
    found = Path(os.environ.get(PIPES, "/nowhere"), "pid").exists()
    said = f"{os.environ.get(VISIBLE)} True" if found else "False"
    emit(TrialFinished(record=TrialRecord(trial=trial, status="done", message=said)))


class Seeing(LocalExecutor):
    engine = f"{__name__}:seeing"
    preloaded = ("dlbench.executors.worker",)


def test_trials_share_gpus_by_a_daemon_that_ends_with_them(control, make_record, monkeypatch):
    monkeypatch.setenv(VISIBLE, "2,3")
    monkeypatch.setattr(slots, "available_cores", lambda: 4)
    trials = [make_record(activation=f"a{number}").trial for number in range(4)]
    units = [WorkUnit(trials=(replace(each, settings=replace(each.settings, device="cuda")),)) for each in trials]
    events = []
    Seeing(None, str(control), mps=True).run(units, events.append, threading.Event())
    records = [event.record for event in events if isinstance(event, TrialFinished)]
    assert sorted(record.message for record in records) == ["0 True", "0 True", "1 True", "1 True"]
    assert {record.trial.trial_id for record in records} == {unit.trials[0].trial_id for unit in units}
    assert not [event for event in events if isinstance(event, TrialNoted)]
    assert (control / "gpus").read_text() == "2,3\n"
    assert not is_running(daemon(control))


def test_trials_on_the_cpu_start_no_daemon(control, make_record):
    events = []
    Seeing(1, str(control), mps=True).run([WorkUnit(trials=(make_record().trial,))], events.append, threading.Event())
    assert [event.record.message for event in events] == ["False"]
    assert not (control / "daemon").exists()


def test_what_is_said_of_mps_reaches_the_session(make_record, tmp_path, monkeypatch):
    monkeypatch.setattr(mps.shutil, "which", lambda name: None)
    monkeypatch.setenv(VISIBLE, "0")
    trial = make_record().trial
    unit = WorkUnit(trials=(replace(trial, settings=replace(trial.settings, device="cuda")),))
    events = []
    Seeing(1, str(tmp_path), mps=True).run([unit], events.append, threading.Event())
    (note,) = (event for event in events if isinstance(event, TrialNoted))
    assert note.of_plan
    assert note.text.startswith("--mps does nothing: there is no nvidia-cuda-mps-control here")
