from dataclasses import replace

import pytest

from dlbench.components.metric_table import find_metric
from dlbench.statistics.sentences import difference_in_words, more_seeds_sentence, p_in_words, sentence
from dlbench.statistics.verdicts import Comparison, Rules

ACCURACY = Rules.for_metric(find_metric("test_accuracy"))
SEEN = Comparison(
    variant="tanh",
    baseline="relu",
    metric="test_accuracy",
    n=10,
    dropped=0,
    mean=0.95,
    std=0.01,
    mean_low=0.94,
    mean_high=0.96,
    difference=0.012,
    difference_low=0.007,
    difference_high=0.017,
    p=0.00195,
    p_holm=0.00586,
    probability_of_improvement=1.0,
    verdict="better",
)


def seen(low, middle, high, verdict, **changes):
    return replace(SEEN, difference=middle, difference_low=low, difference_high=high, verdict=verdict, **changes)


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        (SEEN, "tanh is better than relu by 1.2 points [0.7, 1.7], n = 10 paired seeds, Holm p = 0.006"),
        (
            seen(-0.017, -0.012, -0.007, "worse"),
            "tanh is worse than relu by 1.2 points [0.7, 1.7], n = 10 paired seeds, Holm p = 0.006",
        ),
        (
            seen(0.001, 0.004, 0.007, "differs, may be negligible"),
            "tanh differs from relu by +0.40 points [+0.10, +0.70], n = 10 paired seeds, Holm p = 0.006; "
            "this may be negligible (margin 0.2 points)",
        ),
        (
            seen(-0.001, 0.0, 0.001, "equivalent"),
            "tanh and relu are equivalent within 0.2 points: difference +0.00 points [-0.10, +0.10], "
            "n = 10 paired seeds",
        ),
        (
            seen(-0.02, -0.003, 0.014, "not shown", p_holm=0.43),
            "not shown that tanh and relu differ: difference -0.3 points [-2.0, +1.4], n = 10 paired seeds, "
            "Holm p = 0.430",
        ),
        (
            seen(0.007, 0.012, 0.017, "n too small", n=5),
            "no claim on tanh against relu: n = 5 paired seeds cannot reach p < 0.05 in 2 comparisons, 7 could",
        ),
        (seen(0.012, 0.012, 0.012, "n too small", n=1), "n = 1: no claim"),
        (seen(0.012, 0.012, 0.012, "n too small", n=2), "n = 2: no claim"),
    ],
)
def test_each_verdict_has_its_sentence(comparison, expected):
    assert sentence(comparison, ACCURACY, 2) == expected


def test_a_lower_loss_is_better_by_a_positive_amount_without_points():
    loss = seen(-0.0123, -0.0111, -0.0099, "better", metric="test_loss")
    assert sentence(loss, Rules.for_metric(find_metric("test_loss")), 1).startswith(
        "tanh is better than relu by 0.0111 [0.0099, 0.0123], "
    )


def test_infinite_values_leave_an_unknown_difference():
    nan = float("nan")
    missed = seen(nan, nan, nan, "not shown", p_holm=1.0)
    assert "difference unknown (a value is infinite)" in sentence(
        missed, Rules.for_metric(find_metric("epochs_to_target")), 1
    )


def test_equal_to_the_last_digit_needs_no_margin():
    same = seen(0.0, 0.0, 0.0, "equivalent")
    assert "are equivalent to the last digit: difference +0.0 [+0.0, +0.0]" in sentence(same, Rules(), 1)


def test_sentences_know_the_size_of_their_family():
    small = seen(0.007, 0.012, 0.017, "n too small", n=6)
    assert sentence(small, ACCURACY, 3).endswith("in 3 comparisons, 7 could")
    assert sentence(replace(small, n=5), ACCURACY, 1).endswith("in 1 comparison, 6 could")


def test_p_is_never_written_as_zero():
    assert p_in_words(0.0004) == "Holm p < 0.001"
    assert p_in_words(0.0051) == "Holm p = 0.005"


def test_the_number_of_further_seeds_is_called_a_guess():
    wide = seen(-0.02, 0.012, 0.04, "not shown")
    assert more_seeds_sentence(wide, ACCURACY, 23) == (
        "to show the difference seen between tanh and relu would take about 23 paired seeds (a guess from n = 10)"
    )
    assert "lies within the margin (0.2 points)" in more_seeds_sentence(
        seen(-0.02, 0.001, 0.02, "not shown"), ACCURACY, None
    )
    assert "cannot be guessed from n = 1" in more_seeds_sentence(replace(wide, n=1), ACCURACY, None)


def test_an_end_of_an_interval_keeps_its_side_of_zero():
    seen = replace(SEEN, difference=0.0069, difference_low=-0.0002, difference_high=0.0140, verdict="not shown")
    assert difference_in_words(seen, ACCURACY) == "+0.69 points [-0.02, +1.40]"


def test_large_whole_numbers_are_read_as_counts():
    counts = Rules.for_metric(find_metric("parameters"))
    seen = replace(SEEN, difference=-2_556_288.0, difference_low=-2_556_288.0, difference_high=-2_556_288.0)
    assert difference_in_words(seen, counts) == "-2,556,288 [-2,556,288, -2,556,288]"
