"""What a session does with the jobs of those that were killed; programs of the test's stand for SLURM's."""

import os
import socket
import time
from pathlib import Path

import pytest

from dlbench_slurm.leftovers import clear, hold
from dlbench_slurm.mailbox import pulse

QUEUE = "7_0 RUNNING\\n7_1 PENDING\\n7_2 COMPLETED\\n"


def left_by(session: str, folder: Path, host: str = "") -> Path:
    """Return the folder that a session has made, and left."""
    made = folder / session
    made.mkdir()
    hold(made).release()
    pulse(made).write_text("1")
    (made / f"{socket.gethostname()}.lock").rename(made / f"{host or socket.gethostname()}.lock")
    return made


def cleared(monkeypatch: pytest.MonkeyPatch, folder: Path, queue: str = QUEUE) -> tuple[int, str]:
    """Clear a folder; return how many jobs were cancelled, and with which command."""
    said = folder / "scancelled"
    for program, line in (("squeue", f"printf '{queue}'"), ("scancel", f'echo "$@" >> {said}')):
        (folder / program).write_text(f"#!/bin/bash\n{line}\n")
        (folder / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return clear(folder), said.read_text() if said.exists() else ""


def test_the_jobs_of_a_session_that_was_killed_are_cancelled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    left_by("dlbench-dead", tmp_path)
    assert cleared(monkeypatch, tmp_path) == (2, "--name=dlbench-dead\n")


def test_those_of_a_session_that_lives_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    life = hold(left_by("dlbench-alive", tmp_path))
    assert cleared(monkeypatch, tmp_path) == (0, "")
    life.release()


def test_of_a_session_on_another_machine_nothing_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    left = left_by("dlbench-far", tmp_path, host="login2")
    assert cleared(monkeypatch, tmp_path) == (0, "")
    os.utime(pulse(left), (time.time() - 90_000,) * 2)
    assert cleared(monkeypatch, tmp_path) == (0, "")
    assert not left.exists()


@pytest.mark.parametrize("queue", ["", "7_0 COMPLETED\\n"])
def test_what_has_no_job_any_more_is_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, queue: str) -> None:
    left = left_by("dlbench-dead", tmp_path)
    assert cleared(monkeypatch, tmp_path, queue) == (0, "")
    assert not left.exists()


def test_while_the_controller_does_not_answer_nothing_is_touched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    left = left_by("dlbench-dead", tmp_path)
    monkeypatch.setattr("dlbench_slurm.leftovers.alive", lambda name: None)
    assert cleared(monkeypatch, tmp_path) == (0, "")
    assert left.exists()
