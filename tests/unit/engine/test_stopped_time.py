"""The clock of training, while the process is stopped, computes or waits."""

import os
import signal
import subprocess
import sys
import time

import pytest

from dlbench.engine.stopped_time import StoppedTime


def _passed(*looks):
    """Return the running time between the first and the last of some looks: times and seconds of computing."""
    times, computed = (iter(column) for column in zip((0.0, 0.0), *looks, strict=True))
    stopped = StoppedTime(lambda: next(times), lambda: next(computed))
    return [stopped.running_time() for _ in looks][-1]


def test_a_time_without_looks_or_computing_does_not_count():
    assert _passed((0.1, 0.1), (0.2, 0.2), (60.2, 0.25), (60.3, 0.35)) == pytest.approx(0.35)


def test_a_time_in_which_code_kept_the_other_threads_waiting_counts():
    assert _passed((0.1, 0.1), (5.1, 5.0)) == pytest.approx(5.1)


def test_waiting_counts_while_the_process_looks():
    assert _passed(*((number / 10, 0.0) for number in range(1, 31))) == pytest.approx(3.0)


PROGRAM = """
import time
from dlbench.engine.stopped_time import running_time
began, real = running_time(), time.perf_counter()
print("began", flush=True)
while time.perf_counter() - real < 2.0:
    sum(range(1000))
print(running_time() - began, time.perf_counter() - real)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="stops a process")
def test_a_process_that_is_stopped_and_continued_counts_what_it_ran():
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        time.sleep(0.3)
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(1.2)
        os.kill(process.pid, signal.SIGCONT)
        counted, real = map(float, process.stdout.read().split())
    assert real >= 2.0
    assert real - counted == pytest.approx(1.2, abs=0.3)
