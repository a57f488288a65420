"""What a search chooses, and what is said against it."""

import math
from dataclasses import replace

import pytest

from dlbench.analysis.tuning import choose
from dlbench.analysis.tuning_report import introduction, report_tuning
from dlbench.plans.tuning_record import Candidate, Search, TuningRecord

SEEDS = (1_000_000, 1_000_001)


@pytest.fixture
def searched(make_record, make_plan):
    """Return the records and the plan of a search over learning rates, with what each point scored.

    points: (learning rate, scores of its seeds); a score that is a status is that of a trial without one.
    """

    def make(points, metric="validation_accuracy", ranges="log:0.0001..0.1", **given):
        records, candidates = [], []
        for rate, found in points:
            trials = []
            for seed, score in zip(SEEDS, found, strict=True):
                record = make_record("relu", seed, 0.5)
                trial = replace(
                    record.trial, role="tuning", settings=replace(record.trial.settings, learning_rate=rate)
                )
                status = score if isinstance(score, str) else "done"
                values = {"validation_accuracy": 0.1} if status == "diverged" else {}
                values = {metric: score} if status == "done" else values
                trials.append(replace(record, trial=trial, status=status, metrics=values))
            records += trials
            candidates.append(Candidate(values={"learning_rate": rate}, variant_id=trials[0].trial.variant_id))
        search = Search(seeds=SEEDS, candidates={"relu": tuple(candidates)})
        tuning = TuningRecord(
            ranges={"relu": {"learning_rate": ranges}}, budget=len(points), searches=(search,), metric=metric
        )
        return records, replace(make_plan(["relu"], range(3)), tuning=choose(records, tuning))

    return make


def chosen(plan):
    return plan.tuning.searches[0].chosen["relu"]


def test_the_best_mean_over_the_tuning_seeds_is_chosen(searched):
    _, plan = searched([(0.001, (0.9, 0.5)), (0.01, (0.8, 0.8)), (0.1, (0.7, 0.7))])
    assert chosen(plan) == 1


def test_of_a_loss_the_smallest_is_chosen(searched):
    _, plan = searched([(0.001, (0.9, 0.5)), (0.01, (0.8, 0.8)), (0.1, (0.6, 0.7))], metric="validation_loss")
    assert chosen(plan) == 2


def test_equal_points_go_to_the_first(searched):
    _, plan = searched([(0.001, (0.8, 0.8)), (0.01, (0.9, 0.9)), (0.1, (0.9, 0.9))])
    assert chosen(plan) == 1


def test_a_point_that_diverged_on_any_seed_is_the_worst_of_all(searched):
    _, plan = searched([(0.001, (0.2, 0.2)), (0.1, (0.99, "diverged"))])
    assert chosen(plan) == 0


def test_where_everything_diverged_the_own_settings_stay_and_the_report_says_so(searched):
    records, plan = searched([(0.001, ("diverged", "diverged")), (0.1, ("diverged", 0.5))])
    assert chosen(plan) == 0
    assert any("no point could be trained" in warning for warning in report_tuning(records, plan).warnings)


def test_verdicts_name_the_variant_of_which_nothing_could_be_trained(searched):
    records, plan = searched([(0.001, ("diverged", "diverged")), (0.1, ("diverged", 0.5))])
    assert report_tuning(records, plan).introduction == (
        "At the best of 2 learning rates each (none of relu could be trained), chosen on validation with other seeds"
    )
    twice = replace(plan.tuning, searches=plan.tuning.searches * 2)
    assert introduction(twice, ["relu", "tanh"]) == (
        "As tuned by this procedure (the best of 2 learning rates in each of 2 searches; "
        "none of relu and tanh could be trained)"
    )


def test_where_the_records_of_the_search_are_not_there_no_verdict_says_that_nothing_could_be_trained(
    searched, make_record
):
    _, plan = searched([(0.001, (0.5, 0.5)), (0.01, (0.9, 0.8))])
    report = report_tuning([make_record("relu", seed, 0.5) for seed in range(3)], plan)
    assert report.introduction == introduction(plan.tuning)
    assert not any("could be trained" in warning for warning in report.warnings)


def test_a_crash_is_no_choice_and_makes_the_budget_unequal(searched):
    records, plan = searched([(0.001, (0.8, 0.8)), (0.01, (0.99, "failed"))])
    assert chosen(plan) == 0
    assert any("1 of 2 points failed" in warning for warning in report_tuning(records, plan).warnings)


def test_the_order_of_records_changes_nothing(searched):
    records, plan = searched([(0.001, (0.9, 0.5)), (0.01, (0.8, 0.8)), (0.1, (0.8, 0.8))])
    assert choose(reversed(records), plan.tuning) == plan.tuning


@pytest.mark.parametrize(("rate", "said"), [(0.099, True), (0.00011, True), (0.01, False), (0.05, False)])
def test_a_choice_at_the_edge_of_its_range_is_named(searched, rate, said):
    records, plan = searched([(0.001, (0.5, 0.5)), *((rate, (0.9, 0.9)),) * 1, *((0.002, (0.1, 0.1)),) * 4])
    assert any("edge of log:0.0001..0.1" in warning for warning in report_tuning(records, plan).warnings) is said


@pytest.mark.parametrize(("own", "others", "said"), [(0.5, 0.1, True), (0.5, 0.9, False), (0.05, 0.1, False)])
def test_own_settings_that_stay_the_best_from_outside_of_the_range_are_named(searched, own, others, said):
    records, plan = searched([(own, (0.8, 0.8)), *((rate, (others, others)) for rate in (0.001, 0.002, 0.01, 0.02))])
    warnings = report_tuning(records, plan).warnings
    assert any("its own learning rate, 0.5, was the best and lies outside of log" in w for w in warnings) is said


def test_few_points_and_many_that_diverged_are_named(searched):
    records, plan = searched([(0.001, (0.5, 0.5)), (0.01, ("diverged", 0.5)), (0.1, (0.1, "diverged"))])
    warnings = report_tuning(records, plan).warnings
    assert any(warning.startswith("3 points are few for 1 searched value") for warning in warnings)
    assert any("2 of 3 points diverged" in warning for warning in warnings)


@pytest.mark.parametrize(("others", "said"), [((0.9, 0.9), True), ((0.9, 0.8), False), ((0.8, 0.8), False)])
def test_points_that_validation_cannot_tell_apart_are_counted(searched, others, said):
    points = [(0.01, (0.9, 0.9)), *((rate, (score, score)) for rate, score in zip((0.02, 0.03), others, strict=True))]
    records, plan = searched(points)
    warnings = report_tuning(records, plan).warnings
    assert any("2 of 3 points score exactly as what was chosen" in warning for warning in warnings) is said


def test_optimism_is_the_chosen_score_above_that_of_fresh_seeds(searched, make_record):
    records, plan = searched([(0.001, (0.5, 0.5)), (0.01, (0.9, 0.8))])
    fresh = [make_record("relu", seed, 0.5, metrics={"validation_accuracy": 0.8 + seed / 100}) for seed in range(3)]
    (variant,) = report_tuning([*records, *fresh], plan).variants
    assert variant.validation == pytest.approx(0.81)
    assert variant.optimism == pytest.approx(0.85 - 0.81)
    assert (variant.default_score, variant.tuned_score) == (0.5, pytest.approx(0.85))


def test_a_choice_that_diverges_on_a_fresh_seed_has_an_infinite_loss_there(searched, make_record):
    records, plan = searched([(0.001, (0.9, 0.8)), (0.01, (0.5, 0.5))], metric="validation_loss")
    fresh = [make_record("relu", seed, metrics={"validation_loss": 0.5}) for seed in range(2)]
    fresh += [make_record("relu", 2, status="diverged", metrics={"validation_loss": math.nan})]
    (variant,) = report_tuning([*records, *fresh], plan).variants
    assert (variant.validation, variant.optimism) == (math.inf, -math.inf)


def test_a_comparison_without_a_search_has_no_report(make_record, make_plan):
    assert report_tuning([make_record("relu")], make_plan(["relu"])) is None
