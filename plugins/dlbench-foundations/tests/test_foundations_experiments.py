import pytest

from dlbench.testing import PlannedExperiment, Registry, compared_by, plan_experiment
from dlbench_foundations.plugin import dlbench_experiments

PLUGIN = "foundations"
EXPERIMENTS = {path.stem: path for path in dlbench_experiments()}
REGISTRY = Registry.load()


def plan(name: str) -> PlannedExperiment:
    return plan_experiment(EXPERIMENTS[name], PLUGIN, REGISTRY)


def test_every_experiment_of_the_report_has_a_file() -> None:
    assert set(EXPERIMENTS) == {"numpy-mlp", "schedules", "cnns"}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_plans_distinct_variants_and_says_where_its_figures_stand(name: str) -> None:
    planned = plan(name)
    assert planned.experiment.report == PLUGIN
    assert len({trial.variant_id for trial in planned.trials.values()}) == len(planned.trials)
    assert all(reported.place for reported in planned.experiment.reported)


def test_the_schedules_experiment_has_the_report_s_ten_variants_and_every_claim() -> None:
    planned = plan("schedules")
    assert len({trial.scheduler.text for trial in planned.trials.values()}) == 10
    pairs = [compared_by(claim) for claim in planned.experiment.claims if "best of the ten" in claim.text]
    assert {winner for winner, _ in pairs} == {"warm-up 5"}
    assert {rival for _, rival in pairs} == planned.trials.keys() - {"warm-up 5"}


def test_the_numpy_experiment_trains_on_500_images_in_one_step_an_epoch() -> None:
    for trial in plan("numpy-mlp").trials.values():
        assert trial.settings.batch_size == trial.settings.train_size == 500
