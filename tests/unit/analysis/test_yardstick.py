"""Losses that are compared are one loss."""

from dataclasses import replace

import pytest

from dlbench.analysis.verdicts import judge_run
from dlbench.plans.plan_record import PlannedVariant, PlanRecord


@pytest.fixture
def smoothed(make_record):
    """Records with and without label smoothing, and their plan; `apart`: whether the objective has its own columns."""

    def make(*, apart, loss="cross-entropy"):
        records, variants = [], []
        for smoothing in (0.0, 0.1):
            for seed in range(6):
                record = make_record(seed=seed, accuracy=0.5 + 0.01 * seed)
                settings = replace(
                    record.trial.settings, label_smoothing=smoothing, loss=loss if smoothing else "cross-entropy"
                )
                metrics = {**record.metrics, "test_loss": 0.4 + smoothing + seed / 100}
                if apart and smoothing:
                    metrics["test_objective"] = 0.8
                records.append(replace(record, trial=replace(record.trial, settings=settings), metrics=metrics))
            label = str(smoothing)
            values = {"label_smoothing": label}
            variants.append(PlannedVariant(label=label, values=values, variant_id=records[-1].trial.variant_id))
        axes = {"label_smoothing": ("0.0", "0.1")}
        return records, PlanRecord(axes=axes, fixed={}, variants=tuple(variants), seeds=tuple(range(6)), baseline="0.0")

    return make


def test_losses_that_an_evaluation_reports_are_compared_whatever_was_trained_on(smoothed):
    judged = judge_run(*smoothed(apart=True), {"metric": "test_loss"})
    assert judged.families[0].comparisons[0].verdict == "worse"
    assert judged.notes == ()


@pytest.mark.parametrize(("apart", "metric"), [(False, "test_loss"), (False, "validation_loss"), (True, "train_loss")])
def test_losses_of_different_objectives_have_no_verdict_and_the_reason(smoothed, apart, metric):
    judged = judge_run(*smoothed(apart=apart), {"metric": metric})
    (comparison,) = judged.families[0].comparisons
    assert (comparison.n, comparison.verdict) == (0, "n too small")
    wanted = f"no verdict on {metric}: it is not one loss for all variants, but cross-entropy, cross-entropy with label"
    assert judged.notes[0].startswith(wanted)
    assert ("--force" in judged.notes[0]) == (not apart)


def test_accuracies_are_compared_whatever_was_trained_on(smoothed):
    assert judge_run(*smoothed(apart=False), {"metric": "test_accuracy"}).families[0].comparisons[0].n == 6


def test_a_loss_that_all_variants_share_is_compared(smoothed):
    records, plan = smoothed(apart=False)
    plan = replace(plan, variants=plan.variants[1:], baseline="0.1", axes={})
    assert judge_run(records, plan, {"metric": "test_loss"}).families[0].baseline.n == 6
