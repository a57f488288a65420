from math import inf, isnan, nan

import pytest

from dlbench.statistics.convergence import (
    area_under_curve,
    stability,
    summarize_times,
    target_from_baseline,
    time_to_target,
)


def test_the_target_is_the_median_curve_at_a_fraction_of_the_budget():
    curves = [[0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.3, 0.5, 0.7, 0.9], [0.0, 0.0, 0.1, 0.6, 0.6]]
    assert target_from_baseline(curves, fraction=0.8) == 0.6
    assert target_from_baseline(curves, fraction=0.6) == 0.3
    assert target_from_baseline(curves, fraction=0.01) == 0.1


def test_a_curve_that_stopped_early_keeps_its_last_value():
    assert target_from_baseline([[0.5, 0.9], [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.5]], fraction=1.0) == 0.5


@pytest.mark.parametrize(("higher_is_better", "expected"), [(True, 0.3), (False, 0.4)])
def test_a_diverged_baseline_trial_counts_as_worst(higher_is_better, expected):
    curves = [[0.3], [0.4], [nan]]
    assert target_from_baseline(curves, higher_is_better=higher_is_better) == expected


def test_a_baseline_that_mostly_diverged_sets_no_target_and_no_trial_reaches_it():
    target = target_from_baseline([[nan], [nan], [0.9]])
    assert isnan(target)
    assert time_to_target([0.9], target) == inf
    assert isnan(target_from_baseline([]))


def test_the_first_evaluation_at_or_past_the_target_counts():
    curve = [0.1, 0.5, 0.4, 0.6]
    assert time_to_target(curve, 0.5) == 2
    assert time_to_target(curve, 0.55) == 4
    assert time_to_target(curve, 0.5, elapsed=[1.5, 3.0, 4.5, 6.0]) == 3.0


def test_a_loss_reaches_its_target_from_above():
    assert time_to_target([2.0, 1.0, 0.5], 1.0, higher_is_better=False) == 2


def test_a_miss_and_a_diverged_trial_take_infinitely_long():
    assert time_to_target([0.1, 0.2], 0.5) == inf
    assert time_to_target([0.9, nan], 0.5, diverged=True) == inf
    assert time_to_target([], 0.5) == inf
    assert time_to_target([nan, 0.6], 0.5) == 2


@pytest.mark.parametrize(
    ("times", "reached", "median"),
    [
        ([3, 5, 9], 3, 5),
        ([3, inf, 5], 2, 5),
        ([inf, 3, inf], 1, inf),
        ([3, inf], 1, 3),
        ([inf, inf, 3, 4], 2, 4),
        ([inf, inf, inf, 4], 1, inf),
    ],
)
def test_the_median_time_is_infinite_where_fewer_than_half_reach_it(times, reached, median):
    found = summarize_times(times)
    assert (found.reached, found.n, found.median) == (reached, len(times), median)


def test_no_trials_reach_nothing():
    found = summarize_times([])
    assert (found.reached, found.n) == (0, 0)
    assert isnan(found.median)


def test_area_is_the_mean_level_of_the_curve():
    assert area_under_curve([0.0, 1.0]) == 0.5
    assert area_under_curve([0.2, 0.6, 0.8]) == pytest.approx((0.2 / 2 + 0.6 + 0.8 / 2) / 2)
    assert area_under_curve([0.7]) == 0.7
    assert isnan(area_under_curve([]))


def test_stability_is_the_mean_absolute_change():
    assert stability([0.5, 0.7, 0.6]) == pytest.approx(0.15)
    assert isnan(stability([0.5]))
