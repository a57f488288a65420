"""Unexpected errors are clear messages too, and the exit code says when standard output is incomplete."""

import os
import select
import subprocess
import sys

import pytest

from dlbench.cli.commands import list as listing
from dlbench.errors import DlbenchError

COMMAND = [sys.executable, "-m", "dlbench"]


def fail(error):
    def failing(*_, **__):
        raise error

    return failing


def test_an_internal_error_names_its_place_and_what_to_type(dlbench, monkeypatch):
    monkeypatch.setattr(listing, "_print_counts", fail(ZeroDivisionError("a [thing] went wrong")))
    done = dlbench("list")
    assert done.returncode == 1
    assert "Error: ZeroDivisionError: a [thing] went wrong (test_failures.py, line" in done.stderr
    assert "`dlbench --debug …`" in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback_of_any_error(dlbench, monkeypatch):
    for error in (ZeroDivisionError("oh"), DlbenchError("oh", "do this")):
        monkeypatch.setattr(listing, "_print_counts", fail(error))
        with pytest.raises(type(error)):
            dlbench("--debug", "list")


def test_an_error_of_the_system_is_reported_with_its_own_message(dlbench, monkeypatch):
    monkeypatch.setattr(listing, "_print_counts", fail(PermissionError(13, "Permission denied", "/some/where")))
    done = dlbench("list")
    assert (done.returncode, done.stderr) == (1, "Error: Permission denied: /some/where.\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["--version"]], ids=" ".join)
def test_a_full_disk_under_standard_output_is_reported_once(words):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*COMMAND, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr.count("Error:")) == (1, 1)
    assert done.stderr.startswith("Error: No space left on device, in a place that the system does not name.\n")
    assert "dlbench writes to standard output" in done.stderr


def test_a_reader_that_closes_the_pipe_is_not_an_error():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        done = subprocess.run([*COMMAND, "list"], stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")


CLOSING = ["sh", "-c", '"$@" >&-', "sh", *COMMAND]


@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["--version"]], ids=" ".join)
def test_what_a_closed_standard_output_was_to_get_is_said_to_be_lost(words):
    done = subprocess.run([*CLOSING, *words], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 2)
    assert done.stderr.startswith("Error: Standard output is closed, and what was to be printed there is lost.\n")


def test_a_closed_standard_output_does_not_hide_another_error():
    done = subprocess.run([*CLOSING, "show", "model", "nothing"], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, "closed" in done.stderr) == (2, False)


@pytest.mark.skipif(not hasattr(select, "poll"), reason="asks the pipe whether it has a reader")
def test_a_broken_pipe_that_is_not_an_outputs_is_an_error(dlbench, monkeypatch):
    monkeypatch.setattr(listing, "_print_counts", fail(BrokenPipeError(32, "Broken pipe")))
    done = dlbench("list")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: BrokenPipeError: [Errno 32] Broken pipe, in the middle of the command.")
    with pytest.raises(DlbenchError) as raised:
        dlbench("--debug", "list")
    assert isinstance(raised.value.__cause__, BrokenPipeError)


def test_a_thread_for_which_there_is_no_room_is_a_sentence(dlbench, monkeypatch):
    monkeypatch.setattr(listing, "_print_counts", fail(RuntimeError("can't start new thread")))
    done = dlbench("list")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: No thread can be started: the limit of processes and threads is reached")
    assert "bug" not in done.stderr
