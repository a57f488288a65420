"""Shares of a variance, on a synthetic engine whose variance components are known."""

import numpy as np
import pytest
from scipy import linalg

from dlbench.plans.spread import SpreadDesign
from dlbench.statistics.variance_intervals import share_intervals
from dlbench.statistics.variance_shares import Variance, half_square, image_part, saved_by_pairing

SOURCES = ("split", "initialization", "order")
DESIGN = SpreadDesign(sources=SOURCES, backgrounds=6, levels=3)


def keys_of(design):
    """Return the seed of each trial and of each of its sources."""
    return np.array([[seed, *(seeds.get(source, seed) for source in SOURCES)] for seed, seeds in design.cells()])


KEYS = keys_of(DESIGN)
#: Variances by what draws them together: 1 is the split, 2 the initialization, 3 the order.
ENGINES = {
    "additive": {(1,): 1.0, (2,): 1.0, (3,): 1.0},
    "dominated": {(1,): 8.0, (2,): 1.0, (3,): 1.0},
    "mixed": {(1,): 0.5, (2,): 0.2, (1, 2, 3): 1.0},
    "chaotic": {(1, 2, 3): 1.0},
}


def train(parts, rng, keys=KEYS):
    """Return the value of each trial: a normal effect for each combination of seeds that a component draws from."""
    values = np.zeros(len(keys))
    for columns, variance in parts.items():
        _, place = np.unique(keys[:, list(columns)], axis=0, return_inverse=True)
        values += np.sqrt(variance) * rng.standard_normal(place.max() + 1)[place.ravel()]
    return values


def true_shares(parts, column):
    """Return what a source keeps where it alone varies, and what fixing it removes, by the definition of both."""
    whole = sum(parts.values())
    return sum(v for columns, v in parts.items() if column in columns) / whole, parts.get((column,), 0.0) / whole


@pytest.mark.parametrize("name", ENGINES)
def test_the_components_are_estimated_without_bias(name):
    parts, rng = ENGINES[name], np.random.default_rng(0)
    whole, found = sum(parts.values()), []
    pairs = Variance.of(train(parts, rng), KEYS).pairs
    masks = [pairs.apart, *(m(c) for c in (1, 2, 3) for m in (pairs.differing_in, pairs.sharing_only))]
    for _ in range(400):
        values = train(parts, rng)
        found.append([half_square(values, mask) for mask in masks])
    means, errors = np.mean(found, axis=0), np.std(found, axis=0) / 20
    kept, removed = zip(*(true_shares(parts, column) for column in (1, 2, 3)), strict=True)
    expected = [whole, *(x for k, r in zip(kept, removed, strict=True) for x in (whole * k, whole * (1 - r)))]
    assert np.all(np.abs(means - expected) <= 4 * errors + 1e-12), (means, expected)


@pytest.mark.slow
@pytest.mark.parametrize("backgrounds", [6, 12])
@pytest.mark.parametrize("name", ENGINES)
def test_the_intervals_cover_the_true_shares_and_are_no_wider_than_that_takes(name, backgrounds):
    """In whole images, too: what rounding adds is a small share of all sources together."""
    parts, rng, studies = ENGINES[name], np.random.default_rng(1), 400
    keys = keys_of(SpreadDesign(sources=SOURCES, backgrounds=backgrounds, levels=3))
    step = np.sqrt(sum(parts.values())) / 3
    hits = []
    for _ in range(studies):
        variance = Variance.of(np.round(train(parts, rng, keys) / step) * step, keys)
        for column in (1, 2, 3):
            pairs = zip(variance.shares(column), true_shares(parts, column), strict=True)
            hits.append([share.low - 1e-9 <= true <= share.high + 1e-9 for share, true in pairs])
    covered = np.mean(hits, axis=0)
    assert np.all((covered >= 0.93) & (covered <= 0.985)), covered


def test_the_interval_of_the_whole_variance_covers_it():
    rng, hits = np.random.default_rng(2), []
    for _ in range(60):
        low, high = Variance.of(train(ENGINES["mixed"], rng), KEYS).interval
        hits.append(low <= 1.7 <= high)
    assert np.mean(hits) >= 0.85


def test_a_source_that_nothing_is_drawn_from_keeps_and_removes_nothing():
    variance = Variance.of(train({(1,): 1.0, (2,): 1.0}, np.random.default_rng(3)), KEYS)
    kept, removed = variance.shares(3)
    assert (kept.value, kept.high) == (0, 0)
    assert removed.value == pytest.approx(0, abs=1e-12)


@pytest.mark.slow
def test_the_same_run_twice_shows_what_kernels_keep():
    rng = np.random.default_rng(4)
    keys = np.repeat(np.arange(100)[:, None], 2, axis=0)
    values = train({(0,): 3.0}, rng, keys) + rng.standard_normal(len(keys))
    assert Variance.of(values, keys).kept_by_repeating().value == pytest.approx(0.25, abs=0.08)


def test_the_likelihood_is_that_of_the_normal_model():
    """The share with the largest likelihood is that of an independent maximization over all shares."""
    rng = np.random.default_rng(5)
    rows, columns = np.divmod(np.arange(30), 5)
    values = rng.standard_normal(6)[rows] + 0.8 * rng.standard_normal(5)[columns] + 0.5 * rng.standard_normal(30)
    contrasts = linalg.helmert(30)

    def deviance(row, column, rest):
        covariance = row * np.equal.outer(rows, rows) + column * np.equal.outer(columns, columns) + rest * np.eye(30)
        inner = contrasts @ covariance @ contrasts.T
        z = contrasts @ values
        return 29 * np.log(z @ np.linalg.solve(inner, z)) + np.linalg.slogdet(inner)[1]

    grid = [(r, c, 1 - r - c) for r in np.arange(0, 1, 0.04) for c in np.arange(0, 1 - r - 0.02, 0.04)]
    row, column, _ = min(grid, key=lambda shares: deviance(*shares))
    (low, high), (column_low, column_high) = share_intervals(values, rows, columns)
    assert low <= 1 - row <= high
    assert column_low <= column <= column_high


def test_images_by_chance_alone_explain_the_whole_variance():
    rng = np.random.default_rng(6)
    chances = rng.uniform(0.6, 1, 400)
    keys = np.arange(60)[:, None]
    bits = rng.random((60, 400)) < chances
    found = image_part(Variance.of(bits.mean(axis=1), keys), bits)
    assert found.share.low <= 1 <= found.share.high + 1e-9
    assert found.standard_error == pytest.approx(np.sqrt((bits.mean(1) * (1 - bits.mean(1))).mean() / 399), rel=1e-6)
    assert found.lasting == pytest.approx(chances.var() / 400, rel=0.15)


def test_trainings_that_differ_on_all_images_alike_owe_nothing_to_the_images():
    rng = np.random.default_rng(7)
    levels = rng.uniform(0.5, 0.9, 60)
    bits = rng.random((60, 5000)) < levels[:, None]
    found = image_part(Variance.of(bits.mean(axis=1), np.arange(60)[:, None]), bits)
    assert found.share.value < 0.02


def test_the_images_never_have_more_than_all_of_a_variance():
    bits = np.zeros((6, 100), dtype=bool)
    for training, right in enumerate([50, 50, 51, 50, 51, 50]):  # nearly alike, but right on other images
        bits[training, np.random.default_rng(training).permutation(100)[:right]] = True
    found = image_part(Variance.of(bits.mean(axis=1), np.arange(6)[:, None]), bits)
    assert (found.share.value, found.share.high) == (1, 1)
    assert 0 < found.share.low <= 1


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_pairing_saves_what_the_correlation_is_worth(correlation):
    rng = np.random.default_rng(8)
    keys = np.arange(400)[:, None]
    common = np.sqrt(correlation) * rng.standard_normal(400)
    a, b = (common + np.sqrt(1 - correlation) * rng.standard_normal(400) for _ in range(2))
    found = saved_by_pairing(Variance.of(a - b, keys), Variance.of(a + b, keys))
    assert found.value == pytest.approx(correlation, abs=0.1)
    assert found.low <= found.value <= found.high
