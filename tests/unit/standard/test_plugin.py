import subprocess
import sys
from importlib import import_module

import pytest

from dlbench.components.choice import Selection
from dlbench.components.records import Component
from dlbench.components.syntax import check_value
from dlbench.standard import plugin
from dlbench.trials.settings import Settings
from dlbench.trials.trial import Trial

RECORDS: list[Component] = [
    *plugin.dlbench_models(),
    *plugin.dlbench_activations(),
    *plugin.dlbench_schedulers(),
    *plugin.dlbench_optimizers(),
]


def test_reading_all_records_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from dlbench.plugins.registry import Registry\n"
        "registry = Registry.load()\n"
        "kinds = ('models', 'activations', 'datasets', 'schedulers', 'optimizers', 'executors')\n"
        "assert all(registry.entries(kind) for kind in kinds if kind != 'datasets')\n"
        "print(registry.plugins.problems, {'torch', 'torchvision', 'numpy', 'pandas'} & sys.modules.keys())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] set()"


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: f"{record.kind}/{record.name}")
def test_a_record_names_a_factory_that_is_there_and_says_what_it_is(record: Component) -> None:
    module, _, name = record.factory.partition(":")
    assert callable(getattr(import_module(module), name))
    assert 3 < len(record.summary) < 100
    assert all(parameter.summary.endswith(".") for parameter in record.parameters.values())


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: f"{record.kind}/{record.name}")
def test_every_default_lies_within_its_own_range(record: Component) -> None:
    for name, parameter in record.parameters.items():
        if parameter.default is not None:
            assert check_value(parameter.default, parameter, name) == parameter.default


def test_the_defaults_of_the_main_job_are_there() -> None:
    assert {"mlp", "linear"} == {record.name for record in plugin.dlbench_models()}
    assert {"relu", "tanh", "sigmoid"} <= {record.name for record in plugin.dlbench_activations()}
    assert "adam" in {record.name for record in plugin.dlbench_optimizers()}
    assert "constant" in {record.name for record in plugin.dlbench_schedulers()}


def test_only_the_linear_model_has_no_activation_to_choose() -> None:
    assert {record.name: record.activation for record in plugin.dlbench_models()} == {"mlp": "relu", "linear": None}


def test_the_local_executor_takes_a_number_of_jobs_or_none() -> None:
    (executor,) = plugin.dlbench_executors()
    assert executor.name == "local"
    assert executor.factory == "dlbench.executors.local:LocalExecutor"
    assert executor.parameters["jobs"].default is None
    assert executor.parameters["jobs"].type is int


def plateau_trial(monitor: str, mode: str, scheduler: str = "standard/plateau") -> Trial:
    return Trial(
        model=Selection("standard/mlp"),
        activation=Selection("standard/relu"),
        dataset=Selection("standard/digits"),
        scheduler=Selection(scheduler, {"mode": mode}),
        optimizer=Selection("standard/adam"),
        settings=Settings(monitor=monitor),
        seed=0,
    )


@pytest.mark.parametrize(("monitor", "right"), [("validation_loss", "min"), ("validation_accuracy", "max")])
def test_a_plateau_that_takes_better_for_worse_is_vetoed(monitor: str, right: str) -> None:
    wrong = {"min": "max", "max": "min"}[right]
    reason = plugin.dlbench_veto(plateau_trial(monitor, wrong))
    assert reason is not None
    assert reason.endswith(f"write plateau:mode={right}")
    assert plugin.dlbench_veto(plateau_trial(monitor, right)) is None
    assert plugin.dlbench_veto(plateau_trial(monitor, wrong, "stranger/plateau")) is None
