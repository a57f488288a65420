import signal

import pytest

from dlbench.executors import memory
from dlbench.executors.endings import describe_exit
from dlbench.executors.memory import out_of_memory_kills


@pytest.mark.parametrize(
    ("code", "memory_ran_out", "status", "message"),
    [
        (3, False, "failed", "exited by itself with exit code 3"),
        (0, False, "failed", "exited by itself with exit code 0"),
        (-signal.SIGSEGV, True, "failed", "killed by SIGSEGV"),
        (-signal.SIGKILL, False, "failed", "SIGKILL (out of memory, perhaps)"),
        (-signal.SIGKILL, True, "oom", "memory had run out"),
        (-60, False, "failed", "killed by signal 60"),
    ],
)
def test_each_exit_has_its_status_and_message(code, memory_ran_out, status, message):
    described = describe_exit(code, memory_ran_out=memory_ran_out)
    assert described[0] == status
    assert described[1].endswith(message)


def test_kills_for_lack_of_memory_are_counted_where_the_system_reports_them(tmp_path, monkeypatch):
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
