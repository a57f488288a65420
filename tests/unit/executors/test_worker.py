"""A worker process, its pipe, and what the parent hears when either ends."""

import json
import os
import signal
import threading
import time
from multiprocessing import Pipe
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

from dlbench.errors import DlbenchError
from dlbench.executors.local import _read
from dlbench.executors.task_worker import TaskWorker, WorkerTraceback


def _received(*messages):
    """Return what the reader puts into the queue for some messages and the end of the pipe after them."""
    ours, theirs = Pipe()
    worker, queue = SimpleNamespace(connection=ours), SimpleQueue()
    with theirs:
        for message in messages:
            theirs.send_bytes(message)
    _read(worker, queue)
    return [queue.get_nowait()[1] for _ in range(queue.qsize())]


def test_messages_arrive_in_order_and_the_end_of_the_pipe_after_them():
    sent = [{"kind": "begun"}, {"kind": "epoch", "epoch": 1}]
    assert _received(*(json.dumps(message).encode() for message in sent)) == [*sent, {"kind": "closed"}]


def test_nothing_of_a_worker_is_unpickled_what_is_not_json_ends_its_pipe():
    assert _received(b"\x80\x04pickle", b'{"kind": "begun"}') == [{"kind": "closed"}]


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
