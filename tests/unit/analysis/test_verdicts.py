import csv
import io
import json
import math
import random
import re
from dataclasses import replace

import pytest
from scipy import stats

from dlbench.analysis.families import COLUMNS, estimate_variant, judge_values
from dlbench.analysis.verdicts import judge_run
from dlbench.errors import DlbenchError
from dlbench.plans.criteria import Criteria
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.runs.folder import RunFolder
from dlbench.runs.tables import to_csv
from dlbench.statistics.spending import levels
from dlbench.statistics.verdicts import Rules

SEEDS = range(8)
GAINS = {"relu": 0.0, "tanh": 0.03, "elu": -0.02, "gelu": 0.0004}


def _noise(name, seed):
    return random.Random(f"{name} {seed}").gauss(0, 0.004)


@pytest.fixture
def records(make_record):
    return [make_record(name, seed, 0.9 + gain + _noise(name, seed)) for name, gain in GAINS.items() for seed in SEEDS]


@pytest.fixture
def plan(make_plan):
    return make_plan(list(GAINS), SEEDS)


def _by_variant(judged):
    return {c.variant: c for c in judged.families[0].comparisons}


def _grid(make_record, sizes=(32, 64), accuracy=lambda name, size, seed: 0.9, seeds=SEEDS):
    """Records and the plan of two axes, activation and batch size."""
    made = {
        (name, size): [
            make_record(name, seed, accuracy(name, size, seed), settings={"batch_size": size}) for seed in seeds
        ]
        for name in ("relu", "tanh")
        for size in sizes
    }
    variants = tuple(
        PlannedVariant(
            label=f"{name}, {size}",
            values={"activation": name, "batch_size": str(size)},
            variant_id=found[0].trial.variant_id,
        )
        for (name, size), found in made.items()
    )
    plan = PlanRecord(
        axes={"activation": ("relu", "tanh"), "batch_size": tuple(map(str, sizes))},
        fixed={},
        variants=variants,
        seeds=tuple(seeds),
        baseline=variants[0].label,
    )
    return [record for found in made.values() for record in found], plan


def test_differences_are_paired_by_seed_and_carry_the_interval_of_their_test(records, plan, typical_values):
    (tanh,) = [c for c in judge_run(records, plan).families[0].comparisons if c.variant == "tanh"]
    accuracy = {
        name: [r.metrics["test_accuracy"] for r in records if r.trial.activation.short == name]
        for name in ("relu", "tanh")
    }
    low, high = typical_values([a - b for a, b in zip(accuracy["tanh"], accuracy["relu"], strict=True)])
    assert (tanh.difference_low, tanh.difference_high) == pytest.approx((low, high))
    assert (tanh.n, tanh.verdict) == (8, "better")


def test_variants_are_better_worse_or_equivalent(records, plan):
    verdicts = {name: c.verdict for name, c in _by_variant(judge_run(records, plan)).items()}
    assert (verdicts["tanh"], verdicts["elu"]) == ("better", "worse")
    assert verdicts["gelu"] in ("equivalent", "not shown")


def test_the_order_of_records_and_of_variants_never_changes_a_verdict(records, plan):
    expected = _by_variant(judge_run(records, plan))
    for attempt in range(5):
        shuffled = records[:]
        random.Random(attempt).shuffle(shuffled)
        variants = list(plan.variants)
        random.Random(attempt).shuffle(variants)
        assert _by_variant(judge_run(shuffled, replace(plan, variants=tuple(variants)))) == expected


def test_the_names_of_variants_never_change_a_verdict(records, plan):
    names = dict(zip(GAINS, ("z", "y", "a", "m"), strict=True))
    renamed = tuple(replace(v, label=names[v.label], values={"activation": names[v.label]}) for v in plan.variants)
    other = replace(plan, variants=renamed, baseline="z", axes={"activation": tuple(names.values())})
    found = _by_variant(judge_run(records, other))
    for old, comparison in _by_variant(judge_run(records, plan)).items():
        assert found[names[old]] == replace(comparison, variant=names[old], baseline="z")


def test_a_crashed_trial_drops_its_pair_and_is_counted(records, plan):
    crashed = [
        replace(r, status="failed", metrics={}) if r.trial.activation.short == "tanh" and r.trial.seed == 3 else r
        for r in records
    ]
    found = _by_variant(judge_run(crashed, plan))
    assert (found["tanh"].n, found["tanh"].dropped) == (7, 1)
    assert (found["elu"].n, found["elu"].dropped) == (8, 0)


def test_a_diverged_trial_counts_with_its_accuracy_and_its_time_is_infinite(make_record, make_plan):
    records = [make_record(name, seed, 0.9) for name in ("relu", "tanh") for seed in SEEDS]
    records[-1] = replace(records[-1], status="diverged", metrics={**records[-1].metrics, "test_accuracy": 0.1})
    plan = make_plan(seeds=SEEDS)
    (tanh,) = judge_run(records, plan).families[0].comparisons
    assert (tanh.n, tanh.dropped) == (8, 0)
    assert tanh.difference == pytest.approx((0.1 - 0.89) / 8)
    (slow,) = judge_run(records, plan, {"metric": "train_seconds"}).families[0].comparisons
    assert math.isinf(slow.mean)
    assert slow.verdict == "n too small"  # it is ahead or behind on one seed alone


@pytest.mark.parametrize("lost", [{}, {"test_loss": None}, {"test_loss": math.nan}])
@pytest.mark.parametrize("at", ["selected", "last"])
def test_a_diverged_trial_has_an_infinite_loss_and_stays_in_the_verdict(make_record, make_plan, lost, at):
    """Without the trials that diverged, the variant that diverges would come out better."""
    records = [make_record("relu", seed, 0.9) for seed in SEEDS]
    records += [make_record("tanh", seed, 0.95) for seed in (0, 1)]
    records += [make_record("tanh", seed, epochs=0, status="diverged", metrics=lost) for seed in SEEDS[2:]]
    (tanh,) = judge_run(records, make_plan(seeds=SEEDS), {"metric": "test_loss", "at": at}).families[0].comparisons
    assert (tanh.n, tanh.dropped, tanh.ahead, tanh.behind) == (8, 0, 6, 2)  # larger losses are ahead
    assert (tanh.mean, tanh.side) == (math.inf, 1)


def test_the_variant_that_diverges_is_worse_by_its_last_loss(make_record, make_plan):
    records = [make_record("relu", seed, 0.9) for seed in SEEDS]
    for record in [make_record("tanh", seed, 0.95) for seed in SEEDS]:
        rows = (*record.epochs[:-1], record.epochs[-1] | {"train_loss": math.nan})
        records.append(replace(record, status="diverged", epochs=rows))
    judged = judge_run(records, make_plan(seeds=SEEDS), {"metric": "train_loss", "at": "last"})
    assert judged.families[0].comparisons[0].verdict == "worse"


def test_one_seed_has_values_and_no_claim(make_record, make_plan):
    judged = judge_run([make_record("relu"), make_record("tanh", 0, 0.99)], make_plan(seeds=[0]))
    (family,) = judged.families
    assert family.baseline.mean == pytest.approx(0.89)
    assert family.comparisons[0].mean == pytest.approx(0.98)
    (text,) = family.sentences
    assert text.endswith("no claim on tanh against relu: n = 1 paired seed cannot reach p ≤ 0.05, 6 could")
    assert text.startswith("test accuracy on ")


def test_a_single_variant_has_its_own_numbers(make_record, make_plan):
    judged = judge_run([make_record(seed=seed, accuracy=0.9 + seed / 100) for seed in range(3)], make_plan(["relu"]))
    (family,) = judged.families
    assert (family.comparisons, family.baseline.n) == ((), 3)
    low, high = stats.t.interval(0.95, 2, 0.90, 0.01 / math.sqrt(3))
    assert (family.baseline.mean_low, family.baseline.mean_high) == pytest.approx((low, high))


def test_a_difference_that_is_not_shown_has_an_outlook(make_record, make_plan):
    accuracies = {"relu": [0.9, 0.91, 0.92, 0.9, 0.91, 0.9], "tanh": [0.92, 0.9, 0.93, 0.92, 0.905, 0.92]}
    records = [make_record(name, seed, x) for name, row in accuracies.items() for seed, x in enumerate(row)]
    (family,) = judge_run(records, make_plan(seeds=range(6))).families
    assert family.comparisons[0].verdict == "not shown"
    assert re.search(r"these 6 seeds would show a difference of about [\d.]+ points in 4 of 5", family.outlook[0])


# Several axes


def test_each_axis_is_averaged_over_the_others_within_each_seed(make_record, typical_values):
    def accuracy(name, size, seed):
        return 0.8 + 0.02 * (name == "tanh") + 0.01 * (size == 64) + _noise((name, size), seed)

    records, plan = _grid(make_record, accuracy=accuracy)
    judged = judge_run(records, plan)
    activation, size = judged.families
    assert (activation.axis, activation.averaged, activation.conditioned_on) == ("activation", ("batch_size",), "")
    means = [sum(accuracy("tanh", s, seed) - accuracy("relu", s, seed) for s in (32, 64)) / 2 for seed in SEEDS]
    low, high = typical_values(means)
    (tanh,) = activation.comparisons
    assert (tanh.n, tanh.difference) == (8, pytest.approx(sum(means) / 8))
    assert (tanh.difference_low, tanh.difference_high) == pytest.approx((low, high))
    assert [c.variant for c in size.comparisons] == ["64"]


def test_each_simple_effect_is_judged_under_one_correction(make_record):
    records, plan = _grid(make_record, sizes=(32, 64, 128), accuracy=lambda n, s, seed: 0.8 + _noise((n, s), seed))
    judged = judge_run(records, plan)
    effects = [family for family in judged.simple_effects if family.axis == "activation"]
    assert [family.conditioned_on for family in effects] == ["batch_size=32", "batch_size=64", "batch_size=128"]
    comparisons = [family.comparisons[0] for family in effects]
    smallest = min(comparisons, key=lambda c: c.p)
    assert smallest.p < smallest.p_adjusted <= 3 * smallest.p
    assert {(c.variant, c.baseline) for c in comparisons} == {("tanh", "relu")}


def test_a_difference_that_depends_on_the_other_axis_is_an_interaction(make_record):
    def accuracy(name, size, seed):
        return 0.8 + 0.05 * (name == "tanh" and size == 64) + _noise((name, size), seed)

    records, plan = _grid(make_record, accuracy=accuracy)
    (interaction,) = judge_run(records, plan).interactions
    (found,) = interaction.comparisons
    assert interaction.axis == "activation × batch_size"
    assert found.difference == pytest.approx(0.05, abs=0.01)
    assert found.verdict == "larger lead"
    (sentence,) = interaction.sentences
    assert re.match(
        r"test accuracy: tanh's lead over relu is \d\.\d+ points larger at 64 than at 32 \[[\d., ]+\], n = 8 paired "
        r"seeds, adjusted p",
        sentence,
    )
    same, plan = _grid(make_record, accuracy=lambda n, s, seed: 0.8 + 0.05 * (n == "tanh") + _noise((n, s), seed))
    (none,) = judge_run(same, plan).interactions
    assert none.comparisons[0].verdict == "not shown"
    assert none.sentences[0].startswith(
        "test accuracy: not shown that tanh's lead over relu differs between 64 and 32: difference "
    )
    assert none.outlook[0].startswith(
        "test accuracy: between tanh's lead over relu at 64 and at 32, these 8 seeds would show a difference of about "
    )


def test_a_lead_in_a_loss_is_smaller_where_the_losses_come_closer(make_record):
    def loss(name, size, seed):
        return 0.5 - 0.1 * (name == "tanh") * (size == 32) + _noise((name, size), seed)

    records, plan = _grid(make_record, accuracy=loss)
    records = [replace(r, metrics={**r.metrics, "test_loss": r.metrics["test_accuracy"]}) for r in records]
    (interaction,) = judge_run(records, plan, {"metric": "test_loss"}).interactions
    assert interaction.comparisons[0].difference > 0
    assert interaction.comparisons[0].verdict == "smaller lead"
    assert "tanh's lead over relu is 0.1" in interaction.sentences[0]
    assert "smaller at 64 than at 32" in interaction.sentences[0]


def test_what_has_no_better_side_is_higher_or_lower_everywhere(make_record):
    records, plan = _grid(make_record, accuracy=lambda n, s, seed: 0.5 + 0.1 * (n == "tanh") * (s == 64))
    rows = [replace(r, metrics={**r.metrics, "best_epoch": round(100 * r.metrics["test_accuracy"])}) for r in records]
    judged = judge_run(rows, plan, {"metric": "best_epoch", "all_pairs": True})
    words = {comparison.verdict for family in judged.all_families for comparison in family.comparisons}
    assert words <= {"higher", "lower", "larger", "smaller", "equivalent"}
    assert {"higher", "larger"} <= words
    assert "best epoch is higher with tanh than with relu by 5.0" in judged.families[0].sentences[0]
    assert "tanh's difference from relu is 10.0 larger at 64 than at 32" in judged.interactions[0].sentences[0]
    assert judged.across is None


def test_margins_are_told_in_the_unit_that_users_type(make_record, make_plan):
    records = [make_record(name, seed) for name in ("relu", "tanh") for seed in range(3)]
    (deviation,) = judge_run(records, make_plan(), {"margin": 20}).deviations
    assert deviation == "margin 20 points, fixed before running: 0.2 points"


def test_a_crash_in_one_combination_drops_the_seed_from_the_average(make_record):
    records, plan = _grid(make_record)
    records[0] = replace(records[0], status="oom", metrics={})
    activation, _ = judge_run(records, plan).families
    assert (activation.comparisons[0].n, activation.comparisons[0].dropped) == (7, 1)


def test_vetoed_combinations_are_excluded_from_the_average_with_a_note(make_record):
    records, plan = _grid(make_record)
    plan = replace(plan, variants=plan.variants[:-1])  # without tanh, 64
    judged = judge_run(records, plan)
    assert judged.families[0].comparisons[0].n == 8
    assert "activation is averaged over 1 of 2 values of batch_size" in judged.notes[0]


# The noise floor


def test_the_noise_floor_pairs_the_baseline_with_itself_on_other_seeds(make_record, make_plan):
    floor = [10_000 + seed for seed in SEEDS]
    records = [
        make_record(name, seed, 0.9 + _noise(name, seed)) for name in ("relu", "tanh") for seed in (*SEEDS, *floor)
    ]
    records = [r for r in records if r.trial.activation.short == "relu" or r.trial.seed < 10_000]
    plan = replace(make_plan(seeds=SEEDS), noise_floor=tuple(floor))
    judged = judge_run(records, plan)
    (found,) = judged.noise_floor.comparisons
    own = [_noise("relu", seed + 10_000) - _noise("relu", seed) for seed in SEEDS]
    assert (found.n, found.difference) == (8, pytest.approx(sum(own) / 8))
    assert (found.variant, found.p) == ("relu, other seeds", found.p_adjusted)
    assert judged.families[0].baseline.n == 8
    assert judged.table()[1][0]["axis"] == "seed"
    without = judge_run([r for r in records if r.trial.seed < 10_000], make_plan(seeds=SEEDS))
    assert judged.families == without.families
    assert without.noise_floor is None


# Criteria


def test_a_run_is_judged_by_the_criteria_of_its_plan(records, plan):
    fixed = Criteria(metric="validation_loss", margin=0.0, alpha=0.01, baseline="tanh")
    judged = judge_run(records, replace(plan, judging=fixed, baseline="tanh"))
    assert (judged.metric.name, judged.rules.alpha, judged.rules.higher_is_better) == ("validation_loss", 0.01, False)
    assert judged.families[0].baseline.variant == "tanh"
    assert judged.deviations == ()


def test_criteria_asked_for_later_are_reported_as_deviations(records, plan):
    judged = judge_run(records, plan, {"metric": "macro_f1", "margin": 1.0, "baseline": "elu"})
    assert judged.rules.margin == pytest.approx(0.01)  # one point of a share
    assert judged.families[0].baseline.variant == "elu"
    assert any(text.startswith("metric macro_f1, fixed before running: test_accuracy") for text in judged.deviations)
    assert len(judged.deviations) == 3


def test_another_metric_brings_its_own_margin(records, plan):
    assert judge_run(records, plan, {"metric": "test_loss"}).rules.margin == 0


def test_an_alpha_that_shows_nothing_is_refused_where_it_is_asked_for_and_read_where_it_was_fixed(records, plan):
    with pytest.raises(DlbenchError, match="alpha must be at least 1e-05"):
        judge_run(records, plan, {"alpha": 1e-6})
    old = replace(plan, judging=Criteria(alpha=1e-6, baseline="relu"))
    assert judge_run(records, old, {"metric": "test_loss"}).rules.alpha == 1e-6


def test_interim_analyses_share_alpha_as_the_plan_says(records, plan):
    growing = replace(plan, judging=Criteria(baseline="relu", interim_analyses=(8, 16)))
    assert judge_run(records, growing).rules.alpha == pytest.approx(0.025)
    spending = Criteria(baseline="relu", interim_analyses=(8, 12), spending="obrien-fleming")
    assert judge_run(records, replace(plan, judging=spending)).rules.alpha == levels((8, 12), 0.05)[0]


def test_an_interim_analysis_uses_the_seeds_of_its_stage_alone(records, plan):
    early = replace(plan, seeds=tuple(range(6)))
    assert judge_run(records, early) == judge_run([r for r in records if r.trial.seed < 6], early)


def test_another_test_than_the_one_fixed_is_said_and_shown_in_the_table(records, plan):
    judged = judge_run(records, plan, {"test": "independent"})
    assert judged.deviations == ("test independent, fixed before running: paired",)
    _, rows = judged.table()
    assert {row["test"] for row in rows if row["verdict"] != "baseline"} == {"independent"}
    assert all("independent seeds each" in text for text in judged.families[0].sentences)


def test_all_pairs_are_one_family_with_letters(records, plan):
    judged = judge_run(records, plan, {"all_pairs": True})
    (family,) = judged.families
    assert len(family.comparisons) == family.size == 6
    assert [c.variant for c in family.against_baseline] == ["tanh", "elu", "gelu"]
    assert family.letters["tanh"] == "a"
    assert not set(family.letters["tanh"]) & set(family.letters["elu"])
    assert set(family.letters["relu"]) & set(family.letters["gelu"])


def test_a_variant_of_infinitely_small_values_is_estimated_as_such_and_comes_last():
    values = {"relu": {seed: 0.1 + 0.01 * seed for seed in SEEDS}, "tanh": dict.fromkeys(SEEDS, -math.inf)}
    for names, mean in ((("relu", "tanh"), pytest.approx(0.135)), (("tanh", "relu"), -math.inf)):
        family = judge_values("activation", {name: values[name] for name in names}, Rules(), all_pairs=True)
        assert family.letters == {"relu": "a", "tanh": "b"}
        assert family.baseline.mean == mean
    mixed = estimate_variant("elu", {0: -math.inf, 1: 0.1, 2: math.inf}, Rules())
    assert math.isnan(mixed.mean)


# The file


def test_comparison_csv_has_the_promised_columns_and_empty_cells_for_undefined_numbers(records, plan):
    judged = judge_run(records, plan)
    rows = list(csv.DictReader(io.StringIO(to_csv(*judged.table()))))
    assert ",".join(rows[0]) == (
        "axis,held,metric,variant,baseline,n,dropped,mean,std,mean_low,mean_high,difference,difference_low,"
        "difference_high,p,p_holm,probability_of_improvement,verdict,difference_std,p_beyond,p_equivalent,"
        "correlation,broke_down,images,images_low,images_high,groups,test,alpha"
    )
    assert tuple(rows[0]) == COLUMNS
    assert (rows[0]["variant"], rows[0]["verdict"], rows[0]["difference"]) == ("relu", "baseline", "")
    assert float(rows[1]["difference"]) == _by_variant(judged)["tanh"].difference
    one = judge_run([r for r in records if r.trial.seed == 0], plan)
    assert "nan" not in to_csv(*one.table())


def test_a_session_ends_with_its_comparison_and_its_target(tmp_path, records, plan, provenance):
    with RunFolder(tmp_path / "run") as folder:
        folder.start(plan, ["dlbench"], provenance)
        for record in records:
            folder.add(record)
        assert not (tmp_path / "run" / "comparison.csv").exists()
    text = (tmp_path / "run" / "comparison.csv").read_text()
    assert text == to_csv(*judge_run(records, plan).table())
    kept = json.loads((tmp_path / "run" / "manifest.json").read_text())["plan"]
    assert set(kept["target"]["values"]) == {"standard/digits"}
    again = RunFolder(tmp_path / "run")
    assert to_csv(*judge_run(again.records, again.plan).table()) == text


def test_records_of_other_seeds_and_variants_change_no_verdict(make_plan, make_record):
    plan = make_plan(["relu", "tanh"], range(6))
    means = {"relu": 0.5, "tanh": 0.6}
    own = [make_record(name, seed, accuracy=mean) for name, mean in means.items() for seed in range(6)]
    others = [make_record("tanh", seed, accuracy=0.1) for seed in range(6, 30)] + [make_record("elu", 0, accuracy=0.9)]
    assert judge_run([*others, *own], plan) == judge_run(own, plan)
