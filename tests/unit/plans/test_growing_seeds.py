import pytest

from dlbench.errors import DlbenchError
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.statistics.seeds import (
    AutoSeeds,
    comparisons_among,
    default_seeds,
    interim_schedule,
    least_seeds,
    other_seeds,
)

ACTIVATIONS = {"activation": ("relu", "tanh", "elu")}


def test_a_range_of_seeds_is_read():
    assert AutoSeeds.parse("auto:8..12") == AutoSeeds(8, 12)
    assert AutoSeeds.parse("auto") == AutoSeeds(7, 30)


@pytest.mark.parametrize("text", ["auto:", "auto:7", "auto:9..3", "auto:0..3", "automatic", "auto:7..x"])
def test_what_is_no_range_is_refused_with_the_form(text):
    with pytest.raises(DlbenchError) as caught:
        AutoSeeds.parse(text)
    assert "auto:7..30" in caught.value.hint


def test_all_pairs_ask_for_more_comparisons():
    assert [comparisons_among(4), comparisons_among(4, all_pairs=True), comparisons_among(1)] == [3, 6, 1]


def test_other_seeds_are_as_many_and_none_of_these():
    assert other_seeds([0, 3]) == (10_000, 10_003)
    assert other_seeds([0, 10_000]) == (20_000, 30_000)


def test_a_growing_plan_has_a_stage_for_each_interim_analysis(registry):
    plan = build(Request(values=ACTIVATIONS, seeds=AutoSeeds(7, 30), noise_floor=True), registry)
    assert plan.interim_analyses == interim_schedule(7, 30)
    assert [len(stage.seeds) for stage in plan.stages] == list(plan.interim_analyses)
    first, *_, last = plan.stages
    early, late = ({trial.trial_id for trial in stage.trials} for stage in (first, last))
    assert early < late
    assert last.seeds == plan.seeds == tuple(range(30))
    assert len(first.noise_floor) == len(first.seeds)


def test_a_plan_that_does_not_grow_is_its_only_stage(registry):
    plan = build(Request(values=ACTIVATIONS, seeds=3), registry)
    assert plan.stages == (plan,)


def test_the_default_number_of_seeds_follows_alpha_and_the_pairs(registry):
    def seeds(**judging):
        return len(build(Request(values=ACTIVATIONS, judging=judging), registry).seeds)

    assert (seeds(), seeds(alpha=0.01), seeds(all_pairs=True)) == (
        default_seeds(2),
        default_seeds(2, 0.01),
        default_seeds(3),
    )


@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_the_least_seeds_are_those_that_could_show_anything(registry, alpha):
    plan = build(Request(values=ACTIVATIONS, seeds="least", judging={"alpha": alpha}), registry)
    assert plan.seeds == tuple(range(least_seeds(alpha)))


def test_the_noise_floor_adds_trials_of_the_baseline_alone(registry):
    plan = build(Request(values=ACTIVATIONS, seeds=2, noise_floor=True, judging={"baseline": "tanh"}), registry)
    extra = [trial for trial in plan.trials if trial.seed not in plan.seeds]
    assert [(trial.activation.short, trial.seed) for trial in extra] == [("tanh", 10_000), ("tanh", 10_001)]
    assert len(plan.trials) == 3 * 2 + 2
    assert plan.record.noise_floor == (10_000, 10_001)


def test_the_plan_keeps_its_baseline(registry):
    plan = build(Request(values=ACTIVATIONS, judging={"baseline": "elu"}), registry)
    assert plan.record.baseline == "elu"
    assert [variant.label for variant in plan.variants] == ["relu", "tanh", "elu"]
