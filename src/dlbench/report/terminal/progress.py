"""Progress of a run on standard error: a live display on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from dlbench.analysis.formatting import percent
from dlbench.report.terminal.console import Table, plain_console
from dlbench.trials.events import EpochFinished, TrialFinished, TrialStarted
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import Metrics, TrialRecord


@dataclass(frozen=True)
class _Running:
    """A running trial.

    epochs: planned.
    epoch: the last one that finished, 0 before the first.
    accuracy: on the validation set, after that epoch.
    speed: of that epoch, as text.
    """

    label: str
    seed: int
    epochs: int
    epoch: int = 0
    accuracy: float | None = None
    speed: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the cells of its row."""
        return (
            f"{self.label} seed {self.seed}",
            f"epoch {self.epoch}/{self.epochs}",
            f"{percent(self.accuracy)} validation accuracy",
            self.speed,
        )


class Progress:
    """Shows a run's progress; as a context manager, it stops the live display and restores the cursor at its end.

    quiet: whether to print nothing.
    clock: a monotonic clock, in seconds.
    """

    def __init__(
        self, console: Console | None = None, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console or plain_console(stderr=True)
        self._quiet = quiet
        self._clock = clock
        self._live: Live | None = None
        self._started = 0.0
        self._trials: dict[str, Trial] = {}
        self._running: dict[str, _Running] = {}
        self._finished = self._before = self._seen = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def started(self, trials: Iterable[Trial], before: int = 0) -> None:
        """Begin the display, or go on with the next stage.

        trials: those that will run now.
        before: how many others of the plan are complete; where all of them finished here, nobody needs to be told.
        """
        self._trials = {trial.trial_id: trial for trial in trials}
        self._before, self._finished = before, 0
        self._started = self._clock()
        if before > self._seen:
            self.note(f"{before} of {before + len(self._trials)} trials are already complete.")
        if self._trials and not self._quiet and self._console.is_interactive and self._console.is_terminal:
            self._live = Live(self, console=self._console, refresh_per_second=8, transient=True)
            self._live.start()

    def trial_started(self, event: TrialStarted, label: str) -> None:
        """Add a running trial."""
        trial = self._trials[event.trial_id]
        self._running[event.trial_id] = _Running(label, trial.seed, trial.settings.epochs)

    def epoch_finished(self, event: EpochFinished, label: str) -> None:
        """Show a running trial's last epoch."""
        trial = self._trials[event.trial_id]
        running = self._running.get(event.trial_id) or _Running(label, trial.seed, trial.settings.epochs)
        self._running[event.trial_id] = replace(
            running,
            epoch=event.epoch,
            accuracy=event.metrics.get("validation_accuracy"),
            speed=_speed(event.metrics),
        )

    def trial_finished(self, event: TrialFinished, label: str) -> None:
        """Count a finished trial, and print a line for it; where the display is live, only if it was not successful."""
        self._running.pop(event.record.trial_id, None)
        self._finished += 1
        self._seen = self._before + self._finished
        if self._says_all or event.record.status != "done":
            total = self._before + len(self._trials)
            count = f"{self._before + self._finished:{len(str(total))}}/{total}"
            self.note(f"[{count}] {label} seed {event.record.trial.seed}: {outcome_in_words(event.record)}")

    @property
    def _says_all(self) -> bool:
        """Return whether each trial gets a line, since nothing else shows it."""
        return self._live is None

    def note(self, text: str) -> None:
        """Print a line, above the live display if there is one."""
        if not self._quiet:
            self._console.print(Text(text), soft_wrap=True)

    def close(self) -> None:
        """Stop the live display."""
        if self._live:
            self._live.stop()
            self._live = None

    def __rich__(self) -> RenderableType:
        """Return the current display, the overall line first, so that a terminal of few lines shows it."""
        running = tuple(self._running.values())  # another thread refreshes the display
        room = max(self._console.height - 3, 1)
        lines = Table.grid(padding=(0, 2, 0, 0))
        for _ in range(4):
            lines.add_column(no_wrap=True, overflow="ellipsis")
        for trial in running[:room]:
            lines.add_row(*map(Text, trial.cells))
        hidden = [Text(f"and {len(running) - room} more")] if len(running) > room else []
        return Group(self._overall(running), lines, *hidden)

    def _overall(self, running: Iterable[_Running]) -> RenderableType:
        total = self._before + len(self._trials)
        share = self._share(running)
        line = Table.grid(padding=(0, 2, 0, 0))
        line.add_column(no_wrap=True)
        line.add_column(width=max(4, min(30, self._console.width - 40)))
        line.add_column(no_wrap=True, overflow="ellipsis")
        line.add_row(
            f"{self._before + self._finished}/{total} trials",
            ProgressBar(total=1.0, completed=share),
            Text(self._time_left(share)),
        )
        return line

    def _share(self, running: Iterable[_Running]) -> float:
        """Return the completed share of this session, with running trials counted by their epochs."""
        in_progress = sum(min(trial.epoch / trial.epochs, 1.0) for trial in running)
        return (self._finished + in_progress) / max(len(self._trials), 1)

    def _time_left(self, share: float) -> str:
        if not self._running and not self._finished:
            return "starting the workers"
        if not 0 < share < 1:
            return ""
        return f"{duration((self._clock() - self._started) * (1 - share) / share)} left"


def _speed(metrics: Metrics) -> str:
    if rate := metrics.get("images_per_second"):
        return f"{rate:,.0f} images/s"
    seconds = metrics.get("seconds")
    return "" if seconds is None else f"{seconds:.2f} s/epoch"


def outcome_in_words(record: TrialRecord) -> str:
    """Return how a trial ended, in a few words."""
    if record.status != "done":
        return f"{record.status}, {record.message}" if record.message else record.status
    seconds = record.cost.get("train_seconds")
    accuracy = f"{percent(record.metrics.get('validation_accuracy'))} validation accuracy"
    return accuracy if seconds is None else f"{accuracy}, {seconds:.1f} s"


def duration(seconds: float) -> str:
    """Return a duration as text: "40 s", "3 min 20 s", "2 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
