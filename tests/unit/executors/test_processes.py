"""Workers: processes of their own, which may start others, from a server that may die."""

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import pytest

if "forkserver" not in multiprocessing.get_all_start_methods():
    pytest.skip("needs processes that are forked from a server", allow_module_level=True)

from dlbench.executors import processes
from dlbench.executors.fork_server import ForkedProcess, server_pid
from dlbench.executors.processes import Worker


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
    os.kill(server_pid(), signal.SIGKILL)
    assert answer_of(Worker(answer, preloaded=())) == "from the worker"


def found(connection):
    connection.send((sys.path, os.environ.get("PYTHONSAFEPATH")))


def test_a_worker_imports_nothing_from_the_current_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])  # as in a console or a notebook
    path, safe = answer_of(Worker(found, preloaded=()))
    assert {"", str(tmp_path)}.isdisjoint(path)
    assert safe == "1"


def test_a_daemon_may_have_workers_and_stays_one(monkeypatch):
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    assert answer_of(Worker(answer, preloaded=())) == "from the worker"
    assert multiprocessing.current_process().daemon


def answer_of_a_worker(connection):
    connection.send(answer_of(Worker(answer, preloaded=())))


def test_a_process_that_was_forked_from_one_with_workers_has_workers_of_its_own():
    answer_of(Worker(answer, preloaded=()))  # starts this process's server, which does not answer a child
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=answer_of_a_worker, args=(theirs,), daemon=True)
    child.start()
    assert ours.poll(60)
    assert ours.recv() == "from the worker"
    child.join()


def test_a_worker_that_ends_leaves_the_scripts_own_processes_alone():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as pool:
        process = pool.submit(os.getpid).result(timeout=60)
        answer_of(Worker(answer, preloaded=()))
        assert pool.submit(os.getpid).result(timeout=60) == process


def test_a_scripts_own_process_ends_when_it_is_told_to_after_workers_had_blocked_that():
    answer_of(Worker(answer, preloaded=()))
    process = multiprocessing.get_context("forkserver").Process(target=time.sleep, args=(60,))
    process.start()
    process.terminate()
    process.join(30)
    assert process.exitcode == -signal.SIGTERM


def wait(connection):
    connection.send("waiting")
    connection.poll(60)


def test_it_shows_whether_a_worker_was_lost_with_its_server_or_died_alone():
    alone, lost = Worker(wait, preloaded=()), Worker(wait, preloaded=())
    alone.end()
    assert not alone.lost_server
    assert not lost.lost_server
    os.kill(server_pid(), signal.SIGKILL)
    while not lost.lost_server:
        pass
    lost.end()


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_it_shows_whether_a_worker_is_stopped():
    worker = Worker(wait, preloaded=())
    worker.connection.recv()
    assert not worker.is_stopped
    os.kill(worker._process.pid, signal.SIGSTOP)
    while not worker.is_stopped:
        pass
    worker.end()


def test_without_room_for_a_process_there_is_a_sentence(monkeypatch):
    def start(process):
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(ForkedProcess, "start", start)
    with pytest.raises(processes.StartError, match="No process can be started: the limit"):
        Worker(answer, preloaded=())


@pytest.mark.slow
@pytest.mark.parametrize("error", [EOFError, ConnectionResetError, BrokenPipeError])
def test_a_server_that_ends_while_it_starts_gets_a_second_chance_then_a_sentence(monkeypatch, error):
    attempts = []

    def start(process):
        attempts.append(process)
        raise error

    monkeypatch.setattr(ForkedProcess, "start", start)
    with pytest.raises(processes.DlbenchError, match="ended while it was starting"):
        Worker(answer, preloaded=())
    assert len(attempts) == 2


USUALLY = "tracker.ensure_running()"


@pytest.mark.parametrize(("start", "warned"), [(USUALLY, True), (f"with _quiet_tracker(): {USUALLY}", False)])
def test_what_a_killed_compiler_leaves_is_removed_without_a_warning(start, warned):
    program = f"""if True:
        from multiprocessing import resource_tracker as tracker, synchronize
        from dlbench.executors.fork_server import _quiet_tracker
        {start}
        tracker.register("/dlbench-test-of-the-tracker", "semaphore")
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ("leaked semaphore" in done.stderr) is warned
