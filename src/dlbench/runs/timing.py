"""How long earlier runs took: the estimate of a plan's time."""

import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from dlbench.analysis.spreadsheets import read_sheet
from dlbench.components.syntax import format_value
from dlbench.errors import DlbenchError
from dlbench.runs.locations import list_runs
from dlbench.trials.trial import Trial

_ALIKE = ("model", "dataset", "batch_size", "augment", "train_size", "test_size", "precision", "threads")


def seconds_per_trial(trials: Sequence[Trial], root: Path) -> list[float | None]:
    """Return each trial's estimated training time from the runs below root; None where no run is similar.

    The estimate is the median time of an epoch of the same model, data set, batch size, augmentation and number of
    images, times the trial's epochs. The device is not compared: before a run it may still be "auto".
    """
    known = _seconds_per_epoch(root)
    found = [known.get(_key(trial.row())) for trial in trials]
    return [
        None if seconds is None else seconds * trial.settings.epochs
        for seconds, trial in zip(found, trials, strict=True)
    ]


def longest_first(trials: Sequence[Trial], root: Path) -> list[Trial]:
    """Return trials by estimated time, the longest first, so that no long one remains for the end.

    Those without a similar earlier run may be long: they come first, by number of epochs. Equal trials keep their
    order.
    """
    estimates = seconds_per_trial(trials, root)
    keys = [
        (seconds is None, seconds or trial.settings.epochs) for seconds, trial in zip(estimates, trials, strict=True)
    ]
    order = sorted(range(len(trials)), key=keys.__getitem__, reverse=True)
    return [trials[place] for place in order]


def _seconds_per_epoch(root: Path) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for run in list_runs(root):
        path = run / "trials.csv"
        if not path.is_file():
            continue
        for row in _rows(path):
            with contextlib.suppress(KeyError, ValueError, ZeroDivisionError):  # missing, or a failed trial's
                seconds = float(row["train_seconds"]) / float(row["epochs_run"])
                found[_key(row)].append(seconds)
    return {key: median(values) for key, values in found.items()}


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
