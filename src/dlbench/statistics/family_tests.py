"""The tests of a family of paired comparisons: of a difference, of one beyond the margin, of one within it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from dlbench.statistics.intervals import ROUNDING, identical, subtract
from dlbench.statistics.magnitudes import in_units, usual_size
from dlbench.statistics.multiplicity import holm
from dlbench.statistics.permutation import sign_flip_family
from dlbench.statistics.verdicts import MINIMUM_PAIRS, Rules

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FamilyTests:
    """The p-values of m comparisons; NaN for one without pairs.

    p: of no difference, by itself.
    adjusted: the same, corrected over the family.
    beyond: of a difference of at most the margin, on the side where it is seen; corrected.
    equivalent: of a difference of at least the margin; corrected.
    """

    p: Array
    adjusted: Array
    beyond: Array
    equivalent: Array


def family_tests(differences: Array, by_sign: NDArray[np.bool_], rules: Rules) -> FamilyTests:
    """Return the tests of comparisons by their differences (m, seeds): NaN where a comparison lacks a seed.

    by_sign: whether the differences of a comparison are signs, to which no margin applies.
    """
    counts = np.count_nonzero(~np.isnan(differences), axis=1)
    flips = sign_flip_family(differences, _stream(rules), flips=rules.flips)
    unknown = np.where(counts > 0, 0.0, np.nan)  # added, it leaves the others as they are
    if rules.margin == 0:
        beyond, equivalent = flips.adjusted, np.where(_identical(differences, counts) & ~by_sign, 0.0, 1.0)
    else:
        margin = np.where(by_sign, 0.0, rules.margin)[:, None]
        sides = np.sign(usual_size(np.nan_to_num(differences))[0].sum(axis=1, keepdims=True))
        shifted = subtract(sides * differences, margin)
        beyond = sign_flip_family(shifted, _stream(rules), flips=rules.flips, one_sided=True).adjusted
        equivalent = holm(np.where(by_sign, 1.0, _outside(differences, counts, rules.margin)))
    return FamilyTests(flips.raw + unknown, flips.adjusted + unknown, beyond + unknown, equivalent + unknown)


def _stream(rules: Rules) -> np.random.Generator:
    return np.random.default_rng(rules.random_seed)


def _identical(differences: Array, counts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which comparisons have no difference at all: without a margin, nothing else is equivalent."""
    same: NDArray[np.bool_] = (np.nan_to_num(differences) == 0).all(axis=1) & (counts >= MINIMUM_PAIRS)
    return same


def _outside(differences: Array, counts: NDArray[np.intp], margin: float) -> Array:
    """Return the larger p of the t tests of a mean of at most −margin and of at least margin: Schuirmann 1987."""
    p = np.ones(len(differences))
    for n in {int(count) for count in counts if count >= MINIMUM_PAIRS}:
        rows = np.flatnonzero(counts == n)
        values = differences[rows]
        values, unit = usual_size(values[~np.isnan(values)].reshape(len(rows), n))
        allowed = in_units(margin, unit)
        distance = allowed - np.abs(values.mean(axis=1))
        error = np.where(identical(values), 0.0, values.std(axis=1, ddof=1) / np.sqrt(n))
        with np.errstate(divide="ignore", invalid="ignore"):
            tail = stats.t.sf(distance / error, n - 1)
        p[rows] = np.where(error > 0, tail, np.where(distance >= -ROUNDING * allowed, 0.0, 1.0))
    return p
