"""What the end of a run needs is imported beside its trials, where there is room for a thread."""

import threading

from dlbench.cli.streams import background_imports
from dlbench.cli.streams.background_imports import BackgroundImportsProgress
from dlbench.report.terminal.console import plain_console


def test_what_is_needed_later_is_imported_before_the_display_is_closed(monkeypatch):
    imported = []
    monkeypatch.setattr(background_imports, "import_module", imported.append)
    with BackgroundImportsProgress(plain_console(stderr=True), quiet=True) as display:
        display.started([])
    assert imported == list(background_imports._NEEDED_LATER)


def test_a_machine_without_room_for_a_thread_imports_it_later(monkeypatch):
    def full(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", full)
    with BackgroundImportsProgress(plain_console(stderr=True), quiet=True) as display:
        display.started([])
