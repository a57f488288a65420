"""The plugin's hooks: observers that hand on to MLflow once it has a place.

Without MLFLOW_TRACKING_URI they do nothing: installing a plugin changes nobody's runs.
"""

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from dlbench import hookimpl

if TYPE_CHECKING:
    from dlbench import Manifest, TrialRecord
    from dlbench_mlflow.tracking import Tracking

VARIABLE = "MLFLOW_TRACKING_URI"


@lru_cache(maxsize=1)
def _tracking(uri: str) -> "Tracking":
    from dlbench_mlflow.tracking import Tracking  # imports mlflow, which takes seconds

    return Tracking(uri)


@hookimpl
def dlbench_run_started(manifest: "Manifest") -> None:
    """Open the MLflow experiment of the run's name."""
    if uri := os.environ.get(VARIABLE):
        _tracking(uri).start(manifest)


@hookimpl
def dlbench_trial_finished(record: "TrialRecord") -> None:
    """Write the trial as a run of MLflow's."""
    if uri := os.environ.get(VARIABLE):
        _tracking(uri).add(record)
