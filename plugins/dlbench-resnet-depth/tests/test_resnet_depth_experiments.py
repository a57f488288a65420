from collections.abc import Mapping
from pathlib import Path

import pytest

from dlbench import Trial
from dlbench.testing import Registry, compared_by, plan_experiment
from dlbench_resnet_depth.plugin import dlbench_experiments

PLUGIN = "resnet-depth"
FILES = dlbench_experiments()
REGISTRY = Registry.load()

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def trials_of(path: Path) -> Mapping[str, Trial]:
    return plan_experiment(path, PLUGIN, REGISTRY).trials


def test_every_experiment_of_the_report_has_its_file() -> None:
    assert {path.stem for path in FILES} == {
        "lecture-models",
        "custom-resnet",
        "four-models-on-test",
        "four-models-on-validation",
        "past-the-best",
        "block-cost",
        "ablation",
    }


@each_file
def test_an_experiment_plans_distinct_variants_with_seven_seeds(path: Path) -> None:
    planned = plan_experiment(path, PLUGIN, REGISTRY)
    assert (planned.experiment.report, planned.experiment.seeds) == (PLUGIN, 7)
    assert len({trial.variant_id for trial in planned.trials.values()}) == len(planned.experiment.variants)


@each_file
def test_reported_figures_have_a_place_and_claims_compare_variants(path: Path) -> None:
    experiment = plan_experiment(path, PLUGIN, REGISTRY).experiment
    assert all(reported.place for reported in experiment.reported)
    assert all(len(compared_by(claim)) >= 2 for claim in experiment.claims)


@each_file
def test_the_test_set_chooses_only_where_the_file_says_so(path: Path) -> None:
    for trial in trials_of(path).values():
        on_test = trial.settings.select == "best-on-test" or trial.settings.validation == "test"
        assert on_test == (path.stem in {"lecture-models", "custom-resnet", "four-models-on-test", "past-the-best"})


def test_the_custom_resnet_trains_as_the_report_says() -> None:
    (trial,) = trials_of(FILES[0].with_name("custom-resnet.toml")).values()
    settings = trial.settings
    assert (settings.epochs, settings.patience, settings.monitor) == (300, 15, "validation_loss")
    assert settings.augment == "crop,flip"
    assert trial.scheduler.parameters == {"step_size": 30, "gamma": 0.1}
    assert (settings.learning_rate, trial.optimizer.parameters["weight_decay"]) == (1e-3, 5e-4)


def test_the_ablation_makes_each_change_alone_and_then_adds_them_up() -> None:
    trials = trials_of(FILES[0].with_name("ablation.toml")).values()

    def changes(trial: Trial) -> set[str]:
        model = trial.model.parameters
        made = {
            "blocks": model["blocks"] == (3, 4, 6, 3),
            "bottleneck": model["block"] == "bottleneck",
            "dropout": model["dropout"] == 0.2,
            "augmentation": trial.settings.augment == "crop,flip",
            "training": trial.optimizer.name == "standard/adam" and trial.scheduler.name == "standard/step",
        }
        return {name for name, is_made in made.items() if is_made}

    order = ["blocks", "bottleneck", "dropout", "augmentation", "training"]
    alone, added = [{name} for name in order], [set(order[:count]) for count in range(2, 6)]
    assert [changes(trial) for trial in trials] == [set(), *alone, *added]
    assert len({trial.settings.epochs for trial in trials}) == 1
