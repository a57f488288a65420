"""A worker process, its pipe, and what the parent hears when either ends."""

import os
import signal
import threading
import time

import pytest

from dlbench.errors import DlbenchError
from dlbench.executors.task_worker import TaskWorker, WorkerTraceback


@pytest.fixture(scope="module")
def tasks():
    worker = TaskWorker(threading.Event())
    yield worker
    worker.end()


def test_a_task_runs_in_another_process_that_stays_for_the_next(tasks):
    first = tasks.call(os.getpid)
    assert first != os.getpid()
    assert tasks.call(os.getpid) == first


def test_what_a_task_raises_is_raised_here_with_the_workers_traceback(tasks):
    with pytest.raises(FileNotFoundError) as raised:
        tasks.call(os.stat, "/no/such/file")
    assert isinstance(raised.value.__cause__, WorkerTraceback)
    assert "worker.py" in str(raised.value.__cause__)


def test_a_worker_that_dies_in_a_task_is_reported_and_replaced(tasks):
    first = tasks.call(os.getpid)
    with pytest.raises(DlbenchError, match="killed by SIGKILL"):
        tasks.call(os.kill, first, signal.SIGKILL)
    assert tasks.call(os.getpid) not in (first, os.getpid())


def test_a_task_is_given_up_once_it_shall_stop():
    stop = threading.Event()
    stop.set()
    worker = TaskWorker(stop)
    with pytest.raises(KeyboardInterrupt):
        worker.call(signal.pause)
    assert worker.end() == -signal.SIGKILL


def _count(total, report):
    for done in range(1, total + 1):
        report(done, total)
        time.sleep(0.25)
    return total


def test_a_task_says_how_far_it_is_while_it_runs(tasks):
    told = []
    assert tasks.call(_count, 3, report=lambda done, total: told.append((done, total))) == 3
    assert told[0] == (1, 3)
    assert told == sorted(told)
    assert tasks.call(os.getpid)  # the next answer is its own


def _fork_and_return():
    os.fork()
    return os.getpid()


def test_a_task_that_forks_is_answered_once(tasks):
    first = tasks.call(_fork_and_return)
    assert tasks.call(os.getpid) == first
    assert tasks.call(os.getpid) == first
