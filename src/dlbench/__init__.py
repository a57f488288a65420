"""dlbench: compare deep-learning components and say how sure the answer is.

The public names are loaded when they are first used, so that importing dlbench costs nothing.
"""

from importlib import import_module  # loaded by Python itself; `typing` might come from the current folder

TYPE_CHECKING = False  # as type checkers know it
if TYPE_CHECKING:
    from typing import Any

    from dlbench.api.compare import compare
    from dlbench.api.repeat import Repetition, confirm, replay
    from dlbench.api.results import Comparison, load_results
    from dlbench.api.run import run
    from dlbench.api.spread import SpreadResult, spread
    from dlbench.api.work_unit import examine_node, pack_data, run_guarded, run_unit, unpack_data
    from dlbench.components.choice import Selection
    from dlbench.components.image_data import ImageData, StreamedData, StreamedImages
    from dlbench.components.metrics import Value
    from dlbench.components.records import (
        API_VERSION,
        Activation,
        Dataset,
        Diagnostic,
        Executor,
        Figure,
        Model,
        Optimizer,
        Parameter,
        Scheduler,
    )
    from dlbench.errors import ContractError, DlbenchError
    from dlbench.hookspecs import hookimpl
    from dlbench.plugins.protocols import (
        ActivationFactory,
        ClusterExecutorProtocol,
        DatasetFactory,
        DiagnosticFactory,
        ExecutorFactory,
        ExecutorProtocol,
        FigureFactory,
        ModelFactory,
        OptimizerFactory,
        SchedulerFactory,
    )
    from dlbench.runs.manifest import Manifest
    from dlbench.trials.events import (
        ArtifactSaved,
        Emit,
        EpochFinished,
        Event,
        TrialFinished,
        TrialNoted,
        TrialStarted,
        UnitLost,
        event_from_json,
        event_to_json,
    )
    from dlbench.trials.node import Node
    from dlbench.trials.resources import Resources
    from dlbench.trials.settings import Settings
    from dlbench.trials.trial import Trial
    from dlbench.trials.trial_record import TrialRecord
    from dlbench.trials.work_unit import WorkUnit

    __version__: str

__all__ = [
    "API_VERSION",
    "Activation",
    "ActivationFactory",
    "ArtifactSaved",
    "ClusterExecutorProtocol",
    "Comparison",
    "ContractError",
    "Dataset",
    "DatasetFactory",
    "Diagnostic",
    "DiagnosticFactory",
    "DlbenchError",
    "Emit",
    "EpochFinished",
    "Event",
    "Executor",
    "ExecutorFactory",
    "ExecutorProtocol",
    "Figure",
    "FigureFactory",
    "ImageData",
    "Manifest",
    "Model",
    "ModelFactory",
    "Node",
    "Optimizer",
    "OptimizerFactory",
    "Parameter",
    "Repetition",
    "Resources",
    "Scheduler",
    "SchedulerFactory",
    "Selection",
    "Settings",
    "SpreadResult",
    "StreamedData",
    "StreamedImages",
    "Trial",
    "TrialFinished",
    "TrialNoted",
    "TrialRecord",
    "TrialStarted",
    "UnitLost",
    "Value",
    "WorkUnit",
    "__version__",
    "compare",
    "confirm",
    "event_from_json",
    "event_to_json",
    "examine_node",
    "hookimpl",
    "load_results",
    "pack_data",
    "replay",
    "run",
    "run_guarded",
    "run_unit",
    "spread",
    "unpack_data",
]

#: Public names by the module that defines them; the others are records of components.
_NAMES = {
    "api.compare": ("compare",),
    "api.repeat": ("Repetition", "confirm", "replay"),
    "api.results": ("Comparison", "load_results"),
    "api.run": ("run",),
    "api.spread": ("SpreadResult", "spread"),
    "api.work_unit": ("examine_node", "pack_data", "run_guarded", "run_unit", "unpack_data"),
    "components.choice": ("Selection",),
    "components.image_data": ("ImageData", "StreamedData", "StreamedImages"),
    "components.metrics": ("Value",),
    "errors": ("ContractError", "DlbenchError"),
    "hookspecs": ("hookimpl",),
    "plugins.protocols": tuple(name for name in __all__ if name.endswith(("Factory", "Protocol"))),
    "runs.manifest": ("Manifest",),
    "trials.events": (
        "ArtifactSaved",
        "Emit",
        "EpochFinished",
        "Event",
        "TrialFinished",
        "TrialNoted",
        "TrialStarted",
        "UnitLost",
        "event_from_json",
        "event_to_json",
    ),
    "trials.node": ("Node",),
    "trials.resources": ("Resources",),
    "trials.settings": ("Settings",),
    "trials.trial": ("Trial",),
    "trials.trial_record": ("TrialRecord",),
    "trials.work_unit": ("WorkUnit",),
}
_HOMES = {name: f"dlbench.{module}" for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> "Any":
    if name not in __all__:
        raise AttributeError(f"module 'dlbench' has no attribute {name!r}")
    if name == "__version__":
        return import_module("importlib.metadata").version("dlbench")
    return getattr(import_module(_HOMES.get(name, "dlbench.components.records")), name)


def __dir__() -> list[str]:
    return __all__
