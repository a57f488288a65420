"""The levels of interim analyses against published boundaries, and how often several looks are wrong together."""

import numpy as np
import pytest
from scipy import stats

from dlbench.statistics.seeds import EARLY_SHARE, interim_schedule, smallest_p, spent_by
from dlbench.statistics.spending import early_levels, error_of_looks, levels

ALPHA = 0.05
#: Two-sided critical values at 0.05 for equally spaced looks; Lan and DeMets 1983, as in Jennison and Turnbull 2000.
PUBLISHED = {
    2: (2.963, 1.969),
    3: (3.710, 2.511, 1.993),
    4: (4.333, 2.963, 2.359, 2.014),
    5: (4.877, 3.357, 2.680, 2.290, 2.031),
}


@pytest.mark.parametrize("looks", PUBLISHED)
def test_the_levels_of_equally_spaced_looks_are_the_published_ones(looks):
    counts = tuple(100 * look for look in range(1, looks + 1))
    found = np.array(levels(counts, ALPHA))
    critical = np.array(PUBLISHED[looks])
    able = critical < 4.4  # 100,000 random flips show no p below 0.00001
    assert stats.norm.isf(found[able] / 2) == pytest.approx(critical[able], abs=1e-3)
    assert not found[~able].any()


@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.2])
@pytest.mark.parametrize(("first", "last"), [(7, 30), (6, 20), (20, 200)])
def test_all_looks_together_are_wrong_as_often_as_alpha_says(alpha, first, last):
    counts = interim_schedule(first, last, alpha)
    assert error_of_looks(counts, levels(counts, alpha)) == pytest.approx(alpha, abs=1e-8)
    assert error_of_looks(counts, early_levels(counts, alpha)) == pytest.approx(alpha, abs=1e-8)


@pytest.mark.parametrize(("test", "counts"), [("paired", (10, 20, 30)), ("independent", (7, 20, 30))])
def test_all_looks_but_the_last_have_a_small_level_that_leaves_nearly_all_of_alpha(test, counts):
    *early, last = early_levels(counts, ALPHA, test)
    assert early == [EARLY_SHARE * ALPHA] * 2
    assert 0.045 < last < ALPHA
    assert early_levels((4, *counts), ALPHA, test) == (0.0, *early, last)  # four seeds cannot show anything


def test_a_look_that_cannot_show_anything_spends_nothing_and_leaves_it_to_later_ones():
    assert levels((3, 7, 18, 24, 30), ALPHA) == (0.0, 0.0, *levels((18, 24, 30), ALPHA))
    assert smallest_p(7) > spent_by(7 / 30, ALPHA)


def test_a_single_look_has_all_of_alpha_even_if_nothing_can_be_shown():
    assert levels((3,), ALPHA) == pytest.approx((ALPHA,))


def test_two_looks_at_all_of_alpha_are_wrong_as_often_as_two_correlated_normal_numbers_say():
    """Armitage, McPherson and Rowe 1969: 8.3 % for two equally spaced looks at 5 %, 14.2 % for five."""
    assert error_of_looks((1, 2), (ALPHA, ALPHA)) == pytest.approx(0.083, abs=5e-4)
    assert error_of_looks((1, 2, 3, 4, 5), (ALPHA,) * 5) == pytest.approx(0.142, abs=5e-4)
    end = stats.norm.isf(ALPHA / 2)
    correlation = np.sqrt(7 / 12)
    both = stats.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]])
    inside = both.cdf([end, end]) - both.cdf([-end, end]) - both.cdf([end, -end]) + both.cdf([-end, -end])
    assert error_of_looks((7, 12), (ALPHA, ALPHA)) == pytest.approx(1 - inside, abs=1e-5)
