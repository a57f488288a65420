import subprocess
import sys
from importlib import import_module

import pytest

import dlbench

#: The design's list, and Comparison, which compare() and load_results() return and whose type users may want to name.
PUBLIC = {
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
}


def test_the_public_names_are_those_of_the_design_and_no_others() -> None:
    assert set(dlbench.__all__) == PUBLIC
    assert len(dlbench.__all__) == len(PUBLIC)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(import_module("dlbench"), name) is not None


def test_the_api_version_is_a_whole_number() -> None:
    assert type(dlbench.API_VERSION) is int


def test_all_names_come_with_a_star() -> None:
    names: dict[str, object] = {}
    exec("from dlbench import *", names)
    assert names.keys() >= PUBLIC


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Modell'"):
        dlbench.Modell  # noqa: B018
    assert "compare" in dir(dlbench)


def test_each_of_the_cores_modules_can_be_imported_first() -> None:
    """A circle of imports shows only from one side."""
    modules = ("hookspecs", "plugins.registry", "trials.events", "plans.plan", "plans.config", "sessions.run", "api")
    program = "import sys; from importlib import import_module; import_module(sys.argv[1])"
    running = [subprocess.Popen([sys.executable, "-c", program, f"dlbench.{module}"]) for module in modules]
    assert {module: process.wait() for module, process in zip(modules, running, strict=True)} == dict.fromkeys(
        modules, 0
    )
