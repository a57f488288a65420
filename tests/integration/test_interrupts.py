"""Ctrl-C, SIGTERM and kill -9 in the middle of a trial: what remains afterwards, and that no process survives."""

import contextlib
import json
import os
import pty
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from tests.integration.conftest import COMMAND, Running, alive, descendants, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

#: One trial that draws from every stream, and is long enough to be met in its middle.
TRIAL = (
    *("--model", "mlp:hidden=16:dropout=0.4", "--augment", "crop:padding=1", "--learning-rate", "0.01"),
    *("--scheduler", "plateau:patience=1:factor=0.9", "--select", "best-on-test", "--patience", "500"),
    *("--epochs", "250", "--seeds", "1", "--jobs", "1"),
)
HANGS = """
    from dlbench import Activation, hookimpl

    @hookimpl
    def dlbench_activations():
        return [Activation(name=name, factory=f"{__name__}_parts:{name}", summary=name) for name in ("hangs", "stuck")]
"""
PARTS = """
    import ctypes, os, time
    from pathlib import Path

    def mark():
        if folder := os.environ.get("DLBENCH_TEST_MARKS"):
            Path(folder, f"begun-{os.getpid()}").touch()

    def hangs():
        mark()
        print("here I stay")
        time.sleep(100_000)

    def stuck():
        mark()
        ctypes.PyDLL(None).sleep(100_000)  # with the interpreter's lock in its hand
"""


ELSEWHERE = """
    from dlbench import Executor, hookimpl

    @hookimpl
    def dlbench_executors():
        return [Executor(name="elsewhere", factory="nowhere:at_all", summary="Elsewhere")]
"""


@pytest.fixture(autouse=True)
def _no_signal_is_ignored():
    """What nohup or a background job has ignored in this process would be ignored in the commands that it starts."""
    before = [
        (number, signal.signal(number, usual))
        for number, usual in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler))
    ]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture
def hanging(component):
    return component("hanging", HANGS, PARTS)


def checkpoints(tmp_path, name):
    return list((tmp_path / "results" / name / "checkpoints").glob("[!.]*.pt"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_the_first_signal_leaves_a_checkpoint_and_the_same_command_resumes_to_the_same_numbers(
    start, dlbench, numbers, tmp_path, number
):
    running = start(*TRIAL, "--name", "cut", "--checkpoint-every", "0.1")
    (path,) = running.wait_for(lambda: checkpoints(tmp_path, "cut"))
    running.look()
    before = path.stat().st_mtime_ns
    running.process.send_signal(number)
    assert running.wait() == 130
    assert "Stopping" in running.said()
    assert "Traceback" not in running.said()
    assert path.stat().st_mtime_ns > before
    assert numbers_or_none(numbers, "cut") is None
    again = dlbench("compare", *TRIAL, "--name", "cut")
    assert again.returncode == 0
    assert "seed 0: resuming from a checkpoint in epoch" in again.stderr
    assert not path.parent.exists()
    assert dlbench("compare", *TRIAL, "--name", "undisturbed").returncode == 0
    assert numbers("cut") == numbers("undisturbed")


@pytest.mark.slow
def test_closing_the_terminal_leaves_a_checkpoint_and_no_scratch_folder(start, data_dir, tmp_path, temporary):
    """The kernel tells every process of the terminal, workers and their server too, and takes the terminal away."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(tmp_path)
        environment = {**os.environ, "DLBENCH_DATA_DIR": str(data_dir), "TMPDIR": str(temporary)}
        os.execve(COMMAND[0], [*COMMAND, *TRIAL, "--name", "hung-up", "--checkpoint-every", "0.1"], environment)
    with contextlib.suppress(OSError):
        while not checkpoints(tmp_path, "hung-up"):
            os.read(terminal, 4096)
    started = descendants(process)
    assert scratch_folders(temporary)
    (path,) = checkpoints(tmp_path, "hung-up")
    before = path.stat().st_mtime_ns
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 130
    assert path.stat().st_mtime_ns > before
    assert json.loads((tmp_path / "results" / "hung-up" / "manifest.json").read_text())["sessions"][0]["ended"]
    wait_for(lambda: not alive(started))
    assert scratch_folders(temporary) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_another_command_that_is_ended_leaves_no_scratch_folder_either(tmp_path, data_dir, temporary, number):
    environment = {**os.environ, "DLBENCH_DATA_DIR": str(data_dir), "TMPDIR": str(temporary)}
    command = [*COMMAND[:-1], "bench", "--model", "mlp:hidden=2000", "--windows", "1000"]
    running = Running(command, tmp_path, environment)
    running.wait_for(lambda: running.workers() and scratch_folders(temporary))
    running.process.send_signal(number)
    assert running.wait() == 128 + number
    assert "Traceback" not in running.said()
    assert scratch_folders(temporary) == []


@pytest.fixture
def temporary():
    """A folder for temporary files whose path has room for a socket's name."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def scratch_folders(temporary):
    return [path for path in temporary.iterdir() if not path.name.startswith("torchinductor")]


def numbers_or_none(numbers, name):
    try:
        return numbers(name)
    except FileNotFoundError:
        return None


@pytest.mark.slow
def test_a_second_ctrl_c_ends_at_once_whatever_a_component_does(start, hanging, tmp_path):
    running = start("--activation", "hanging/hangs", "--seeds", "1", "--name", "twice", site=hanging)
    running.wait_for(lambda: list(tmp_path.glob("begun-*")))
    running.process.send_signal(signal.SIGINT)
    running.wait_for(lambda: "Stopping" in running.said())
    running.look()
    running.process.send_signal(signal.SIGINT)
    assert running.wait() == 130
    assert "Traceback" not in running.said()


@pytest.mark.slow
def test_ctrl_c_in_a_script_leaves_a_checkpoint_too(start, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import dlbench\n"
        "dlbench.compare(model='mlp:dropout=0.2', epochs=5000, seeds=1, jobs=1, name='script', checkpoint_every=0.1)\n"
    )
    running = start(script=script)
    (path,) = running.wait_for(lambda: checkpoints(tmp_path, "script"))
    running.look()
    before = path.stat().st_mtime_ns
    running.process.send_signal(signal.SIGINT)
    assert running.wait() in (130, -signal.SIGINT)
    assert path.stat().st_mtime_ns > before


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param("hangs", marks=pytest.mark.slow), "stuck"])
def test_no_process_outlives_a_killed_parent_whatever_a_component_does(start, hanging, tmp_path, name):
    running = start("--activation", f"hanging/{name}", "--seeds", "2", "--jobs", "2", site=hanging)
    running.wait_for(lambda: len(list(tmp_path.glob("begun-*"))) == 2)
    assert len(running.workers()) >= 2
    running.process.kill()
    assert running.wait() == -signal.SIGKILL  # which waits until all that it started are gone


@pytest.mark.slow
def test_a_signal_to_the_whole_group_while_workers_start_leaves_no_traceback(start, tmp_path):
    """A terminal's Ctrl-C reaches the server of the workers too, which imports torch just then."""
    running = start("--seeds", "40", "--name", "early")
    running.wait_for(running.look)
    for pid, _ in running.look():
        with contextlib.suppress(ProcessLookupError):  # one that looked at the machine may have ended
            os.kill(pid, signal.SIGINT)
    running.process.send_signal(signal.SIGINT)
    assert running.wait() == 130
    assert "Traceback" not in running.said()


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param("hangs", marks=pytest.mark.slow), "stuck"])
def test_a_trial_that_hangs_ends_at_its_time_limit_and_its_log_shows_where(dlbench, hanging, tmp_path, name):
    done = dlbench("compare", "--activation", f"hanging/{name}", "--seeds", "1", "--timeout", "1", "--name", "late")
    assert done.returncode == 1
    assert "timeout, not finished after 1 s" in done.stderr
    assert "Traceback" not in done.stderr
    (log,) = (tmp_path / "results" / "late" / "logs").iterdir()
    assert f"in {name}" in log.read_text()
    if name == "hangs":
        assert "here I stay" in log.read_text()


def test_an_executor_without_a_time_limit_says_so(dlbench, component):
    component("elsewhere", ELSEWHERE, "")
    done = dlbench("compare", "--executor", "elsewhere", "--timeout", "5", "--seeds", "1", "--epochs", "1")
    assert done.returncode == 2
    assert "has no --timeout" in done.stderr
