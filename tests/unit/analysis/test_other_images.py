"""The interval of a difference of test accuracies on other test images, from the outcomes in records."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from dlbench.analysis.verdicts import judge_run
from dlbench.runs.tables import to_csv
from dlbench.statistics.crossed import crossed, crossed_samples
from dlbench.statistics.intervals import t_interval
from dlbench.trials.outcomes import ImageOutcomes

SEEDS, IMAGES = range(8), 120


@pytest.fixture
def study(make_record, make_plan):
    """Return records whose outcomes are drawn, by chances of a correct answer; and their plan and outcomes."""

    def study(digests=None, without=(), **chances):
        rng = np.random.default_rng(0)
        hard = rng.normal(0, 1, IMAGES)
        records, bits = [], {}
        for name, shift in chances.items():
            for seed in SEEDS:
                correct = hard + rng.normal(0, 1, IMAGES) < shift
                bits[name, seed] = correct
                digest = (digests or {}).get(name, "digits")
                outcomes = None if name in without else ImageOutcomes.of(correct, np.arange(IMAGES), digest)
                metrics = {"test_accuracy": float(correct.mean())}
                records.append(replace(make_record(name, seed, metrics=metrics), outcomes=outcomes))
        return records, make_plan(list(chances), SEEDS), bits

    return study


def over_seeds(comparison):
    return comparison.difference_low, comparison.difference_high


def only(judged):
    (found,) = judged.families[0].comparisons
    return found


def test_the_interval_is_that_of_the_outcomes_of_both_variants(study):
    records, plan, bits = study(relu=1.0, tanh=1.3)
    differences = np.stack([bits["tanh", s].astype(int) - bits["relu", s].astype(int) for s in SEEDS])
    found = only(judge_run(records, plan))
    assert (found.images, found.difference) == (IMAGES, pytest.approx(differences.mean()))
    assert (found.images_low, found.images_high) == pytest.approx(
        crossed(differences).interval(0.95, over_seeds(found))
    )
    assert found.images_low < found.difference_low < found.difference_high < found.images_high


def test_independent_seeds_have_a_variance_of_their_own_on_each_side(study):
    records, plan, bits = study(relu=1.0, tanh=1.3)
    sides = [np.stack([bits["tanh", s] for s in range(8)]), np.stack([bits["relu", s] for s in range(7)])]
    kept = [r for r in records if (r.trial.activation.short, r.trial.seed) != ("relu", 7)]
    found = only(judge_run(kept, plan, {"test": "independent"}))
    assert (found.images, found.sizes) == (IMAGES, (8, 7))
    assert (found.images_low, found.images_high) == pytest.approx(
        crossed_samples(*sides).interval(0.95, over_seeds(found))
    )


def test_a_difference_that_these_images_alone_show_says_so(make_record, make_plan):
    """Tanh is ahead on six images and behind on three, the same on every seed: no chance of seeds, but of images."""
    right = {"relu": np.isin(np.arange(IMAGES), range(6), invert=True), "tanh": np.isin(np.arange(IMAGES), (6, 7, 8))}
    right["tanh"] = ~right["tanh"]
    records = [
        replace(
            make_record(name, seed, metrics={"test_accuracy": float(right[name].mean())}),
            outcomes=ImageOutcomes.of(right[name], np.arange(IMAGES), "digits"),
        )
        for name in right
        for seed in SEEDS
    ]
    judged = judge_run(records, make_plan(list(right), SEEDS))
    found = only(judged)
    assert (found.verdict, found.difference, found.these_images_only) == ("better", pytest.approx(3 / IMAGES), True)
    assert f"on these {IMAGES} test images; not shown for other such images [" in judged.families[0].sentences[0]


def test_a_large_difference_holds_for_other_images_too(study):
    records, plan, _ = study(relu=0.0, tanh=2.0)
    judged = judge_run(records, plan)
    assert not only(judged).these_images_only
    assert f"on these {IMAGES} test images, on other such images [" in judged.families[0].sentences[0]


def test_records_without_outcomes_have_no_second_interval_and_the_output_says_so(study):
    records, plan, _ = study(without=("tanh",), relu=1.0, tanh=1.3)
    judged = judge_run(records, plan)
    assert (only(judged).images, np.isnan(only(judged).images_low)) == (0, True)
    (note,) = judged.notes
    assert note.startswith("intervals for other test images are missing: 8 of 16 trials were recorded without")


def test_outcomes_on_other_images_are_not_compared(study):
    records, plan, _ = study(digests={"tanh": "letters"}, relu=1.0, tanh=1.3)
    judged = judge_run(records, plan)
    assert only(judged).images == 0
    assert judged.notes == (
        "intervals for other test images are missing: not all trials were tested on the same images of digits",
    )


def test_damaged_outcomes_leave_the_interval_over_seeds(study):
    records, plan, _ = study(relu=1.0, tanh=1.3)
    records[0] = replace(records[0], outcomes=replace(records[0].outcomes, correct="x"))
    found = only(judge_run(records, plan))
    assert (found.images, np.isfinite(found.difference_low)) == (0, True)


@pytest.mark.parametrize("metric", ["test_loss", "validation_accuracy"])
def test_other_metrics_have_one_interval(study, metric):
    records, plan, _ = study(relu=1.0, tanh=1.3)
    judged = judge_run(records, plan, {"metric": metric})
    assert (only(judged).images, judged.notes) == (0, ())


def test_the_file_has_both_intervals(study):
    records, plan, _ = study(relu=1.0, tanh=1.3)
    judged = judge_run(records, plan)
    _, row = csv.DictReader(io.StringIO(to_csv(*judged.table())))
    assert float(row["images_low"]) == pytest.approx(only(judged).images_low)
    assert (row["images"], row["difference_low"] != row["images_low"]) == (str(IMAGES), True)


def grouped(make_record, correct, groups, seeds=SEEDS):
    """Return the records of each variant's outcomes (seeds, images), of a data set that names groups of its images."""
    return [
        replace(
            make_record(name, seed, metrics={"test_accuracy": float(row.mean())}),
            outcomes=ImageOutcomes.of(row, np.arange(len(row)), "digits", groups),
        )
        for name, rows in correct.items()
        for seed, row in zip(seeds, rows, strict=True)
    ]


def drawn_by_group(seed, groups, size=6):
    """Return outcomes of two variants on images whose difficulty their group shares, and the groups, shuffled."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(groups) * 7, size))
    lead = rng.normal(0.3, 0.8, groups)[group // 7]
    hard = rng.normal(0, 1, len(group))
    correct = {
        name: hard + rng.normal(0, 1, (len(SEEDS), len(group))) < 0.5 + gain * lead
        for name, gain in (("relu", 0.0), ("tanh", 1.0))
    }
    return correct, group


def test_images_of_one_group_are_drawn_together(make_record, make_plan):
    correct, group = drawn_by_group(0, 30)
    found = only(judge_run(grouped(make_record, correct, group), make_plan(list(correct), SEEDS)))
    differences = correct["tanh"].astype(float) - correct["relu"]
    sums = np.stack([differences[:, group == each].sum(axis=1) for each in np.unique(group)], axis=1)
    expected = crossed(sums * 30 / len(group)).interval(0.95, over_seeds(found))
    assert (found.images, found.groups) == (180, 30)
    assert (found.images_low, found.images_high) == pytest.approx(expected, rel=1e-5)
    alone = crossed(differences).interval(0.95, over_seeds(found))
    assert found.images_high - found.images_low > alone[1] - alone[0]
    assert (
        "not shown for other such groups of images ["
        in judge_run(grouped(make_record, correct, group), make_plan(list(correct), SEEDS)).families[0].sentences[0]
    )


def test_one_seed_counts_groups_too(make_record, make_plan):
    correct, group = drawn_by_group(1, 40)
    one = {name: rows[:1] for name, rows in correct.items()}
    found = only(judge_run(grouped(make_record, one, group, [0]), make_plan(list(one), [0])))
    differences = (correct["tanh"].astype(float) - correct["relu"])[0]
    sums = np.array([differences[group == each].sum() for each in np.unique(group)])
    error = np.sqrt(40 * sums.var()) / 240
    assert found.images_high - found.difference == pytest.approx(1.959964 * error, rel=1e-5)


def test_the_interval_covers_other_groups_where_one_over_images_would_not():
    """A third of a thousand studies: groups share what helps, and the images of a study are twenty groups of six."""
    hits = np.zeros(2)
    for seed in range(300):
        correct, group = drawn_by_group(seed, 20)
        differences = correct["tanh"].astype(float) - correct["relu"]
        sums = np.stack([differences[:, group == each].sum(axis=1) for each in np.unique(group)], axis=1)
        ends = t_interval(differences.mean(axis=1))
        intervals = [crossed(values).interval(0.95, ends) for values in (sums * 20 / len(group), differences)]
        hits += [low <= LEAD <= high for low, high in intervals]
    by_group, by_image = hits / 300
    assert 0.91 <= by_group <= 0.985
    assert by_image < 0.9


#: The difference over all groups: a group's lead is normal with mean 0.3 and deviation 0.8, an image's spread is √2.
LEAD = float(stats.norm.cdf(0.8 / np.sqrt(2.64)) - stats.norm.cdf(0.5 / np.sqrt(2)))
