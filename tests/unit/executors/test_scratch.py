"""Scratch folders: gone with their process or, where that was killed, with the next one."""

import errno
import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from dlbench.errors import DlbenchError
from dlbench.executors import scratch
from dlbench.machine import own_process

CODE = """
import os, sys, time
from dlbench.executors.scratch import scratch_folder, scratch_subfolder
with scratch_subfolder() as folder:
    (folder / "1.log").write_text("printed")
    print(scratch_folder(), flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def temporary(monkeypatch):
    """Have a folder for temporary files whose path is short enough for sockets, and no scratch folder yet."""
    with tempfile.TemporaryDirectory(prefix="temporary-") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        monkeypatch.setattr(scratch, "_SCRATCH", scratch._Scratch())
        yield Path(folder)


@pytest.fixture
def start(temporary):
    """Start a process with a scratch folder; return both."""
    started = []

    def start():
        environment = {**os.environ, "TMPDIR": str(temporary)}
        command = [sys.executable, "-c", CODE]
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process, Path(process.stdout.readline().strip())

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_scratch_folder_ends_with_its_process_and_those_of_killed_ones_with_the_next(start, temporary):
    ended, killed, alive = start(), start(), start()
    assert all((folder / ".owner").exists() for _, folder in (ended, killed, alive))
    ended[0].communicate("\n")
    killed[0].kill()
    killed[0].wait()
    assert sorted(temporary.iterdir()) == sorted([killed[1], alive[1]])
    own = scratch.scratch_folder()
    assert sorted(temporary.iterdir()) == sorted([own, alive[1]])
    assert scratch.scratch_folder() == own
    assert list(alive[1].rglob("1.log"))


def test_what_is_not_ours_stays(temporary):
    (temporary / "dlbench-notes").mkdir()
    (temporary / "dlbench-notes" / "thesis.txt").write_text("a year of work")
    (temporary / "dlbench-file").write_text("a file")
    (temporary / "elsewhere").mkdir()
    (temporary / "elsewhere" / ".owner").touch()
    (temporary / "dlbench-link").symlink_to(temporary / "elsewhere")
    young, old = temporary / "dlbench-young", temporary / "dlbench-old"
    for folder in (young, old):
        folder.mkdir()
        (folder / "1.log").write_text("of a version without locks")
    for path in (old / "1.log", old, temporary / "dlbench-notes" / "thesis.txt", temporary / "dlbench-notes"):
        os.utime(path, (time.time() - 3 * 86400,) * 2)
    scratch.scratch_folder()
    assert not old.exists()
    for name in ("dlbench-notes/thesis.txt", "dlbench-file", "elsewhere/.owner", "dlbench-link", "dlbench-young/1.log"):
        assert (temporary / name).exists()


def test_a_folder_for_temporary_files_without_locks_keeps_what_others_use(temporary, monkeypatch):
    def refuse(descriptor, operation):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refuse)
    first = scratch.scratch_folder()
    monkeypatch.setattr(scratch, "_SCRATCH", scratch._Scratch())
    assert scratch.scratch_folder() != first
    assert first.is_dir()


def test_a_folder_whose_lock_does_not_reach_its_process_stays_while_that_lives(start, temporary, monkeypatch):
    alive, far = start(), temporary / "dlbench-far"
    far.mkdir()
    (far / ".owner").touch()
    (far / ".process").write_text(json.dumps({**own_process(), "host": "elsewhere", "pid": 1}))
    monkeypatch.setattr(fcntl, "flock", lambda descriptor, operation: None)
    scratch.scratch_folder()
    assert alive[1].is_dir()
    assert far.is_dir()


def test_a_long_path_of_temporary_files_is_replaced_by_a_short_one(temporary, monkeypatch):
    long = temporary / ("x" * 60) / ("y" * 60)
    long.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    folder = scratch.scratch_folder()
    assert len(os.fsencode(folder / "listener-01234567")) <= 103
    assert folder.parent in (Path("/tmp"), Path("/var/tmp"))
    monkeypatch.setattr(scratch, "_SCRATCH", scratch._Scratch())
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(DlbenchError, match="too long for sockets") as caught:
        scratch.scratch_folder()
    assert "Set TMPDIR" in caught.value.hint


def test_a_place_without_room_is_named(temporary, monkeypatch):
    def full(**options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with pytest.raises(DlbenchError, match="No space left on device") as caught:
        scratch.scratch_folder()
    assert str(temporary) in caught.value.message
    assert "TMPDIR" in caught.value.hint
