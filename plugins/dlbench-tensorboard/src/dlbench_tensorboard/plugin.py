"""The plugin's hooks: observers that hand on to the writer once a folder is named.

Without DLBENCH_TENSORBOARD_DIR they do nothing: installing a plugin changes nobody's runs.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench import hookimpl

if TYPE_CHECKING:
    from dlbench import Manifest, Trial, TrialRecord
    from dlbench_tensorboard.writer import RunWriter

VARIABLE = "DLBENCH_TENSORBOARD_DIR"


@lru_cache(maxsize=1)
def _writer(folder: str) -> "RunWriter":
    from dlbench_tensorboard.writer import RunWriter  # imports tensorboard, which takes half a second

    return RunWriter(Path(folder))


@hookimpl
def dlbench_run_started(manifest: "Manifest") -> None:
    """Learn the run's name and its variants' labels."""
    if folder := os.environ.get(VARIABLE):
        _writer(folder).start(manifest)


@hookimpl
def dlbench_epoch_finished(trial: "Trial", metrics: Mapping[str, float]) -> None:
    """Add a point to each curve of the trial."""
    if folder := os.environ.get(VARIABLE):
        _writer(folder).add_epoch(trial, metrics)


@hookimpl
def dlbench_trial_finished(record: "TrialRecord") -> None:
    """Add the trial's final figures, say how it ended, and close its file."""
    if folder := os.environ.get(VARIABLE):
        _writer(folder).finish(record)
