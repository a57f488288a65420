import io

import pytest
from rich.console import Console

from dlbench.report.terminal.progress import Progress, duration
from dlbench.trials.events import EpochFinished, TrialFinished


@pytest.fixture
def records(make_record):
    return [make_record(name, seed, 0.964, epochs=10) for seed in (0, 1) for name in ("relu", "tanh")]


def _screen(width=80, height=25, *, terminal=False):
    environment = {"TERM": "xterm"} if terminal else {}
    return Console(
        file=io.StringIO(), width=width, height=height, force_terminal=terminal, _environ=environment, highlight=False
    )


def _play(progress, records, before=0):
    progress.started([record.trial for record in records], before)
    for record in records:
        for number, metrics in enumerate(record.epochs, start=1):
            progress.epoch_finished(
                EpochFinished(trial_id=record.trial_id, epoch=number, metrics=metrics), record.trial.activation.short
            )
        progress.trial_finished(TrialFinished(record=record), record.trial.activation.short)


def test_without_a_terminal_each_finished_trial_is_one_plain_line(records):
    screen = _screen()
    with Progress(screen) as progress:
        _play(progress, records)
    assert screen.file.getvalue().splitlines() == [
        "[1/4] relu seed 0: 96.4 % validation accuracy, 0.8 s",
        "[2/4] tanh seed 0: 96.4 % validation accuracy, 0.8 s",
        "[3/4] relu seed 1: 96.4 % validation accuracy, 0.8 s",
        "[4/4] tanh seed 1: 96.4 % validation accuracy, 0.8 s",
    ]


def test_trials_of_earlier_runs_count_as_done(records):
    screen = _screen()
    with Progress(screen) as progress:
        _play(progress, records, before=17)
    lines = screen.file.getvalue().splitlines()
    assert lines[0] == "17 of 21 trials are already complete."
    assert lines[1].startswith("[18/21] relu")
    assert lines[-1].startswith("[21/21] tanh")


def test_what_finished_in_the_stage_before_is_not_announced_as_complete_already(records):
    screen = _screen()
    with Progress(screen) as progress:
        _play(progress, records[:2])
        _play(progress, records[2:], before=2)
        _play(progress, [], before=7)
    lines = screen.file.getvalue().splitlines()
    assert lines[2].startswith("[3/4] relu")
    assert lines[4:] == ["7 of 7 trials are already complete."], "three of them finished elsewhere"


def test_a_failed_trial_says_why_and_brackets_are_text(make_record):
    screen = _screen()
    record = make_record(status="failed", message="ValueError: [bold]", metrics={}, cost={})
    with Progress(screen) as progress:
        _play(progress, [record])
    assert screen.file.getvalue() == "[1/1] relu seed 0: failed, ValueError: [bold]\n"


def test_quiet_shows_nothing(records):
    for terminal in (False, True):
        screen = _screen(terminal=terminal)
        with Progress(screen, quiet=True) as progress:
            _play(progress, records, before=2)
            progress.note("a note")
        assert screen.file.getvalue() == ""


@pytest.mark.parametrize("width", [1, 5, 20, 80, 200])
@pytest.mark.parametrize("height", [1, 3, 25])
def test_a_small_terminal_is_no_reason_to_crash(records, width, height):
    screen = _screen(width, height, terminal=True)
    with Progress(screen) as progress:
        _play(progress, records, before=1)
        progress.note("a note")
        screen.print(progress)


def _displayed(progress, screen):
    with screen.capture() as capture:
        screen.print(progress)
    return capture.get().splitlines()


def test_the_display_has_a_line_a_running_trial_and_one_for_all(records):
    times = iter([100.0, 130.0])
    progress = Progress(_screen(), clock=lambda: next(times))
    progress.started([record.trial for record in records])
    metrics = {"validation_accuracy": 0.5, "images_per_second": 12345.6}
    for record in records[:2]:
        progress.epoch_finished(EpochFinished(trial_id=record.trial_id, epoch=3, metrics=metrics), "relu")
    lines = _displayed(progress, _screen())
    assert lines[0].startswith("0/4 trials")
    assert lines[0].rstrip().endswith("2 min 50 s left")  # 6 of 40 epochs took 30 s
    assert len(lines) == 3
    assert lines[1].split("  ") == lines[2].split("  ")
    assert "relu seed 0  epoch 3/10  50.0 % validation accuracy  12,346 images/s" in lines[1]


def test_a_finished_trial_leaves_the_display(records):
    progress = Progress(_screen())
    _play(progress, records[:1])
    lines = _displayed(progress, _screen())
    assert len(lines) == 1
    assert lines[0].startswith("1/1 trials")


def test_more_trials_than_lines_are_counted(make_record):
    records = [make_record(seed=seed) for seed in range(20)]
    progress = Progress(_screen(height=10))
    progress.started([record.trial for record in records])
    for record in records:
        progress.epoch_finished(EpochFinished(trial_id=record.trial_id, epoch=1, metrics=record.epochs[0]), "relu")
    lines = _displayed(progress, _screen(height=10))
    assert lines[-1].strip() == "and 13 more"
    assert len(lines) <= 10


def test_the_live_display_leaves_only_notes_behind(make_record):
    screen = _screen(terminal=True)
    with Progress(screen) as progress:
        _play(progress, [make_record(), make_record(seed=1, status="diverged", message="why")])
    text = screen.file.getvalue()
    assert "diverged, why" in text
    assert "[1/2]" not in text
    assert text.count("\x1b[?25h") == text.count("\x1b[?25l") == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min"), (3599.9, "1 h 00 min")],
)
def test_durations_read_well(seconds, text):
    assert duration(seconds) == text
