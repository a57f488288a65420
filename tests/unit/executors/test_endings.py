import signal
from concurrent.futures.process import BrokenProcessPool

import pytest
from pebble import ProcessExpired

from dlbench.executors import memory
from dlbench.executors.endings import describe, ended_by_itself, is_lost_process, is_timeout
from dlbench.executors.memory import out_of_memory_kills


@pytest.mark.parametrize(
    ("error", "memory_ran_out", "status", "message"),
    [
        (ProcessExpired("", code=3), False, "failed", "ended by itself with exit code 3"),
        (ended_by_itself(), False, "failed", "ended by itself with exit code 0"),
        (ProcessExpired("", code=-signal.SIGSEGV), True, "failed", "ended by SIGSEGV"),
        (ProcessExpired("", code=-signal.SIGKILL), False, "failed", "SIGKILL (out of memory, perhaps)"),
        (ProcessExpired("", code=-signal.SIGKILL), True, "oom", "memory had run out"),
        (ProcessExpired("", code=-60), False, "failed", "ended by signal 60"),
        (TimeoutError("Task timeout", 5), False, "timeout", "not over after 5 s"),
        (TimeoutError("the database"), False, "failed", "TimeoutError: the database"),
        (KeyboardInterrupt(), False, "failed", "KeyboardInterrupt"),
        (None, False, "failed", "without a record"),
    ],
)
def test_each_ending_has_its_status_and_its_words(error, memory_ran_out, status, message):
    told = describe(error, memory_ran_out=memory_ran_out, timeout=5)
    assert told[0] == status
    assert told[1].endswith(message)


def test_a_lost_process_is_told_from_an_error_and_from_a_time_limit():
    assert is_lost_process(ProcessExpired("", code=-9))
    assert is_lost_process(BrokenProcessPool())
    assert not is_lost_process(ValueError())
    assert not is_lost_process(TimeoutError("Task timeout", 5))
    assert is_timeout(TimeoutError("Task timeout", 5))


def test_kills_for_want_of_memory_are_counted_where_the_system_tells(tmp_path, monkeypatch):
    machine, groups = tmp_path / "vmstat", tmp_path / "cgroup"
    events, control = tmp_path / "fs" / "a" / "b" / "memory.events", tmp_path / "fs" / "memory" / "c"
    for folder in (events.parent, control):
        folder.mkdir(parents=True)
    monkeypatch.setattr(memory, "_WHOLE_MACHINE", machine)
    monkeypatch.setattr(memory, "_GROUPS", groups)
    monkeypatch.setattr(memory, "_MOUNT", tmp_path / "fs")
    assert out_of_memory_kills() == 0
    machine.write_text("pgfault 123\noom_kill 4\nnr_dirty 5\n")
    groups.write_text("9:memory:/c\n0::/a/b\n")
    events.write_text("low 0\nhigh 0\noom 7\noom_kill 2\noom_group_kill 0\n")
    (control / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
    assert out_of_memory_kills() == 4 + 2 + 1
