"""Workers: processes of their own, which may start others, from a server that may die."""

import multiprocessing
import os
import signal
from multiprocessing import forkserver

import pytest

from dlbench.executors import processes
from dlbench.executors.processes import Worker

pytestmark = pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(), reason="needs processes that are forked from a server"
)


def answer_from_a_child(connection):
    child = multiprocessing.get_context("fork").Process(target=connection.send, args=("from a child",))
    child.start()
    child.join()


def answer(connection):
    connection.send("from the worker")


def answer_of(worker):
    try:
        assert worker.connection.poll(60)
        return worker.connection.recv()
    finally:
        worker.end()


def test_a_component_may_start_processes():
    assert answer_of(Worker(answer_from_a_child, preloaded=())) == "from a child"


def test_a_server_that_was_killed_is_started_again():
    answer_of(Worker(answer, preloaded=()))
    os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
    assert answer_of(Worker(answer, preloaded=())) == "from the worker"


@pytest.mark.parametrize("error", [EOFError, ConnectionResetError, BrokenPipeError])
def test_a_server_that_ends_while_it_starts_gets_a_second_chance_then_a_sentence(monkeypatch, error):
    attempts = []

    def start(process):
        attempts.append(process)
        raise error

    monkeypatch.setattr(processes._Process, "start", start)
    with pytest.raises(processes.DlbenchError, match="ended while it was starting"):
        Worker(answer, preloaded=())
    assert len(attempts) == 2
