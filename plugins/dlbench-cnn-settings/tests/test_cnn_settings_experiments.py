import pytest

from dlbench.testing import PlannedExperiment, Registry, plan_experiment
from dlbench_cnn_settings.plugin import dlbench_experiments

PLUGIN = "cnn-settings"
EXPERIMENTS = {path.stem: path for path in dlbench_experiments()}
REGISTRY = Registry.load()


def plan(name: str) -> PlannedExperiment:
    return plan_experiment(EXPERIMENTS[name], PLUGIN, REGISTRY)


def test_every_experiment_of_the_report_has_a_file() -> None:
    assert set(EXPERIMENTS) == {
        "batch-size",
        "batch-size-learning-rate",
        "activation-mnist",
        "dropout",
        "activation-cifar10",
        "activation-depth",
        "activation-and-depth",
        "alexnet-techniques",
        "dying-relu",
    }


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_plans_distinct_variants_for_its_reported_figures_and_claims(name: str) -> None:
    planned = plan(name)
    assert planned.experiment.report == PLUGIN
    assert len({trial.variant_id for trial in planned.trials.values()}) == len(planned.trials) >= 2
    assert all(reported.place for reported in planned.experiment.reported)
    assert planned.experiment.reported or planned.experiment.claims


def test_every_figure_of_the_report_s_two_tables_is_in_a_file() -> None:
    assert len(plan("batch-size").experiment.reported) == 3 * 5
    assert len(plan("activation-depth").experiment.reported) == 4 * 3


def test_alexnet_s_techniques_are_switched_on_one_at_a_time_and_all_together() -> None:
    trials = plan("alexnet-techniques").trials
    for network in ("simple", "improved"):
        switched = [
            (trial.activation.name == "standard/relu")
            + sum(value is True for value in trial.model.parameters.values())
            + (trial.model.parameters["dropout"] == 0.5)
            for name, trial in trials.items()
            if name.split()[0] == network
        ]
        assert switched == [0, 1, 1, 1, 1, 4]
