import math
from dataclasses import replace

import pytest

from dlbench.components.metric_table import find_metric
from dlbench.components.metrics import Metric
from dlbench.statistics.sentences import (
    Lead,
    about_in_words,
    difference_in_words,
    lead_sentence,
    outlook_sentence,
    p_in_words,
    sentence,
)
from dlbench.statistics.verdicts import BETTER, HIGHER, Comparison, Rules

ACCURACY = Rules.for_metric(find_metric("test_accuracy"))
SEEN = Comparison(
    variant="tanh",
    baseline="relu",
    metric="test_accuracy",
    n=10,
    ahead=10,
    behind=0,
    dropped=0,
    mean=0.95,
    std=0.01,
    mean_low=0.94,
    mean_high=0.96,
    difference=0.012,
    difference_low=0.007,
    difference_high=0.017,
    difference_std=0.007,
    p=0.00195,
    p_adjusted=0.00586,
    p_beyond=0.00586,
    p_equivalent=1.0,
    probability_of_improvement=1.0,
    correlation=0.1,
    unpaired_std=0.0072,
    broke_down=0,
    breakdown_high=0.259,
    verdict="better",
)


def seen(low, middle, high, verdict, **changes):
    return replace(SEEN, difference=middle, difference_low=low, difference_high=high, verdict=verdict, **changes)


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        (
            SEEN,
            "tanh is better than relu by 1.2 points [0.7, 1.7], n = 10 paired seeds, adjusted p = 0.006; "
            "no seed broke down, but up to 26 % of seeds may",
        ),
        (
            seen(-0.017, -0.012, -0.007, "worse"),
            "tanh is worse than relu by 1.2 points [0.7, 1.7], n = 10 paired seeds, adjusted p = 0.006",
        ),
        (
            seen(0.001, 0.004, 0.007, "differs, may be negligible"),
            "tanh differs from relu by +0.40 points [+0.10, +0.70], n = 10 paired seeds, adjusted p = 0.006; "
            "this may be negligible (margin 0.2 points)",
        ),
        (
            seen(-0.001, 0.0, 0.001, "equivalent"),
            "tanh and relu are equivalent within 0.2 points: difference +0.00 points [-0.10, +0.10], "
            "n = 10 paired seeds; no seed broke down, but up to 26 % of seeds may",
        ),
        (
            seen(-0.02, -0.003, 0.014, "not shown", p_adjusted=0.43),
            "not shown that tanh and relu differ: difference -0.3 points [-2.0, +1.4], n = 10 paired seeds, "
            "adjusted p = 0.430",
        ),
        (
            seen(0.007, 0.012, 0.017, "n too small", n=5),
            "no claim on tanh against relu: n = 5 paired seeds cannot reach p ≤ 0.05, 6 could",
        ),
        (
            seen(0.0, 0.001, 0.002, "n too small", ahead=3),
            "no claim on tanh against relu: only 3 of n = 10 paired seeds differ, p ≤ 0.05 needs 6 that do",
        ),
        (
            seen(0.012, 0.012, 0.012, "n too small", n=2),
            "no claim on tanh against relu: n = 2 paired seeds cannot reach p ≤ 0.05, 6 could",
        ),
        (
            seen(0.012, 0.012, 0.012, "n too small", n=1),
            "no claim on tanh against relu: n = 1 paired seed cannot reach p ≤ 0.05, 6 could",
        ),
        (
            seen(0.012, 0.012, 0.012, "n too small", n=0),
            "no claim on tanh against relu: no seed has a value of both",
        ),
    ],
)
def test_each_verdict_has_its_sentence(comparison, expected):
    assert sentence(comparison, ACCURACY) == expected


def test_a_lower_loss_is_better_by_a_positive_amount_without_points():
    loss = seen(-0.0123, -0.0111, -0.0099, "better", metric="test_loss")
    assert sentence(loss, Rules.for_metric(find_metric("test_loss"))).startswith(
        "tanh is better than relu by 0.0111 [0.0099, 0.0123], "
    )


def test_infinite_values_leave_an_unknown_difference():
    nan = float("nan")
    missed = seen(nan, nan, nan, "not shown", p_adjusted=1.0)
    assert "difference unknown (a value is infinite)" in sentence(
        missed, Rules.for_metric(find_metric("epochs_to_target"))
    )


def _infinite(verdict, **changes):
    return seen(math.nan, math.nan, math.nan, verdict, p_adjusted=0.016, **changes)


@pytest.mark.parametrize(
    ("comparison", "words", "expected"),
    [
        (_infinite("better", ahead=1, behind=8), BETTER, "tanh is better than relu on 8 of 10 seeds, "),
        (_infinite("higher"), HIGHER, "unnamed is higher with tanh than with relu on 10 of 10 seeds, "),
        (
            _infinite("lower", ahead=3, behind=25, test="independent", sizes=(5, 6)),
            HIGHER,
            "unnamed is lower with tanh than with relu in 25 of 30 pairs of seeds, ",
        ),
    ],
)
def test_where_values_are_infinite_a_verdict_says_on_how_many_seeds(comparison, words, expected):
    rules = Rules(metric=Metric(name="unnamed", title="unnamed"), words=words)
    assert sentence(comparison, rules).startswith(f"{expected}as some values are infinite, n = ")


def test_a_lead_that_is_infinite_on_some_seeds_has_a_sentence_without_a_size():
    rules = Rules.for_metric(find_metric("epochs_to_target")).of_effects()
    lead = Lead(variant="tanh", baseline="relu", at="y", usual="x")
    assert lead_sentence(_infinite("smaller lead", n=7, ahead=7), lead, rules) == (
        "tanh's lead over relu is smaller at y than at x on 7 of 7 seeds, as some values are infinite, "
        "n = 7 paired seeds, adjusted p = 0.016"
    )


def test_equal_to_the_last_digit_needs_no_margin():
    same = seen(0.0, 0.0, 0.0, "equivalent")
    assert "are equivalent to the last digit: difference +0.0 [+0.0, +0.0]" in sentence(same, Rules())


def test_p_is_never_written_as_zero():
    assert p_in_words(0.0004) == "adjusted p < 0.001"
    assert p_in_words(0.0051) == "adjusted p = 0.005"


def test_what_these_seeds_and_more_of_them_would_show_is_said_in_round_numbers():
    assert outlook_sentence("tanh and relu", ACCURACY, {10: 0.01412, 20: 0.00706}) == (
        "between tanh and relu, these 10 seeds would show a difference of about 1.4 points in 4 of 5 studies; "
        "with 20 seeds, about 0.71 points"
    )


def test_an_end_of_an_interval_keeps_its_side_of_zero():
    seen = replace(SEEN, difference=0.0069, difference_low=-0.0002, difference_high=0.0140, verdict="not shown")
    assert difference_in_words(seen, ACCURACY) == "+0.69 points [-0.02, +1.40]"


def test_large_whole_numbers_are_read_as_counts():
    counts = Rules.for_metric(find_metric("parameters"))
    seen = replace(SEEN, difference=-2_556_288.0, difference_low=-2_556_288.0, difference_high=-2_556_288.0)
    assert difference_in_words(seen, counts) == "-2,556,288 [-2,556,288, -2,556,288]"


@pytest.mark.parametrize(
    ("low", "middle", "high", "words"),
    [
        (-1.5e307, 4.286e306, 2e307, "+4.29e+306 [-1.5e+307, +2e+307]"),
        (-1e308, 1.5e308, math.inf, "+1.5e+308 [-1e+308, +inf]"),
        (2.5e-201, 2.6e-201, 2.7e-201, "+2.6e-201 [+2.5e-201, +2.7e-201]"),
    ],
)
def test_numbers_of_any_size_are_short_and_not_zero(low, middle, high, words):
    assert difference_in_words(seen(low, middle, high, "not shown"), Rules()) == words


def test_a_huge_difference_is_about_a_power_of_ten():
    assert about_in_words(2.5e307, Rules()) == "about 2.5e+307"
