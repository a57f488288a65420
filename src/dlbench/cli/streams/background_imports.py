"""The progress of a run, which imports in the background what the end of the run needs."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module

from dlbench.report.terminal.progress import Progress
from dlbench.trials.trial import Trial

#: Imported while the workers import torch; together they take about as long.
_NEEDED_LATER = ("dlbench.statistics.comparisons", "dlbench.report.figures")


class BackgroundImportsProgress(Progress):
    """Progress that starts importing, in a thread, what judging and drawing need when the first trials start."""

    _importer: threading.Thread | None = None

    def started(self, trials: Iterable[Trial], before: int = 0) -> None:
        """Show the start of the trials, and start importing."""
        super().started(trials, before)
        if self._importer is None:
            importer = threading.Thread(target=_import, daemon=True)
            with suppress(RuntimeError):  # no room for another thread: they are imported when they are needed
                importer.start()
                self._importer = importer

    def close(self) -> None:
        """Close the display and wait for the imports: two threads must not import parts of one library at once."""
        super().close()
        if self._importer is not None:
            self._importer.join()


def _import() -> None:
    for name in _NEEDED_LATER:
        import_module(name)
