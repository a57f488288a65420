import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from inspect import signature
from pkgutil import resolve_name

import pytest

import dlbench
from dlbench.components.records import KINDS
from dlbench.executors.local import LocalExecutor
from dlbench.plugins.discovery import HEAVY
from dlbench.plugins.registry import Registry

#: The design's list, what its functions return, the commands confirm and replay, and the protocols of the factories.
PUBLIC = {
    "API_VERSION",
    "Activation",
    "ActivationFactory",
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
    "StreamedData",
    "StreamedImages",
    "Manifest",
    "Model",
    "ModelFactory",
    "Optimizer",
    "OptimizerFactory",
    "Parameter",
    "Scheduler",
    "SchedulerFactory",
    "Selection",
    "Settings",
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
    "hookimpl",
    "load_results",
    "ClusterExecutorProtocol",
    "Node",
    "examine_node",
    "Resources",
    "event_from_json",
    "event_to_json",
    "pack_data",
    "ArtifactSaved",
    "run_guarded",
    "unpack_data",
    "confirm",
    "replay",
    "Repetition",
    "run",
    "spread",
    "SpreadResult",
    "run_unit",
}


def test_the_public_names_are_those_of_the_design_and_no_others() -> None:
    assert set(dlbench.__all__) == PUBLIC
    assert len(dlbench.__all__) == len(PUBLIC)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(import_module("dlbench"), name) is not None


def test_the_api_version_is_a_whole_number() -> None:
    assert type(dlbench.API_VERSION) is int


def test_the_version_is_that_of_the_installed_distribution() -> None:
    assert dlbench.__version__ == version("dlbench")


def test_the_names_come_without_heavy_libraries() -> None:
    program = "import sys; from dlbench import *; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {*HEAVY} & {*done.stdout.split()} == set()


def test_importing_dlbench_alone_imports_none_of_its_modules() -> None:
    program = "import sys, dlbench; print([name for name in sys.modules if name.startswith('dlbench.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_local_executor_and_every_built_in_factory_fit_their_protocols(registry: Registry) -> None:
    """A type checker cannot see through a factory's name; the arguments passed by position are held here."""
    for entry in (entry for kind in KINDS for entry in registry.entries(kind)):
        protocol = getattr(dlbench, f"{type(entry.record).__name__}Factory")
        leading = [p for p in signature(protocol.__call__).parameters.values() if p.kind is p.POSITIONAL_ONLY][1:]
        needed = getattr(entry.record, "needs", ())
        given = dict.fromkeys([*needed, *entry.record.parameters])
        assert signature(resolve_name(entry.record.factory)).bind(*leading, **given)
    for name in ("slots", "run"):
        assert (
            signature(getattr(LocalExecutor, name)).parameters.keys()
            == signature(getattr(dlbench.ExecutorProtocol, name)).parameters.keys()
        )


def test_all_names_come_with_a_star() -> None:
    names: dict[str, object] = {}
    exec("from dlbench import *", names)
    assert names.keys() >= PUBLIC


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Modell'"):
        dlbench.Modell  # noqa: B018
    assert "compare" in dir(dlbench)


@pytest.mark.slow
def test_each_of_the_cores_modules_can_be_imported_first() -> None:
    """A circle of imports shows only from one side."""
    modules = (
        "hookspecs",
        "plugins.registry",
        "trials.events",
        "plans.plan",
        "plans.config",
        "sessions.run",
        "api.repeat",
    )
    program = "import sys; from importlib import import_module; import_module(sys.argv[1])"
    running = [subprocess.Popen([sys.executable, "-c", program, f"dlbench.{module}"]) for module in modules]
    assert {module: process.wait() for module, process in zip(modules, running, strict=True)} == dict.fromkeys(
        modules, 0
    )
