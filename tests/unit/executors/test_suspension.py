"""Ctrl-Z and fg: the workers stop and go on with the command, though a terminal does not reach their groups."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from dlbench.executors.suspension import suspended_together

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

#: A command with two workers in groups of their own, which names them and waits until its standard input ends.
COMMAND = """
import subprocess, sys
from dlbench.executors.suspension import suspended_together
workers = [subprocess.Popen(["sleep", "1000"], process_group=0, stdout=subprocess.DEVNULL) for _ in range(2)]
try:
    with suspended_together(lambda: [worker.pid for worker in workers]):
        print(*(worker.pid for worker in workers), flush=True)
        sys.stdin.read()
finally:
    for worker in workers:
        worker.kill()
"""


@pytest.fixture
def command():
    """The command, in a group of its own as shells start it, and its workers."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0, text=True
    ) as process:
        yield process, [int(pid) for pid in process.stdout.readline().split()]
        process.kill()


@contextmanager
def ending(process):
    """Let the command end by itself afterwards."""
    yield
    process.stdin.close()
    assert process.wait(timeout=60) == 0


def is_stopped(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def press_ctrl_z(process):
    os.killpg(process.pid, signal.SIGTSTP)
    assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])


def type_fg(process):
    os.killpg(process.pid, signal.SIGCONT)
    assert os.WIFCONTINUED(os.waitpid(process.pid, os.WCONTINUED)[1])


def wait_until_stopped(pids, stopped=True):
    """Signals arrive at once, and take effect when the kernel next turns to the process."""
    waiting, end = threading.Event(), time.monotonic() + 60
    while {is_stopped(pid) for pid in pids} != {stopped}:
        assert time.monotonic() < end, "waited in vain"
        waiting.wait(0.001)


def test_the_workers_stop_and_go_on_with_the_command_however_often(command):
    process, workers = command
    with ending(process):
        for _ in range(3):
            press_ctrl_z(process)
            wait_until_stopped(workers)
            type_fg(process)
            wait_until_stopped(workers, False)


def test_a_worker_that_has_ended_meanwhile_is_no_obstacle(command):
    process, (one, other) = command
    with ending(process):
        os.kill(one, signal.SIGKILL)
        press_ctrl_z(process)
        wait_until_stopped([other])
        type_fg(process)
        wait_until_stopped([other], False)


def test_what_somebody_else_does_on_ctrl_z_stays_and_so_does_the_usual():
    number = signal.SIGTSTP
    before = signal.getsignal(number)
    try:
        for handler in (signal.SIG_IGN, lambda *_: None):
            signal.signal(number, handler)
            with suspended_together(list):
                assert signal.getsignal(number) is handler
        signal.signal(number, signal.SIG_DFL)
        with suspended_together(list):
            assert callable(signal.getsignal(number))
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_a_thread_leaves_signals_alone():
    found = []

    def look():
        with suspended_together(list):
            found.append(signal.getsignal(signal.SIGTSTP))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGTSTP)]
