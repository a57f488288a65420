"""Progress of a run in a notebook: one output that is updated, however many trials there are."""

import html
import io
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from dlbench.report.terminal.console import plain_console
from dlbench.report.terminal.progress import Progress
from dlbench.report.terminal.visible import visible
from dlbench.trials.events import EpochFinished, TrialFinished, TrialStarted

_WIDTH, _NOTES = 100, 12
#: Seconds between two updates: each is a message to the browser, and kept in the notebook's file only once.
_PAUSE = 0.5


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    shell = sys.modules.get("IPython")
    found = shell.get_ipython() if shell else None
    return found is not None and type(found).__name__ == "ZMQInteractiveShell"


class NotebookProgress(Progress):
    """Shows a run's progress in one output of a notebook; what is noted stays there, as far as it is not much.

    show: makes the output from HTML and returns what updates it.
    clock: a monotonic clock, in seconds.
    """

    def __init__(
        self,
        show: Callable[[str], Callable[[str], None]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(plain_console(file=io.StringIO(), width=_WIDTH), clock=clock)
        self._show = show or _display
        self._update: Callable[[str], None] | None = None
        self._notes: list[str] = []
        self._shown = 0.0

    @property
    def _says_all(self) -> bool:
        return False

    def trial_started(self, event: TrialStarted, label: str) -> None:
        """Add a running trial."""
        super().trial_started(event, label)
        self._refresh()

    def epoch_finished(self, event: EpochFinished, label: str) -> None:
        """Show a running trial's last epoch."""
        super().epoch_finished(event, label)
        self._refresh()

    def trial_finished(self, event: TrialFinished, label: str) -> None:
        """Count a finished trial, and note it if it was not successful."""
        super().trial_finished(event, label)
        self._refresh()

    def note(self, text: str) -> None:
        """Add a sentence."""
        self._notes.append(visible(text, one_line=True))
        self._refresh(now=True)

    def close(self) -> None:
        """Leave the notes, and how many trials there were."""
        self._refresh(now=True)

    def _refresh(self, *, now: bool = False) -> None:
        if not now and self._clock() - self._shown < _PAUSE:
            return
        self._shown = self._clock()
        earlier = len(self._notes) - _NOTES
        lines = [*([f"… {earlier} earlier notes"] if earlier > 0 else []), *self._notes[-_NOTES:]]
        if self._trials:
            console = plain_console(file=(file := io.StringIO()), width=_WIDTH)
            console.print(self)
            lines.append(file.getvalue().rstrip())
        text = f'<pre style="white-space: pre-wrap">{html.escape(chr(10).join(lines))}</pre>'
        if self._update:
            self._update(text)
        else:
            self._update = self._show(text)


def _display(text: str) -> Callable[[str], None]:
    display: Any = import_module("IPython.display")
    handle = display.display(display.HTML(text), display_id=True)
    return lambda later: handle.update(display.HTML(later))
