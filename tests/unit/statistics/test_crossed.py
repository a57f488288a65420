"""Intervals over seeds and test images."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from dlbench.statistics.crossed import crossed, crossed_samples
from dlbench.statistics.intervals import interval


def mean_squares(differences):
    """Return the mean squares of seeds, images and the rest, by the sums of a two-way analysis of variance."""
    seeds, images = differences.shape
    grand = differences.mean()
    of_seeds = images * ((differences.mean(axis=1) - grand) ** 2).sum() / (seeds - 1)
    of_images = seeds * ((differences.mean(axis=0) - grand) ** 2).sum() / (images - 1)
    rest = differences - differences.mean(axis=1)[:, None] - differences.mean(axis=0)[None] + grand
    return of_seeds, of_images, (rest**2).sum() / ((seeds - 1) * (images - 1))


def outcomes(seed, seeds=7, images=50):
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, 1, images)
    return [(hard + rng.normal(0, 1, (seeds, images)) > limit).astype(np.int8) for limit in (-1.0, -0.7)]


def test_the_variance_over_images_is_that_of_a_two_way_analysis():
    rng = np.random.default_rng(0)
    differences = rng.normal(0, 1, (1, 50)) + rng.normal(0, 1, (7, 50))
    _, of_images, rest = mean_squares(differences)
    found = crossed(differences)
    assert found.mean == pytest.approx(differences.mean())
    assert found.variance == pytest.approx((of_images - rest) / differences.size)
    assert found.freedom == 49
    noise = rng.normal(0, 1, (7, 50))
    assert crossed(noise - noise.mean(axis=0)).variance == 0, "never below zero"


def test_each_end_is_as_far_as_seeds_and_images_reach_together():
    rng = np.random.default_rng(1)
    differences = rng.normal(0, 1, (1, 50)) + rng.normal(0, 1, (7, 50))
    found, mean = crossed(differences), differences.mean()
    reach = stats.t.ppf(0.975, 49) * np.sqrt(found.variance)
    low, high = found.interval(0.95, (mean - 0.1, mean + 0.02))
    assert mean - low == pytest.approx(np.sqrt(0.1**2 + reach**2))
    assert high - mean == pytest.approx(np.sqrt(0.02**2 + reach**2))


def test_images_that_do_not_differ_leave_the_interval_over_seeds():
    rows = np.repeat(np.array([[0.1], [0.3], [0.2], [0.25]]), 20, axis=1)
    assert crossed(rows).interval(0.95, (0.08, 0.34)) == pytest.approx((0.08, 0.34))


def test_one_seed_has_the_spread_of_mcnemars_differences():
    images, gained, lost = 360, 30, 12
    differences = np.zeros((1, images), dtype=np.int8)
    differences[0, :gained], differences[0, gained : gained + lost] = 1, -1
    low, high = crossed(differences).interval(0.95)
    error = np.sqrt(gained + lost - (gained - lost) ** 2 / images) / images
    assert (low, high) == pytest.approx((0.05 - 1.959964 * error, 0.05 + 1.959964 * error))
    rejected = mcnemar([[200, gained], [lost, 118]], exact=False, correction=False).pvalue < 0.05
    assert (low > 0) == rejected


def test_one_seed_without_any_difference_does_not_claim_to_know_other_images():
    assert np.isnan(crossed(np.zeros((1, 360), dtype=np.int8)).interval(0.95)).all()


def test_equal_outcomes_have_an_interval_without_width():
    assert crossed(np.zeros((5, 30), dtype=np.int8)).interval(0.95, (0.0, 0.0)) == (0.0, 0.0)


@pytest.mark.parametrize("spread_of_images", [0.0, 0.3])
def test_nineteen_of_twenty_intervals_cover_the_difference_on_other_images(spread_of_images):
    rng, covered = np.random.default_rng(0), 0
    for _ in range(1_000):
        rows = 0.05 + rng.normal(0, 0.02, (7, 1)) + rng.normal(0, spread_of_images, 200) + rng.normal(0, 0.5, (7, 200))
        (low,), (high,) = interval(rows.mean(axis=1)[None], rng)
        low, high = crossed(rows).interval(0.95, (low, high))
        covered += low <= 0.05 <= high
    assert 0.93 <= covered / 1_000 <= 0.97


def test_two_samples_of_seeds_have_the_variance_over_images_of_a_two_way_analysis_of_each():
    first, second = (x.astype(float) for x in outcomes(0))
    second = second[:5]
    (_, _, rest), (_, _, other_rest) = mean_squares(first), mean_squares(second)
    beyond = (first.mean(axis=0) - second.mean(axis=0)).var(ddof=1) - rest / 7 - other_rest / 5
    found = crossed_samples(first, second)
    assert found.mean == pytest.approx(first.mean() - second.mean())
    assert found.variance == pytest.approx(max(beyond, 0.0) / 50)
    assert found.freedom == 49


def test_two_samples_on_images_that_do_not_differ_leave_the_interval_over_seeds():
    rows = [np.repeat(np.array(column)[:, None], 20, axis=1) for column in ([0.1, 0.3, 0.2, 0.25], [0.5, 0.7, 0.4])]
    assert crossed_samples(*rows).interval(0.95, (-0.6, -0.1)) == pytest.approx((-0.6, -0.1))


def test_two_samples_cover_the_difference_on_other_images_with_other_seeds():
    """Half a thousand studies with six seeds each on 150 images: 95 % within sampling error."""
    rng, covered, studies = np.random.default_rng(4), 0, 500
    truth = stats.norm.cdf(0.3 / np.sqrt(2.25)) - 0.5
    for _ in range(studies):
        hard, own = rng.normal(0, 1, 150), rng.normal(0, 0.5, (2, 1, 150))
        first, second = (hard + own[k] + rng.normal(0, 1, (6, 150)) < shift for k, shift in enumerate((0.3, 0.0)))
        welch = stats.ttest_ind(first.mean(axis=1), second.mean(axis=1), equal_var=False).confidence_interval(0.95)
        low, high = crossed_samples(first, second).interval(0.95, (welch.low, welch.high))
        covered += low <= truth <= high
    assert 0.92 <= covered / studies <= 0.98
