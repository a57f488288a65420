from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from dlbench.statistics.comparisons import compare_pairs
from dlbench.statistics.power import chance_of_verdict, detectable_difference, detection_power, shown_with
from dlbench.statistics.verdicts import Rules


@pytest.mark.parametrize("effect", [0.3, 0.8])
@pytest.mark.parametrize("pairs", [6, 30])
def test_power_is_that_of_statsmodels(effect, pairs):
    expected = TTestPower().power(effect, pairs, 0.025, alternative="larger")  # "two-sided" counts the wrong side too
    assert detection_power(effect, pairs) == pytest.approx(expected)


@pytest.mark.parametrize("pairs", [6, 7, 20, 100])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_detectable_difference_is_that_of_statsmodels(pairs, alpha):
    expected = TTestPower().solve_power(nobs=pairs, alpha=alpha / 2, power=0.8, alternative="larger")
    assert detectable_difference(0.02, pairs, alpha=alpha) == pytest.approx(0.02 * float(expected), rel=1e-4)


def test_more_seeds_and_fewer_comparisons_show_smaller_differences():
    assert detectable_difference(1.0, 20) < detectable_difference(1.0, 7) < detectable_difference(1.0, 7, alpha=0.01)


def test_a_comparison_knows_what_it_would_have_shown():
    differences = np.random.default_rng(5).normal(0.006, 0.01, 8)
    values = {"a": dict.fromkeys(range(8), 0.5), "b": dict(enumerate(0.5 + differences))}
    (seen,) = compare_pairs(values, [("b", "a")], Rules())
    expected = detectable_difference(differences.std(ddof=1), 20, alpha=0.05 / 3)
    assert shown_with(seen, Rules(), 3, 20) == pytest.approx(expected)


@pytest.mark.slow
def test_the_detectable_difference_is_shown_in_four_of_five_studies():
    size = detectable_difference(1.0, 12)
    rows = np.random.default_rng(0).normal(size, 1.0, (400, 12))
    values = [{"a": dict.fromkeys(range(12), 0.0), "b": dict(enumerate(row))} for row in rows]
    found = [compare_pairs(study, [("b", "a")], Rules())[0].verdict == "better" for study in values]
    assert 0.72 <= np.mean(found) <= 0.88


def test_the_chance_of_a_verdict_is_the_share_of_continued_studies_that_have_one():
    """Means that go on as the pairs of now say, which are themselves a draw around the true mean."""
    rng, n, last, rules = np.random.default_rng(8), 12, 30, Rules(margin=0.9, alpha=0.045)
    seen = rng.normal(0.35, 1.0, n)
    (now,) = compare_pairs(
        {"a": dict.fromkeys(range(n), 0.0), "b": dict(enumerate(seen))}, [("b", "a")], Rules(margin=0.9, alpha=1e-4)
    )
    std = seen.std(ddof=1)
    truth = rng.normal(seen.mean(), std / np.sqrt(n), 20_000)
    means = (n * seen.mean() + rng.normal((last - n) * truth, std * np.sqrt(last - n))) / last
    t = np.abs(means) / (std / np.sqrt(last))
    alike = np.abs(means) + stats.t.isf(rules.alpha, last - 1) * std / np.sqrt(last) <= rules.margin
    expected = np.mean((t >= stats.t.isf(rules.alpha / 2, last - 1)) | alike)
    assert chance_of_verdict(now, rules, last) == pytest.approx(expected, abs=0.1)
    assert chance_of_verdict(now, replace(rules, margin=0.0), last) == pytest.approx(
        np.mean(t >= stats.t.isf(rules.alpha / 2, last - 1)), abs=0.01
    )


def test_where_nothing_is_known_of_the_spread_a_verdict_may_still_come():
    same = {"a": dict.fromkeys(range(8), 0.5), "b": dict.fromkeys(range(8), 0.6)}
    assert chance_of_verdict(compare_pairs(same, [("b", "a")], Rules())[0], Rules(), 30) == 1.0
