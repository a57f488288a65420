"""An observer that hangs is left out after its limit, with one sentence; the others go on."""

import sys
import time

from dlbench.plugins.registry import Registry
from dlbench.sessions import observers
from dlbench.sessions.observers import Observers

HANGS = """
    import time
    from dlbench import hookimpl

    calls = []

    @hookimpl
    def dlbench_run_finished(folder):
        calls.append(folder)
        time.sleep(60)
"""
WELL = """
    from dlbench import hookimpl

    calls = []

    @hookimpl
    def dlbench_run_finished(folder):
        print("an observer")
        calls.append(folder)
"""


def test_one_that_hangs_is_left_out_and_holds_nothing(install, monkeypatch):
    install("hangs", HANGS)
    install("well", WELL)
    monkeypatch.setattr(observers, "LIMIT_SECONDS", 0.2)
    plugins, stdout, started = Registry.load().plugins, sys.stdout, time.monotonic()
    observing = Observers(plugins)
    for folder in ("first", "second"):
        observing.call("dlbench_run_finished", folder=folder)
    assert time.monotonic() - started < 5
    calls = {name: plugins.by_name[name].module.calls for name in ("hangs", "well")}
    assert calls == {"hangs": ["first"], "well": ["first", "second"]}
    (problem,) = [each for each in plugins.problems if each.plugin == "hangs"]
    assert "took longer than" in problem.reason
    assert sys.stdout is stdout
