from pathlib import Path

import pytest

from dlbench.testing import Registry, compared_by, make_trial, plan_experiment
from dlbench_convnet_basics.plugin import dlbench_experiments

PLUGIN = "convnet-basics"
FILES = dlbench_experiments()
REGISTRY = Registry.load()

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def test_every_experiment_of_the_report_has_its_file() -> None:
    levels = {f"{level}-{network}" for level in ("barebones", "module", "sequential") for network in ("fc", "convnet")}
    questions = {"api-levels", "convnet-against-fc", "initialisation", "nesterov", "open-ended-changes"}
    assert {path.stem for path in FILES} == levels | {"open-ended"} | questions


@each_file
def test_an_experiment_plans_distinct_variants_with_seven_seeds(path: Path) -> None:
    planned = plan_experiment(path, PLUGIN, REGISTRY)
    assert (planned.experiment.report, planned.experiment.seeds) == (PLUGIN, 7)
    assert len({trial.variant_id for trial in planned.trials.values()}) == len(planned.experiment.variants)


@each_file
def test_reported_figures_have_a_place_and_claims_compare_two_operands(path: Path) -> None:
    experiment = plan_experiment(path, PLUGIN, REGISTRY).experiment
    assert all(reported.place for reported in experiment.reported)
    assert all(len(compared_by(claim)) == 2 for claim in experiment.claims)


@each_file
def test_every_experiment_holds_out_the_last_thousand_images(path: Path) -> None:
    for trial in plan_experiment(path, PLUGIN, REGISTRY).trials.values():
        settings = trial.settings
        assert (settings.validation, settings.batch_size, settings.normalization) == (
            "last:1000",
            64,
            "0.4914-0.4822-0.4465/0.2023-0.1994-0.2010",
        )
        assert settings.epochs == (10 if path.stem.startswith("open-ended") else 1)


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "rmsprop", "adam"])
def test_the_reports_optimizers_can_be_chosen(optimizer: str) -> None:
    assert make_trial(REGISTRY, optimizer=optimizer).optimizer.name == f"standard/{optimizer}"


@pytest.mark.parametrize("loss", ["cross-entropy", "mse"])
def test_the_reports_losses_can_be_chosen(loss: str) -> None:
    assert make_trial(REGISTRY, loss=loss).settings.loss == loss


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_the_reports_activations_can_be_chosen(activation: str) -> None:
    assert make_trial(REGISTRY, activation=activation).activation.name == f"standard/{activation}"


def test_batch_norm_depth_and_adam_are_each_added_alone_and_left_out_alone() -> None:
    changes = []
    path = FILES[0].with_name("open-ended-changes.toml")
    for trial in plan_experiment(path, PLUGIN, REGISTRY).trials.values():
        model = trial.model.parameters
        adam = trial.optimizer.name == "standard/adam"
        changes.append((model["batch_norm"], model["convolutions"] == 3, adam))
    assert len(changes) == len(set(changes)) == 8
