"""An observer that hangs is left out after its limit, with one sentence; the others go on."""

import sys
import threading
import time

from dlbench.plugins.registry import Registry
from dlbench.sessions import observers
from dlbench.sessions.observers import Observers

HANGS = """
    import threading
    from dlbench import hookimpl

    calls = []
    release = threading.Event()

    @hookimpl
    def dlbench_run_finished(folder):
        calls.append(folder)
        release.wait(60)
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
    assert "Check that what it writes to, a server say, is up and can be reached, or remove it" in problem.remedy
    assert sys.stdout is stdout
    plugins.by_name["hangs"].module.release.set()  # a call that ends later would restore this test's output in another
    for thread in threading.enumerate():
        if thread.name == "observer hangs":
            thread.join()


def test_where_no_thread_can_be_started_observers_are_called_all_the_same(install, monkeypatch):
    def no_room(thread):
        raise RuntimeError("can't start new thread")

    install("well", WELL)
    plugins = Registry.load().plugins
    monkeypatch.setattr(threading.Thread, "start", no_room)
    Observers(plugins).call("dlbench_run_finished", folder="first")
    assert plugins.by_name["well"].module.calls == ["first"]
    assert not [each for each in plugins.problems if each.plugin == "well"]
