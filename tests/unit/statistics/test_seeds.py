import subprocess
import sys

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from dlbench.errors import DlbenchError
from dlbench.statistics.comparisons import compare_pairs
from dlbench.statistics.seeds import (
    EARLY_SHARE,
    alpha_per_analysis,
    check_reachable,
    default_seeds,
    interim_schedule,
    least_seeds,
    smallest_p,
    smallest_p_of_labels,
    spent_by,
)
from dlbench.statistics.verdicts import Rules


@pytest.mark.parametrize(("pairs", "p"), [(3, 0.25), (4, 0.125), (5, 0.0625), (6, 0.03125), (10, 2 / 1024)])
def test_smallest_reachable_p_is_two_sign_patterns_of_all(pairs, p):
    assert smallest_p(pairs) == p


def test_no_pairs_at_all_reach_no_p_below_one():
    assert smallest_p(0) == 1


@pytest.mark.parametrize(("alpha", "seeds"), [(0.05, 6), (0.03125, 6), (0.03, 7), (0.01, 8), (0.9, 6)])
def test_the_least_seeds_depend_on_alpha_alone_and_are_never_fewer_than_six(alpha, seeds):
    assert least_seeds(alpha) == seeds
    assert smallest_p(seeds) <= alpha


@pytest.mark.parametrize(("comparisons", "seeds"), [(0, 10), (1, 10), (2, 13), (3, 14), (5, 15), (9, 17)])
def test_the_default_seeds_grow_with_the_comparisons(comparisons, seeds):
    assert default_seeds(comparisons) == seeds


@pytest.mark.parametrize("comparisons", [1, 5])
def test_the_default_seeds_are_those_of_the_t_test_at_the_share_of_alpha(comparisons):
    exact = TTestPower().solve_power(1.0, alpha=0.05 / comparisons, power=0.8, alternative="two-sided")
    assert abs(default_seeds(comparisons) - exact) <= 1.5


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.05, float("nan")])
def test_an_alpha_outside_0_and_1_is_refused(alpha):
    with pytest.raises(DlbenchError, match="alpha must be between 0 and 1"):
        least_seeds(alpha)


@pytest.mark.parametrize(("test", "least"), [("paired", 1e-5), ("independent", 5e-5)])
def test_an_alpha_at_which_no_number_of_seeds_shows_anything_is_refused(test, least):
    check_reachable(least, test)
    rng = np.random.default_rng(0)
    values = {name: dict(enumerate(rng.normal(mean, 0.01, 25))) for name, mean in (("a", 0), ("b", 1))}
    shown, missed = (
        compare_pairs(values, [("b", "a")], Rules(test=test, alpha=alpha))[0].verdict for alpha in (least, 0.99 * least)
    )
    assert (shown, missed) == ("better", "not shown")
    with pytest.raises(DlbenchError, match=f"alpha must be at least {least:g}, got .*: with {test} seeds"):
        check_reachable(0.99 * least, test)


def test_interim_analyses_share_alpha():
    assert alpha_per_analysis(0.05, 4) == pytest.approx(0.0125)


@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_little_of_alpha_is_spent_early_and_all_of_it_at_the_end(alpha):
    spent = [spent_by(tenth / 10, alpha) for tenth in range(1, 11)]
    assert spent == sorted(spent)
    assert spent[4] < alpha / 10
    assert spent[-1] == pytest.approx(alpha)


def test_interim_analyses_are_evenly_spaced_and_end_at_the_last_seed():
    assert interim_schedule(14, 30, analyses=3) == (14, 22, 30)
    assert interim_schedule(14, 30, analyses=1) == (30,)


def test_the_first_interim_analysis_waits_until_it_could_find_something():
    first, *_ = interim_schedule(7, 30, alpha=0.05, analyses=4)
    assert first == 10
    assert 2 * smallest_p(first) <= EARLY_SHARE * 0.05 < 2 * smallest_p(first - 1)


def test_independent_seeds_can_be_looked_at_earlier_than_paired_ones():
    """Two of the 3,432 ways to label seven and seven values are as extreme as the most extreme one."""
    assert interim_schedule(4, 30, test="independent") == (7, 12, 16, 21, 25, 30)
    assert 2 * smallest_p_of_labels(7, 7) <= EARLY_SHARE * 0.05 < 2 * smallest_p_of_labels(6, 6)


@pytest.mark.parametrize(("first", "last"), [(5, 6), (1, 3), (5, 5)])
def test_a_schedule_never_passes_its_last_seed(first, last):
    assert interim_schedule(first, last) == (last,)


def test_planning_and_quoting_cost_no_numpy():
    code = (
        "import sys, dlbench.statistics.seeds, dlbench.statistics.verdicts, dlbench.statistics.sentences\n"
        "print([name for name in ('numpy', 'scipy', 'pandas', 'torch') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
