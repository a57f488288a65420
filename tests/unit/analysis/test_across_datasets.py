import math
import random
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from dlbench.analysis.verdicts import judge_run

NAMES = ("relu", "tanh", "elu")
SEEDS = range(6)


def _noise(*key):
    return random.Random(str(key)).gauss(0, 0.004)


def in_order(name, dataset, seed):
    """relu before tanh before elu everywhere."""
    return 0.9 - NAMES.index(name) / 50 + _noise(name, dataset, seed)


def test_each_data_set_has_its_verdicts_and_none_is_called_better(make_study):
    judged = judge_run(*make_study("abc", in_order))
    assert [(family.axis, family.conditioned_on, family.size) for family in judged.families] == [
        ("activation", f"dataset={name}", 2) for name in "abc"
    ]
    assert {c.verdict for family in judged.families for c in family.comparisons} == {"worse"}
    assert [family.averaged for family in judged.averages] == [("dataset",)]


def test_a_data_sets_verdicts_are_those_of_a_run_on_it_alone(make_study):
    records, plan = make_study("abc", in_order)
    alone, only = make_study("b", in_order)
    only = replace(
        only,
        variants=tuple(replace(v, label=v.values["activation"]) for v in only.variants),
        axes={"activation": NAMES},
        baseline="relu",
    )
    assert judge_run(records, plan).families[1].comparisons == judge_run(alone, only).families[0].comparisons


def test_a_baseline_on_another_data_set_is_the_baseline_on_all(make_study):
    records, plan = make_study("abc", in_order)
    judged = judge_run(records, plan, {"baseline": "tanh, b"})
    assert {family.baseline.variant for family in (*judged.families, *judged.averages)} == {"tanh"}
    assert judged.across.baseline == "tanh"


def test_a_third_axis_has_its_effects_on_each_data_set(make_study):
    judged = judge_run(*make_study("ab", in_order, sizes=(32, 64)))
    assert [(family.axis, family.averaged, family.conditioned_on) for family in judged.families] == [
        ("activation", ("batch_size",), "dataset=a"),
        ("batch_size", ("activation",), "dataset=a"),
        ("activation", ("batch_size",), "dataset=b"),
        ("batch_size", ("activation",), "dataset=b"),
    ]
    assert "dataset=a, batch_size=32" in [family.conditioned_on for family in judged.simple_effects]
    assert [(f.axis, f.conditioned_on) for f in judged.interactions][:2] == [
        ("activation × batch_size", "dataset=a"),
        ("activation × batch_size", "dataset=b"),
    ]
    assert [row.variant for row in judged.across.rows][:2] == ["relu, 32", "relu, 64"]


def test_variants_are_ranked_by_their_means_on_each_data_set(make_study):
    across = judge_run(*make_study("abcdef", in_order)).across
    assert across.ranking.mean_ranks == (1.0, 2.0, 3.0)
    assert across.ranking.p == pytest.approx(stats.friedmanchisquare([1] * 6, [2] * 6, [3] * 6).pvalue)
    head, *_ = across.sentences
    assert head.startswith(
        "over 6 data sets (a, b, c, d, e, f), mean ranks by test accuracy (1 is best): relu 1.00, tanh 2.00, elu 3.00; "
        "Friedman p = 0.002"
    )
    assert head.endswith("apart by more than Nemenyi's 1.35: relu and elu")


def test_too_few_data_sets_for_a_ranking_are_said_instead_of_a_test(make_study):
    across = judge_run(*make_study("ab", in_order)).across
    assert "Friedman" not in " ".join(across.sentences)
    assert "with 2 data sets no ranking of 3 variants can be shown, however well they agree: 3 could show one" in (
        across.sentences
    )


def test_a_few_data_sets_are_said_to_show_only_what_all_agree_on(make_study):
    across = judge_run(*make_study("abc", in_order)).across
    assert any("show only those to differ that are 2 places apart" in text for text in across.sentences)


def test_two_variants_need_six_data_sets(make_study):
    two = NAMES[:2]
    assert "6 could show one" in judge_run(*make_study("abc", in_order, names=two)).across.sentences[1]
    shown = judge_run(*make_study("abcdef", in_order, names=two)).across.sentences[0]
    assert shown.endswith("sign test p = 0.031: relu and tanh differ on data sets like these")


def test_interquartile_means_are_those_of_all_runs(make_study):
    across = judge_run(*make_study("abc", in_order)).across
    for row in across.rows:
        runs = sorted(in_order(row.variant, name, seed) - 0.01 for name in "abc" for seed in SEEDS)
        assert row.score == pytest.approx(np.mean(runs[4:-4]))
        assert row.score_low < row.score < row.score_high
        assert row.runs == 18


def test_losses_are_relative_to_the_baseline_as_data_sets_have_no_common_scale(make_study):
    records, plan = make_study("ab", in_order)
    across = judge_run(records, plan, {"metric": "test_loss"}).across
    losses = {
        (name, dataset): [
            r.metrics["test_loss"]
            for r in records
            if r.trial.dataset.short == dataset and r.trial.activation.short == name
        ]
        for name in NAMES
        for dataset in "ab"
    }
    for name in NAMES:
        for dataset, runs in zip("ab", across.scores[name], strict=True):
            assert runs == pytest.approx(np.array(losses[name, dataset]) / np.mean(losses["relu", dataset]))
    assert across.rows[0].score == pytest.approx(1, abs=0.05)


def test_runs_near_the_best_are_counted_on_each_data_set(make_study):
    across = judge_run(*make_study("abc", in_order)).across
    for row in across.rows:
        shares = []
        for name in "abc":
            means = [np.mean([in_order(other, name, seed) for seed in SEEDS]) for other in NAMES]
            runs = [in_order(row.variant, name, seed) for seed in SEEDS]
            shares.append([np.mean([max(means) - run <= d + 1e-12 for run in runs]) for d in (0.002, 0.01, 0.05)])
        assert row.within == pytest.approx(np.mean(shares, axis=0))


def test_runs_that_lie_exactly_at_a_distance_are_within_it(make_study):
    runs = {("relu", "a"): 0.98, ("relu", "b"): 0.97, ("tanh", "a"): 0.97, ("tanh", "b"): 0.96}
    across = judge_run(*make_study("ab", lambda *run: runs[run[:2]], names=("relu", "tanh"))).across
    assert [row.within for row in across.rows] == [(1.0, 1.0, 1.0), (0.0, 1.0, 1.0)]


def test_a_data_set_without_values_is_left_out_with_a_sentence(make_study):
    records, plan = make_study("abc", in_order)
    failed = [
        replace(r, status="failed", metrics={})
        if r.trial.dataset.short == "c" and r.trial.activation.short == "elu"
        else r
        for r in records
    ]
    judged = judge_run(failed, plan)
    assert judged.across.datasets == ("a", "b")
    assert "c is left out of what holds over all data sets: elu without a test accuracy there" in judged.notes
    assert judged.averages[0].comparisons[0].n == 6


def test_one_common_data_set_says_nothing_over_all(make_study):
    records, plan = make_study("ab", in_order)
    judged = judge_run([r for r in records if r.trial.dataset.short == "a"], plan)
    assert judged.across is None
    assert judged.averages == ()
    assert "nothing is said over all data sets: 1 of 2 has all variants" in judged.notes


def test_a_missing_baseline_on_a_data_set_is_said(make_study):
    records, plan = make_study("ab", in_order)
    plan = replace(plan, variants=tuple(v for v in plan.variants if v.label != "relu, b"))
    judged = judge_run(records, plan)
    assert [family.conditioned_on for family in judged.families] == ["dataset=a"]
    assert "activation is not judged on b: relu, the baseline, is missing" in judged.notes


def test_diverged_losses_rank_last_and_have_no_interval(make_study):
    records, plan = make_study("ab", in_order)
    records = [
        replace(r, status="diverged", metrics={**r.metrics, "test_loss": math.inf})
        if r.trial.activation.short == "elu"
        else r
        for r in records
    ]
    across = judge_run(records, plan, {"metric": "test_loss"}).across
    assert across.rows[2].mean_rank == 3
    assert math.isnan(across.rows[2].score_low)
    assert across.rows[2].within == (0, 0, 0)


def test_the_order_of_records_never_changes_what_holds_over_all(make_study):
    records, plan = make_study("abc", in_order)
    shuffled = records[:]
    random.Random(0).shuffle(shuffled)
    assert judge_run(shuffled, plan).across.rows == judge_run(records, plan).across.rows
