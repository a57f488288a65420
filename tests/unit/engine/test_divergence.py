import math

import numpy as np
import pytest

from dlbench.engine.divergence import FACTOR, PATIENCE, divergence, longest_run


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_one_loss_that_is_not_finite_is_a_divergence(bad):
    assert divergence([2.0, 1.0, bad, 1.0]) == "the loss was not finite"


def test_a_loss_above_three_times_its_start_for_a_hundred_steps_is_a_divergence_and_for_one_less_is_none():
    high = [6.01] * PATIENCE
    assert "stayed above 3 times its starting value for 100 steps" in divergence([2.0, 1.0, *high])
    assert divergence([2.0, 1.0, *high[1:]]) == ""
    assert divergence([2.0, *high[:60], 5.99, *high[:60]]) == ""
    assert divergence([2.0] + [6.0] * 500) == ""


def test_a_training_that_learns_or_has_no_step_has_not_diverged():
    assert divergence([2.3 / (1 + step) for step in range(1000)]) == ""
    assert divergence([]) == ""


def test_the_longest_run_is_what_counting_by_hand_gives():
    losses = np.random.default_rng(0).uniform(0, 6, 300)
    losses[0] = 1.0
    longest = run = 0
    for loss in losses:
        run = run + 1 if loss > FACTOR * losses[0] else 0
        longest = max(longest, run)
    assert longest_run(losses.tolist()) == longest > 0
