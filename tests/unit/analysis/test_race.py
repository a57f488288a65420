"""A growing comparison: each variant stops at the look that decides it, and the looks can be replayed."""

import random
from dataclasses import replace

import pytest

from dlbench.analysis.verdicts import judge_run, race_of
from dlbench.plans.criteria import Criteria
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.statistics.comparisons import compare_pairs
from dlbench.statistics.power import chance_of_verdict
from dlbench.statistics.seeds import interim_schedule
from dlbench.statistics.spending import early_levels, levels
from dlbench.statistics.verdicts import Rules

LOOKS = (12, 18, 24, 30)
#: One is far worse, one far better, one slightly better, one alike.
GAINS = {"relu": 0.0, "sigmoid": -0.2, "tanh": 0.1, "elu": 0.004, "gelu": 0.0}


@pytest.fixture
def value():
    def value(name, seed):
        return 0.8 + GAINS[name] + random.Random(f"{name} {seed}").gauss(0, 0.006)

    return value


@pytest.fixture
def records(make_record, value):
    return [make_record(name, seed, value(name, seed)) for seed in range(30) for name in GAINS]


@pytest.fixture
def plan(make_plan):
    criteria = Criteria(baseline="relu", interim_analyses=LOOKS, spending="obrien-fleming")
    return replace(make_plan(list(GAINS), range(30)), judging=criteria)


def rows(judged):
    return {c.variant: c for c in judged.families[0].comparisons}


def test_a_decided_variant_keeps_the_verdict_the_seeds_and_the_level_of_its_look(records, plan):
    found = rows(judge_run(records, plan))
    first = rows(judge_run(records, replace(plan, seeds=tuple(range(12)))))
    assert [(found[name].verdict, found[name].n) for name in ("sigmoid", "tanh")] == [("worse", 12), ("better", 12)]
    assert found["sigmoid"] == first["sigmoid"]
    assert found["tanh"].alpha == levels(LOOKS, 0.05)[0]
    assert (found["gelu"].n, found["gelu"].alpha) == (30, levels(LOOKS, 0.05)[-1])
    assert all(c.dropped == 0 for c in found.values())


@pytest.mark.slow
def test_results_that_nobody_asked_for_change_nothing(records, plan, make_record):
    race = race_of(records, plan)
    asked = {name: race.seeds_of(name) for name in GAINS}
    needed = [r for r in records if r.trial.seed < asked[r.trial.activation.short]]
    assert len(needed) < len(records)
    assert judge_run(needed, plan) == judge_run(records, plan)
    strange = [make_record("sigmoid", seed, 0.99) for seed in range(12, 60)]
    assert judge_run([*needed, *strange], plan) == judge_run(records, plan)


def test_the_baseline_gets_the_seeds_that_any_variant_needs(records, plan):
    race = race_of(records, plan)
    assert race.seeds_of("relu") == max(race.seeds_of(name) for name in GAINS if name != "relu") == 30


def test_the_order_of_records_and_variants_changes_nothing(records, plan):
    judged = rows(judge_run(records, plan))
    random.Random(0).shuffle(records)
    assert rows(judge_run(records, replace(plan, variants=plan.variants[::-1]))) == judged


def test_of_all_pairs_a_variant_is_done_when_all_of_its_own_are(records, plan):
    every = replace(plan, judging=replace(plan.judging, all_pairs=True))
    judged = judge_run(records, every)
    pairs = {frozenset((c.variant, c.baseline)): c for c in judged.families[0].comparisons}
    assert judged.race.seeds_of("sigmoid") == judged.race.seeds_of("tanh") == 12
    assert judged.race.seeds_of("relu") == 30
    assert pairs[frozenset(("relu", "gelu"))].n == 30
    assert all(c.n == 12 for pair, c in pairs.items() if pair & {"sigmoid", "tanh"})


def test_a_plan_that_shares_alpha_evenly_gives_all_variants_all_seeds(records, plan):
    even = replace(plan, judging=replace(plan.judging, spending="even"))
    assert {(c.n, c.alpha) for c in judge_run(records, even).families[0].comparisons} == {(30, 0.0125)}


def test_by_another_metric_each_variant_is_judged_on_the_seeds_that_it_got(records, plan):
    found = rows(judge_run(records, plan, {"metric": "test_loss"}))
    each = levels(LOOKS, 0.05)
    assert [(found[name].n, found[name].alpha) for name in ("sigmoid", "gelu")] == [(12, each[0]), (30, each[-1])]


@pytest.fixture
def grid(make_record):
    """Two activations at two batch sizes: only the activation makes a difference, and it is large."""
    made = [
        make_record(
            name,
            seed,
            0.8 + GAINS[name] + random.Random(f"{name} {size} {seed}").gauss(0, 0.006),
            settings={"batch_size": size},
        )
        for seed in range(30)
        for name in ("relu", "tanh")
        for size in (32, 64)
    ]
    variants = {r.trial.variant_id: (r.trial.activation.short, str(r.trial.settings.batch_size)) for r in made}
    plan = PlanRecord(
        axes={"activation": ("relu", "tanh"), "batch_size": ("32", "64")},
        fixed={},
        variants=tuple(
            PlannedVariant(
                label=", ".join(at), values=dict(zip(("activation", "batch_size"), at, strict=True)), variant_id=key
            )
            for key, at in variants.items()
        ),
        seeds=tuple(range(30)),
        baseline="relu, 32",
        judging=Criteria(baseline="relu, 32", interim_analyses=LOOKS, spending="obrien-fleming"),
    )
    return made, plan


def test_a_combination_goes_on_for_as_long_as_any_of_its_effects_is_open(grid):
    judged = judge_run(*grid)
    activation, size = (family.comparisons[0] for family in judged.families)
    assert (activation.verdict, activation.n) == ("better", 12)
    assert size.n > 12
    assert {judged.race.seeds_of(variant.label) for variant in grid[1].variants} == {size.n}
    assert {c.n for family in judged.interactions for c in family.comparisons} == {size.n}


@pytest.fixture
def hopeless(plan):
    """The plan of a race that gives up what will hardly be decided."""
    return replace(plan, judging=replace(plan.judging, least_chance=0.05))


def test_a_variant_that_will_hardly_be_decided_gets_no_more_seeds_and_stays_not_shown(records, hopeless, plan):
    judged = judge_run(records, hopeless)
    gelu, whole = rows(judged)["gelu"], rows(judge_run(records, plan))
    assert (gelu.verdict, whole["gelu"].verdict) == ("not shown", "not shown")
    assert gelu.n == judged.race.seeds_of("gelu") < whole["gelu"].n == 30
    assert gelu == rows(judge_run(records, replace(hopeless, seeds=tuple(range(gelu.n)))))["gelu"]
    last = hopeless.criteria.rules()
    assert chance_of_verdict(gelu, last, 30) < 0.05
    before = [n for n in LOOKS if n < gelu.n]
    stages = (rows(judge_run(records, replace(plan, seeds=tuple(range(n)))))["gelu"] for n in before)
    assert all(chance_of_verdict(stage, last, 30) >= 0.05 for stage in stages)


def test_what_was_given_up_is_said_in_words_with_the_difference_that_would_have_been_shown(records, hopeless):
    judged = judge_run(records, hopeless)
    family, n = judged.families[0], judged.race.seeds_of("gelu")
    said = dict(zip((c.variant for c in family.comparisons), family.sentences, strict=True))
    assert said["gelu"].endswith("; no more seeds, as a verdict by 30 had become unlikely")
    assert not any("no more seeds" in text for name, text in said.items() if name != "gelu")
    assert any(f"gelu and relu, these {n} seeds would show a difference of" in text for text in family.outlook)
    assert f"1 of 4 got no more than {n} seeds, as a verdict by 30 was unlikely" in judged.saving


def test_of_what_is_given_up_nothing_depends_on_results_that_nobody_asked_for(records, hopeless):
    race = race_of(records, hopeless)
    needed = [r for r in records if r.trial.seed < race.seeds_of(r.trial.activation.short)]
    assert len(needed) < len(records)
    assert judge_run(needed, hopeless) == judge_run(records, hopeless)
    every = replace(hopeless, judging=replace(hopeless.judging, all_pairs=True))
    assert race_of(records, every).seeds_of("gelu") <= 30


def test_the_saving_is_told_when_the_race_is_over(records, plan):
    judged = judge_run(records, plan)
    trials = sum(judged.race.seeds_of(name) for name in GAINS)
    assert trials < 150
    assert judged.saving.startswith(f"{trials} of 150 trials were enough: ")
    assert "of 4 variants were decided at 12" in judged.saving
    early = replace(plan, seeds=tuple(range(18)))
    assert judge_run(records, early).saving == ""


def test_the_saving_of_two_variants_is_that_of_their_one_verdict(records, plan):
    two = replace(plan, variants=plan.variants[:2])
    known = [r for r in records if r.trial.variant_id in {variant.variant_id for variant in two.variants}]
    assert "trials were enough: the verdict was decided at " in judge_run(known, two).saving


def test_a_look_judges_the_whole_family_with_the_pairs_that_each_row_has(records, plan):
    """As if the seeds of the decided variants were missing: the last look is one step-down family."""
    race = race_of(records, plan)
    last = rows(judge_run(records, plan))["gelu"]
    own = [r for r in records if r.trial.seed < race.seeds_of(r.trial.activation.short)]
    values = {
        name: {r.trial.seed: r.metrics["test_accuracy"] for r in own if r.trial.activation.short == name}
        for name in GAINS
    }
    rules = Rules(margin=0.002, alpha=last.alpha)
    found = compare_pairs(values, [(name, "relu") for name in GAINS if name != "relu"], rules)
    assert next(c for c in found if c.variant == "gelu").p_adjusted == last.p_adjusted


@pytest.mark.slow
def test_with_one_alpha_for_all_tables_too_a_decided_comparison_stays_as_it_was_at_its_look(grid):
    records, plan = grid
    together = replace(plan, judging=replace(plan.judging, alpha_study=True))
    found = judge_run(records, together)
    first = judge_run(records, replace(together, seeds=tuple(range(12))))
    assert found.families[0].comparisons == first.families[0].comparisons
    assert found.families[0].comparisons[0].n == 12
    tables = sum(len(family.comparisons) for family in found.all_families)
    assert {family.size for family in found.all_families} == {tables}


@pytest.mark.slow
def test_a_race_of_independent_seeds_decides_with_seven_each_what_pairs_cannot_with_seven(records, plan):
    looks = interim_schedule(7, 30, test="independent")
    apart = Criteria(baseline="relu", interim_analyses=looks, spending="haybittle-peto", test="independent")
    found = rows(judge_run(records, replace(plan, judging=replace(apart, least_chance=0.05))))
    assert [(found[name].verdict, found[name].sizes) for name in ("sigmoid", "tanh")] == [
        ("worse", (7, 7)),
        ("better", (7, 7)),
    ]
    assert found["sigmoid"].alpha == early_levels(looks, 0.05, "independent")[0]
    assert found["gelu"].verdict == "not shown"
    pairs = replace(apart, test="paired")
    assert judge_run(records, replace(plan, judging=pairs, seeds=tuple(range(7)))).race.decided == {}
