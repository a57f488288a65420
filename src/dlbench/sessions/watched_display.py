"""A session's display that also keeps the file of what the session trains now, for `dlbench serve`."""

import contextlib
import threading
from collections.abc import Sequence

from dlbench.runs.folder_session import FolderSession
from dlbench.runs.running_trials import RunningTrial
from dlbench.sessions.options import Display
from dlbench.trials.events import EpochFinished, TrialFinished, TrialStarted
from dlbench.trials.trial import Trial

#: Seconds from a change to the next writing, so that there are at most two in a second.
_DELAY_SECONDS = 0.5


class WatchedDisplay:
    """Passes everything on to another display, and writes the running trials a moment later, in a thread of its own.

    That they cannot be written costs nothing but the view.
    """

    def __init__(self, shown: Display, folder: FolderSession) -> None:
        self._shown, self._folder = shown, folder
        self._trials: dict[str, Trial] = {}
        self._running: dict[str, RunningTrial] = {}
        self._timer: threading.Timer | None = None
        self._changing, self._writing = threading.Lock(), threading.Lock()

    def note(self, text: str) -> None:
        """Show one sentence."""
        self._shown.note(text)

    def started(self, trials: Sequence[Trial], before: int = 0) -> None:
        """Begin with the trials that will run now."""
        self._trials = {trial.trial_id: trial for trial in trials}
        self._shown.started(trials, before)

    def trial_started(self, event: TrialStarted, label: str) -> None:
        """Show that a trial runs."""
        self._change(self._trial(event.trial_id, label))
        self._shown.trial_started(event, label)

    def epoch_finished(self, event: EpochFinished, label: str) -> None:
        """Show one epoch of a trial."""
        running = self._running.get(event.trial_id) or self._trial(event.trial_id, label)
        self._change(running.after(event.epoch, event.metrics))
        self._shown.epoch_finished(event, label)

    def trial_finished(self, event: TrialFinished, label: str) -> None:
        """Show the end of a trial."""
        if event.record.trial_id in self._running:
            self._change(ended=event.record.trial_id)
        self._shown.trial_finished(event, label)

    def close(self) -> None:
        """Close the display; nothing runs any more."""
        with self._changing:
            self._running.clear()
            if self._timer:
                self._timer.cancel()
            self._timer = None
        with self._writing:
            self._write(())
        self._shown.close()

    def _trial(self, trial_id: str, label: str) -> RunningTrial:
        trial = self._trials[trial_id]
        return RunningTrial(trial_id=trial_id, label=label, seed=trial.seed, epochs=trial.settings.epochs)

    def _change(self, running: RunningTrial | None = None, ended: str = "") -> None:
        with self._changing:
            self._running.pop(ended, None)
            if running:
                self._running[running.trial_id] = running
            if self._timer is None:
                timer = threading.Timer(_DELAY_SECONDS, self._on_time)
                timer.daemon = True
                with contextlib.suppress(RuntimeError):  # no room for another thread
                    timer.start()
                    self._timer = timer

    def _on_time(self) -> None:
        with self._writing:
            with self._changing:
                if self._timer is not threading.current_thread():  # closed meanwhile
                    return
                self._timer, trials = None, tuple(self._running.values())
            self._write(trials)

    def _write(self, trials: Sequence[RunningTrial]) -> None:
        with contextlib.suppress(OSError):
            self._folder.show_running(trials)
