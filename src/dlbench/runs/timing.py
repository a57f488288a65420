"""What earlier trials took: the estimate of a plan's time, and of a trial's memory."""

import contextlib
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from dlbench.analysis.spreadsheets import read_sheet
from dlbench.components.syntax import format_value
from dlbench.errors import DlbenchError
from dlbench.runs.locations import list_runs
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord

_ALIKE = ("model", "dataset", "batch_size", "augment", "train_size", "test_size", "precision", "threads")
#: The median is of so many trials at most.
_REMEMBERED = 999


def seconds_per_trial(trials: Sequence[Trial], root: Path) -> list[float | None]:
    """Return each trial's estimated training time from the runs below root; None where no run is similar.

    The estimate is the median time of an epoch of the same model, data set, batch size, augmentation and number of
    images, times the trial's epochs. The device is not compared: before a run it may still be "auto".
    """
    estimates = Estimates(root)
    return [estimates.seconds(trial) for trial in trials]


def longest_first(trials: Sequence[Trial], root: Path) -> list[Trial]:
    """Return trials by estimated time, the longest first, so that no long one remains for the end.

    Those without a similar earlier run may be long: they come first, by number of epochs. Equal trials keep their
    order.
    """
    return Estimates(root).longest_first(trials)


class Estimates:
    """What trials like those of earlier runs take. root: the folder of the runs."""

    def __init__(self, root: Path) -> None:
        self._seconds: dict[tuple[str, ...], deque[float]] = defaultdict(partial(deque, maxlen=_REMEMBERED))
        self._memory: dict[tuple[str, ...], float] = {}
        for run in list_runs(root):
            path = run / "trials.csv"
            for row in _rows(path) if path.is_file() else ():
                self._learn(row)

    def learn(self, record: TrialRecord) -> None:
        """Take a new record into account."""
        self._learn({name: value for name, value in record.row().items() if value is not None})

    def _learn(self, row: Mapping[str, Any]) -> None:
        key = _key(row)
        with contextlib.suppress(KeyError, ValueError, ZeroDivisionError):  # missing, or a failed trial's
            self._seconds[key].append(float(row["train_seconds"]) / float(row["epochs_run"]))
        with contextlib.suppress(KeyError, ValueError):
            self._memory[key] = max(self._memory.get(key, 0.0), float(row["peak_memory_mb"]))

    def seconds(self, trial: Trial) -> float | None:
        """Return the training time of a trial; None where none was similar."""
        known = self._seconds.get(_key(trial.row()))
        return median(known) * trial.settings.epochs if known else None

    def memory_mb(self, trial: Trial) -> float | None:
        """Return the most memory that a similar trial took; None where none was similar."""
        return self._memory.get(_key(trial.row()))

    def longest_first(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return trials by estimated time, as the function of this name does."""
        found = [self.seconds(trial) for trial in trials]
        keys = [(known is None, known or trial.settings.epochs) for known, trial in zip(found, trials, strict=True)]
        order = sorted(range(len(trials)), key=keys.__getitem__, reverse=True)
        return [trials[place] for place in order]


def _rows(path: Path) -> list[Mapping[str, str]]:
    """Return the rows of a table; none where it cannot be read, as the estimate can do without."""
    try:
        return [row for _, row in read_sheet(path).rows]
    except (OSError, DlbenchError):
        return []


def _key(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the values that make two rows similar; absent ones and None are the same text."""
    return tuple("" if row.get(name) is None else _text(row[name]) for name in _ALIKE)


def _text(value: object) -> str:
    return value if isinstance(value, str) else format_value(value)
