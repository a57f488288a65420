from dataclasses import replace
from typing import Any

import pytest
from scipy import stats

from dlbench.analysis.reported import ReportedFigure, compare_reported, reported_table
from dlbench.experiments.experiment_file import Reported

ACCURACIES = [0.90, 0.92, 0.91, 0.95, 0.89, 0.93]


@pytest.fixture
def compare(make_record, make_plan):  # type: ignore[no-untyped-def]
    def compare(value: float, seeds: int = 6, **keys: Any) -> ReportedFigure:
        records = [make_record("relu", seed, accuracy) for seed, accuracy in enumerate(ACCURACIES[:seeds])]
        about: dict[str, Any] = {"variant": "relu", "metric": "validation_accuracy", "place": "row 1"} | keys
        (figure,) = compare_reported([Reported(value=value, **about)], records, make_plan(["relu"], range(6)))
        return figure

    return compare


def test_a_figure_is_compared_with_the_mean_and_its_interval(compare) -> None:
    figure = compare(0.9)
    mean = sum(ACCURACIES) / 6
    low, high = stats.t.interval(0.95, 5, mean, stats.sem(ACCURACIES))
    assert (figure.n, figure.place) == (6, "row 1")
    assert (figure.measured, figure.low, figure.high) == pytest.approx((mean, low, high))
    assert figure.difference == pytest.approx(mean - 0.9)


@pytest.mark.parametrize(
    ("value", "within", "one_run"),
    [(0.917, True, True), (0.895, True, True), (0.88, False, True), (0.86, False, True), (0.80, False, False)],
)
def test_a_figure_of_one_run_may_lie_outside_the_mean_s_interval(
    compare, value: float, within: bool, one_run: bool
) -> None:
    figure = compare(value)
    assert (figure.within, figure.one_run) == (within, one_run)


def test_the_last_epoch_is_another_figure(compare) -> None:
    """The fixture's accuracy rises in proportion to the epoch, of three."""
    assert compare(0.3, at=1).measured == pytest.approx(sum(ACCURACIES) / 18)


def test_one_seed_has_no_interval(compare) -> None:
    figure = compare(0.9, seeds=1)
    assert (figure.n, figure.measured, figure.low, figure.within, figure.one_run) == (1, 0.9, None, None, None)


def test_identical_values_hold_what_equals_them(make_record, make_plan) -> None:
    records = [make_record("relu", seed, 0.9) for seed in range(3)]
    reported = [
        Reported(variant="relu", metric="parameters", value=17000.0),
        Reported(variant="relu", metric="parameters", value=17001.0),
    ]
    found = compare_reported(reported, records, make_plan(["relu"], range(3)))
    assert [figure.within for figure in found] == [True, False]


def test_what_was_not_measured_says_why(compare) -> None:
    assert "no variant and no value of an axis 'tanh'" in compare(0.9, variant="tanh").problem
    assert compare(0.9, metric="macro_f1").problem == "No trial has a value."


def test_the_table_has_a_row_a_figure(compare) -> None:
    columns, rows = reported_table([compare(0.9)])
    assert columns[:4] == ("variant", "metric", "at", "reported")
    assert rows[0]["reported"] == 0.9


def test_a_figure_at_one_rate_is_not_that_of_a_variant_whose_rates_became_one_by_tuning(make_record, make_plan) -> None:
    plan = make_plan(["relu"], range(6))
    merged = replace(plan.variants[0], stands_for=("relu 1e-3", "relu 1e-2"))
    records = [make_record("relu", seed, accuracy) for seed, accuracy in enumerate(ACCURACIES)]
    reported = Reported(variant="relu 1e-3", metric="validation_accuracy", value=0.9)
    (figure,) = compare_reported([reported], records, replace(plan, variants=(merged,)))
    assert (figure.measured, figure.problem) == (None, "relu is tuned in this run.")
