"""Whose end a SIGTERM is, which a batch system sends to all processes of a job."""

import signal
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dlbench.executors import running_unit
from dlbench.executors.output_log import OutputLog
from dlbench.executors.running_unit import RunningUnit


def ended(folder: Path, exit_code: int) -> RunningUnit:
    worker: Any = SimpleNamespace(exit_code=exit_code)
    unit: Any = None
    return RunningUnit(unit, 1, worker, OutputLog(folder / "log"), 0)


def test_a_worker_that_ends_by_sigterm_a_moment_before_its_session_is_asked_to_stop_has_not_failed(tmp_path):
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()
    assert ended(tmp_path, -signal.SIGTERM).was_asked_with(stop)


def test_one_that_somebody_ends_alone_has(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(running_unit, "_OURS_SECONDS", 0.01)
    assert not ended(tmp_path, -signal.SIGTERM).was_asked_with(threading.Event())


def test_one_that_crashes_has_whatever_else_happens(tmp_path):
    stop = threading.Event()
    stop.set()
    assert not ended(tmp_path, -signal.SIGSEGV).was_asked_with(stop)
