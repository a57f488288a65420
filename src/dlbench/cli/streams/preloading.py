"""The progress of a run, which reads ahead: what judging and drawing import is there when the last trial ends."""

import threading
from collections.abc import Iterable
from importlib import import_module

from dlbench.report.terminal.progress import Progress
from dlbench.trials.trial import Trial

#: Imported while the workers import torch; together they take about as long.
_NEEDED_LATER = ("dlbench.statistics.comparisons", "dlbench.report.figures")


class PreloadingProgress(Progress):
    """Progress whose first trials' start imports, in a thread, the modules that the end of a run needs."""

    _reader: threading.Thread | None = None

    def started(self, trials: Iterable[Trial], before: int = 0) -> None:
        """Begin, and begin to read."""
        super().started(trials, before)
        if self._reader is None:
            self._reader = threading.Thread(target=_read, daemon=True)
            self._reader.start()

    def close(self) -> None:
        """End; two threads must not import parts of one library at once, so reading ends first."""
        super().close()
        if self._reader is not None:
            self._reader.join()


def _read() -> None:
    for name in _NEEDED_LATER:
        import_module(name)
