import subprocess
import sys

import pytest

from dlbench.errors import DlbenchError
from dlbench.statistics.seeds import alpha_per_analysis, interim_schedule, reaches, seeds_needed, smallest_p


@pytest.mark.parametrize(("pairs", "p"), [(3, 0.25), (4, 0.125), (5, 0.0625), (6, 0.03125), (10, 2 / 1024)])
def test_smallest_reachable_p_is_two_sign_patterns_of_all(pairs, p):
    assert smallest_p(pairs) == p


def test_no_pairs_at_all_reach_no_p_below_one():
    assert smallest_p(0) == 1


@pytest.mark.parametrize(
    ("comparisons", "seeds"), [(0, 6), (1, 6), (2, 7), (3, 7), (4, 8), (5, 8), (6, 8), (7, 9), (10, 9)]
)
def test_seeds_needed_grow_with_the_comparisons(comparisons, seeds):
    assert seeds_needed(comparisons, 0.05) == seeds
    assert reaches(seeds, comparisons, 0.05)


def test_never_fewer_than_six_seeds_however_large_alpha_is():
    assert seeds_needed(1, 0.9) == 6


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.05, float("nan")])
def test_an_alpha_outside_0_and_1_is_refused(alpha):
    with pytest.raises(DlbenchError, match="alpha must be between 0 and 1"):
        seeds_needed(1, alpha)


def test_interim_analyses_share_alpha():
    assert alpha_per_analysis(0.05, 4) == pytest.approx(0.0125)


def test_interim_analyses_are_evenly_spaced_and_end_at_the_last_seed():
    assert interim_schedule(10, 30, 1, analyses=3) == (10, 20, 30)
    assert interim_schedule(10, 30, 1, analyses=1) == (30,)


def test_the_first_interim_analysis_waits_until_it_could_find_something():
    first, *_ = interim_schedule(7, 30, comparisons=5, alpha=0.05, analyses=4)
    assert first == seeds_needed(5, 0.05 / 4) == 10


def test_a_schedule_never_passes_its_last_seed():
    assert interim_schedule(7, 8, comparisons=5) == (8,)


def test_planning_and_quoting_cost_no_numpy():
    code = (
        "import sys, dlbench.statistics.seeds, dlbench.statistics.verdicts, dlbench.statistics.sentences\n"
        "print([name for name in ('numpy', 'scipy', 'pandas', 'torch') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
