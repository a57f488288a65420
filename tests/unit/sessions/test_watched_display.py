"""What runs is written down a moment later, at most twice a second, and passed on to the display at once."""

import threading
import time

import pytest

from dlbench.sessions import watched_display
from dlbench.sessions.watched_display import WatchedDisplay
from dlbench.trials.events import EpochFinished, TrialFinished, TrialStarted


class Shown:
    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *arguments: self.calls.append(name)


class Folder:
    def __init__(self, error=None):
        self.written, self.error, self.times = [], error, []
        self.changed = threading.Event()

    def show_running(self, trials):
        self.written.append([(trial.label, trial.seed, trial.epoch) for trial in trials])
        self.times.append(time.monotonic())
        self.changed.set()
        if self.error:
            raise self.error


@pytest.fixture
def record(make_record):
    return make_record(seed=5)


def _run(display, record, epochs=3):
    display.started([record.trial], 0)
    display.trial_started(TrialStarted(trial_id=record.trial_id), "relu")
    for epoch in range(1, epochs + 1):
        display.epoch_finished(
            EpochFinished(trial_id=record.trial_id, epoch=epoch, metrics={"train_loss": 1.0}), "relu"
        )


def test_many_epochs_are_one_writing_and_the_last_is_never_lost(record, monkeypatch):
    monkeypatch.setattr(watched_display, "_DELAY_SECONDS", 0.05)
    folder, shown = Folder(), Shown()
    display = WatchedDisplay(shown, folder)
    _run(display, record, epochs=50)
    assert folder.changed.wait(5)
    assert folder.written == [[("relu", 5, 50)]]
    assert shown.calls == ["started", "trial_started", *["epoch_finished"] * 50]
    display.close()


def test_what_has_ended_runs_no_more_and_a_closed_display_writes_nothing(record, monkeypatch):
    monkeypatch.setattr(watched_display, "_DELAY_SECONDS", 0.05)
    folder, shown = Folder(), Shown()
    display = WatchedDisplay(shown, folder)
    _run(display, record)
    display.trial_finished(TrialFinished(record=record), "relu")
    assert folder.changed.wait(5)
    assert folder.written == [[]]
    _run(display, record)
    display.close()
    count = len(folder.written)
    assert folder.written[-1] == []
    time.sleep(0.1)
    assert len(folder.written) == count
    assert shown.calls[-1] == "close"


def test_a_folder_that_cannot_be_written_costs_the_view_alone(record, monkeypatch):
    monkeypatch.setattr(watched_display, "_DELAY_SECONDS", 0.0)
    folder = Folder(OSError("no space"))
    display = WatchedDisplay(Shown(), folder)
    _run(display, record)
    assert folder.changed.wait(5)
    display.close()


def test_a_machine_without_room_for_a_thread_costs_the_view_alone(record, monkeypatch):
    def full(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", full)
    folder, shown = Folder(), Shown()
    display = WatchedDisplay(shown, folder)
    _run(display, record)
    display.close()
    assert folder.written == [[]]
    assert shown.calls == ["started", "trial_started", *["epoch_finished"] * 3, "close"]
