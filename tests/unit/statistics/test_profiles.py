import numpy as np
import pytest

from dlbench.statistics.profiles import performance_profile, profile_band


def test_a_profile_is_the_share_of_runs_within_each_distance_all_data_sets_alike():
    gaps = [[0.0, 0.1, 0.2, np.inf], [0.05, 0.3]]
    distances = [0.0, 0.1, 0.25, 1.0]
    expected = [sum(sum(gap <= d for gap in row) / len(row) for row in gaps) / 2 for d in distances]
    assert performance_profile(gaps, distances) == pytest.approx(expected)


def test_rounding_alone_keeps_no_run_from_a_distance():
    gaps = [[0.98 - 0.97, 0.98 - 0.978, np.mean([0.97] * 3) - 0.97]]
    distances = [0.0, 0.002, 0.01]
    assert min(np.subtract([gaps[0][2], gaps[0][1], gaps[0][0]], distances)) > 0
    assert performance_profile(gaps, distances).tolist() == pytest.approx([1 / 3, 2 / 3, 1.0])
    _, high = profile_band(gaps, distances, np.random.default_rng(0), resamples=200)
    assert min(high) > 0


def test_the_band_is_that_of_resampling_the_runs_of_each_data_set():
    generator = np.random.default_rng(0)
    gaps = [generator.exponential(0.1, 8), generator.exponential(0.2, 5)]
    distances = np.array([0.05, 0.1, 0.3])
    low, high = profile_band(gaps, distances, np.random.default_rng(1), resamples=20_000)
    drawn = np.stack(
        [performance_profile([generator.choice(row, len(row)) for row in gaps], distances) for _ in range(5000)]
    )
    assert low == pytest.approx(np.quantile(drawn, 0.025, axis=0), abs=0.03)
    assert high == pytest.approx(np.quantile(drawn, 0.975, axis=0), abs=0.03)
