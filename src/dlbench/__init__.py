"""dlbench: compare deep-learning components and say how sure the answer is.

The public names are loaded when they are first used, so that importing dlbench costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlbench.api import Comparison, compare, load_results, run_unit
    from dlbench.components.metrics import Value
    from dlbench.components.records import (
        API_VERSION,
        Activation,
        Dataset,
        Diagnostic,
        Executor,
        ImageData,
        Model,
        Optimizer,
        Parameter,
        Scheduler,
    )
    from dlbench.hookspecs import hookimpl
    from dlbench.trials.manifest import Manifest
    from dlbench.trials.trial import Trial
    from dlbench.trials.trial_record import TrialRecord
    from dlbench.trials.work_unit import WorkUnit

__all__ = [
    "API_VERSION",
    "Activation",
    "Comparison",
    "Dataset",
    "Diagnostic",
    "Executor",
    "ImageData",
    "Manifest",
    "Model",
    "Optimizer",
    "Parameter",
    "Scheduler",
    "Trial",
    "TrialRecord",
    "Value",
    "WorkUnit",
    "compare",
    "hookimpl",
    "load_results",
    "run_unit",
]

_HOMES = {"hookimpl": "dlbench.hookspecs", "Value": "dlbench.components.metrics"}
_HOMES |= {"Manifest": "dlbench.trials.manifest", "Trial": "dlbench.trials.trial"}
_HOMES |= {"TrialRecord": "dlbench.trials.trial_record", "WorkUnit": "dlbench.trials.work_unit"}
_HOMES |= dict.fromkeys(("Comparison", "compare", "load_results", "run_unit"), "dlbench.api")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'dlbench' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "dlbench.components.records")), name)


def __dir__() -> list[str]:
    return __all__
