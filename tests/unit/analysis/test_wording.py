import random
from dataclasses import replace

import numpy as np
import pytest

from dlbench.analysis.verdicts import judge_run
from dlbench.plans.criteria import Criteria
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.statistics.comparisons import compare_pairs

SEEDS = range(8)


def _noise(*key):
    return random.Random(str(key)).gauss(0, 0.004)


@pytest.fixture
def grid(make_record):
    """Return records and the plan of activations at batch sizes, by the accuracy of each run."""

    def make(accuracy, sizes=(32, 64), **criteria):
        variants, records = [], []
        for name in ("relu", "tanh"):
            for size in sizes:
                made = [make_record(name, s, accuracy(name, size, s), settings={"batch_size": size}) for s in SEEDS]
                values = {"activation": name, "batch_size": str(size)}
                label, variant_id = f"{name}, {size}", made[0].trial.variant_id
                variants.append(PlannedVariant(label=label, values=values, variant_id=variant_id))
                records += made
        axes = {"activation": ("relu", "tanh"), "batch_size": tuple(map(str, sizes))}
        fixed, base = {"dataset": "standard/digits"}, variants[0].label
        judging = Criteria(baseline=base, **criteria)
        return records, PlanRecord(
            axes=axes, fixed=fixed, variants=tuple(variants), seeds=tuple(SEEDS), baseline=base, judging=judging
        )

    return make


def ahead(name, size, seed):
    """tanh is ahead everywhere by as much."""
    return 0.8 + 0.05 * (name == "tanh") + _noise(name, size, seed)


def crossing(name, size, seed):
    """tanh is ahead at 64 alone."""
    return 0.8 + 0.05 * (name == "tanh") * (size == 64) + _noise(name, size, seed)


def test_a_sentence_names_metric_data_set_and_what_is_averaged_over(grid):
    judged = judge_run(*grid(ahead))
    main = judged.families[0].sentences[0]
    assert main.startswith("test accuracy on digits, averaged over batch size 32 and 64: tanh is better than relu by ")
    assert "n = 8 paired seeds, adjusted p = 0.008" in main
    at_each = [family.sentences[0] for family in judged.simple_effects if family.axis == "activation"]
    assert [text.partition(":")[0] for text in at_each] == [
        "test accuracy on digits at batch size 32",
        "test accuracy on digits at batch size 64",
    ]


def test_many_values_are_counted(grid):
    judged = judge_run(*grid(ahead, sizes=(8, 16, 32, 64, 128)))
    assert "averaged over 5 values of batch size: " in judged.families[0].sentences[0]


def test_a_sentence_names_the_epoch_where_it_is_not_the_selected_one(grid):
    records, plan = grid(ahead)
    judged = judge_run(records, plan, {"metric": "validation_accuracy", "at": 2})
    assert judged.families[0].sentences[0].startswith("validation accuracy at epoch 2 on digits, averaged over")


def test_each_data_set_is_named_in_its_sentences(make_study):
    judged = judge_run(
        *make_study("ab", lambda name, dataset, seed: 0.9 - 0.05 * (name != "relu") + _noise(name, seed))
    )
    heads = [family.sentences[0].partition(":")[0] for family in (*judged.families, *judged.averages)]
    assert heads == ["test accuracy on a", "test accuracy on b", "test accuracy, averaged over a and b"]


def test_the_outlook_stands_alone_too(grid):
    records, plan = grid(lambda name, size, seed: 0.8 + _noise(name, size, seed))
    judged = judge_run(records, plan)
    (outlook,) = judged.families[0].outlook
    assert outlook.startswith(
        "test accuracy on digits, averaged over batch size 32 and 64: between tanh and relu, these"
    )


def test_an_interaction_that_is_shown_puts_simple_effects_on_screen_instead_of_the_average(grid):
    judged = judge_run(*grid(crossing))
    assert judged.interactions[0].comparisons[0].separated
    assert [(family.axis, family.conditioned_on) for family in judged.shown_effects] == [
        ("activation", "batch_size=32"),
        ("activation", "batch_size=64"),
        ("batch_size", "activation=relu"),
        ("batch_size", "activation=tanh"),
    ]
    assert judged.table_count == 5
    same = judge_run(*grid(ahead))
    assert same.shown_effects == same.families
    assert same.table_count == 3


def test_one_alpha_for_all_tables_corrects_over_all_of_their_comparisons(grid):
    records, plan = grid(lambda name, size, seed: 0.8 + 0.004 * (name == "tanh") + _noise(name, size, seed))
    each, study = judge_run(records, plan), judge_run(records, plan, {"alpha_study": True})
    families = [*study.families, *study.simple_effects, *study.interactions]
    pairs, values = [], {}
    for number, family in enumerate(families):
        for c in family.comparisons:
            for name in (c.variant, c.baseline):
                values[f"{number} {name}"] = family.values[name]
            pairs.append((f"{number} {c.variant}", f"{number} {c.baseline}"))
    expected = [c.p_adjusted for c in compare_pairs(values, pairs, study.rules)]
    assert [c.p_adjusted for family in families for c in family.comparisons] == expected
    before = [c.p_adjusted for f in (*each.families, *each.simple_effects, *each.interactions) for c in f.comparisons]
    assert all(one >= other - 1e-12 for one, other in zip(expected, before, strict=True))
    assert {family.size for family in families} == {len(pairs)}
    assert study.deviations == ("one α for all tables yes, fixed before running: no",)


def test_one_alpha_for_all_tables_is_kept_in_the_manifest_and_absent_otherwise(grid):
    assert Criteria.from_json(Criteria(alpha_study=True).to_json()) == Criteria(alpha_study=True)
    assert "alpha_study" not in Criteria().to_json()
    assert judge_run(*grid(ahead, alpha_study=True)).deviations == ()


@pytest.mark.slow
def test_one_alpha_for_all_tables_holds_the_error_over_tables():
    """Of tables without any difference, a share of at most α has a false verdict anywhere; one α a table has more."""
    from dlbench.analysis.axis_effects import Effects
    from dlbench.analysis.families import judge_values
    from dlbench.analysis.study import corrected_together
    from dlbench.statistics.verdicts import Rules

    generator = np.random.default_rng(0)
    false = {"each": 0, "study": 0}
    for _ in range(150):
        families = []
        for _ in range(6):
            values = {name: dict(enumerate(generator.normal(size=7))) for name in ("a", "b", "c")}
            families.append(judge_values("activation", values, Rules()))
        study = corrected_together(Effects(families=tuple(families)), Rules())
        false["each"] += any(c.separated for family in families for c in family.comparisons)
        false["study"] += any(c.separated for family in study.families for c in family.comparisons)
    assert false["study"] / 150 <= 0.05 + 2 * (0.05 * 0.95 / 150) ** 0.5
    assert false["each"] / 150 > 0.12


@pytest.mark.parametrize(("status", "word"), [("timeout", "out of time"), ("oom", "out of memory")])
def test_trials_that_a_limit_ended_are_named_beside_the_verdict(make_record, make_plan, status, word):
    records = [
        make_record(name, s, 0.9 + 0.03 * (name == "tanh") + _noise(name, s))
        for name in ("relu", "tanh")
        for s in SEEDS
    ]
    records[-1] = replace(records[-1], status=status, metrics={}, epochs=())
    (family,) = judge_run(records, make_plan(seeds=SEEDS)).families
    assert (family.comparisons[0].n, family.lost) == (7, {"tanh": f"1 of 8 trials {word}"})
    assert family.sentences[0].endswith(f"; 1 of 8 trials {word}, left out")
