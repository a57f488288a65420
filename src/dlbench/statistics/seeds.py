"""How many seeds a comparison needs to show anything. No numpy here: planning imports this module."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from math import ceil, comb
from statistics import NormalDist
from typing import Literal, get_args

from dlbench.errors import DlbenchError, suggest

#: Whether variants share their seeds, so that differences are paired, or each has seeds of its own.
Test = Literal["paired", "independent"]
TESTS: tuple[Test, ...] = get_args(Test)
MINIMUM_SEEDS = 6
_MINIMUM_INDEPENDENT = 4
#: Small enough that the seeds a noise floor adds still fit the integers of torch and parquet.
LARGEST_SEED = 2**62
#: More than anybody trains, and few enough to be listed.
MOST_SEEDS = 100_000
ALPHA = 0.05
#: Below it the quantiles of the normal distribution have no digits left.
_SMALLEST_ALPHA = 1e-12
#: The share of α at which each interim analysis but the last tests.
EARLY_SHARE = 1 / 12
#: A variant of a race goes on while its chance of a verdict at the last analysis is at least this.
LEAST_CHANCE = 0.05
_AUTO = re.compile(r"auto(?::(\d+)\.\.(\d+))?")
_OFFSET = 10_000
#: So many seeds, of either test, have more flips or labelings than are computed.
_ENOUGH = 20


@dataclass(frozen=True)
class AutoSeeds:
    """Seeds that are added until every verdict is decided.

    first: smallest number of seeds.
    last: largest number of seeds.
    """

    first: int = 7
    last: int = 30

    @classmethod
    def parse(cls, text: str) -> "AutoSeeds":
        """Read "auto" or "auto:7..30"."""
        match = _AUTO.fullmatch(text)
        if match is None:
            raise DlbenchError(
                f"Invalid --seeds {text}.", "Write a number, least, or auto:7..30 for from 7 to 30 seeds."
            )
        made = cls(*map(int, match.groups())) if match[1] else cls()
        if not 1 <= made.first <= made.last:
            raise DlbenchError(f"Invalid --seeds {text}: not a range.", "Write the smaller number first: auto:7..30.")
        return made

    def schedule(self, alpha: float, test: Test = "paired") -> tuple[int, ...]:
        """Return the numbers of seeds of the interim analyses."""
        return interim_schedule(self.first, self.last, alpha, test=test)


Seeds = Sequence[int] | int | AutoSeeds | Literal["least"] | None


def named_seeds(text: str) -> AutoSeeds | Literal["least"]:
    """Read "least", "auto" or "auto:7..30"."""
    return "least" if text == "least" else AutoSeeds.parse(text)


def comparisons_among(variants: int, *, all_pairs: bool = False) -> int:
    """Return the number of comparisons among variants: each with the baseline, or all pairs; at least 1."""
    return max(1, variants * (variants - 1) // 2 if all_pairs else variants - 1)


def other_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    """Return as many other seeds: each shifted by the first multiple of 10,000 that makes all of them new."""
    step = next(step for step in count(_OFFSET, _OFFSET) if not {seed + step for seed in seeds} & {*seeds})
    return tuple(seed + step for seed in seeds)


def smallest_p(pairs: int) -> float:
    """Return the smallest p that the exact two-sided sign-flip test can reach with n pairs: 2 / 2ⁿ."""
    return min(1.0, 2.0 ** (1 - pairs))


def smallest_p_of_labels(first: int, second: int) -> float:
    """Return the smallest two-sided p that permuting the labels of two samples can reach: 1 / 35 for 4 and 4."""
    return min(1.0, (2 if first == second else 1) / comb(first + second, first))


def smallest_p_computed(seeds: int, test: Test = "paired") -> float:
    """Return the smallest p that a test computes: of many seeds that of 100,000 flips or 20,000 labelings."""
    return max(smallest_p(seeds), 1e-5) if test == "paired" else max(smallest_p_of_labels(seeds, seeds), 5e-5)


def minimum_seeds(test: Test) -> int:
    """Return the smallest number of seeds with which anything is shown at the usual α."""
    return MINIMUM_SEEDS if test == "paired" else _MINIMUM_INDEPENDENT


def check_test(test: str) -> None:
    """Raise DlbenchError for a test that does not exist."""
    if test not in TESTS:
        raise DlbenchError(f"There is no test {test!r}.", suggest(test, TESTS, f"There are {' and '.join(TESTS)}."))


def least_seeds(alpha: float = ALPHA, test: Test = "paired") -> int:
    """Return the smallest number of seeds with which a comparison can be significant: 6 or more if paired, else 4."""
    check_alpha(alpha)
    if test == "independent":
        return next(n for n in count(_MINIMUM_INDEPENDENT) if smallest_p_of_labels(n, n) <= alpha)
    return next(pairs for pairs in count(MINIMUM_SEEDS) if smallest_p(pairs) <= alpha)


def default_seeds(comparisons: int, alpha: float = ALPHA, power: float = 0.8, test: Test = "paired") -> int:
    """Return how many seeds show a difference of one standard deviation of the differences with the given power.

    comparisons: m, the size of the family.

    The normal approximation with its correction for small samples, at α / m. Source: Guenther 1981, Sample Size
    Formulas for Normal Theory T Tests.
    """
    check_alpha(alpha)
    quantile = NormalDist().inv_cdf
    critical = quantile(1 - alpha / (2 * max(1, comparisons)))
    correction = critical**2 / (2 if test == "paired" else 4)  # two samples have twice the degrees of freedom
    return max(least_seeds(alpha, test), ceil((critical + quantile(power)) ** 2 + correction))


def check_alpha(alpha: float) -> None:
    """Raise DlbenchError unless α lies between 0 and 1, where enough seeds can show something."""
    if not 0 < alpha < 1:
        hint = f"Write {alpha / 100:g} for {alpha:g} %." if 1 < alpha < 100 else "Write it as in --alpha 0.05."
        raise DlbenchError(f"alpha must be between 0 and 1, got {alpha:g}.", hint)
    if alpha < _SMALLEST_ALPHA:
        raise DlbenchError(
            f"alpha must be at least {_SMALLEST_ALPHA:g}, got {alpha:g}.", "Write it as in --alpha 0.05."
        )


def check_reachable(alpha: float, test: Test) -> None:
    """Raise DlbenchError unless enough seeds can show a difference at an α that is asked for."""
    check_test(test)
    least = smallest_p_computed(_ENOUGH, test)
    if 0 < alpha < least:
        raise DlbenchError(
            f"alpha must be at least {least:g}, got {alpha:g}: with {test} seeds no smaller p is computed.",
            "Write it as in --alpha 0.05.",
        )
    check_alpha(alpha)


def alpha_per_analysis(alpha: float, analyses: int) -> float:
    """Return the α of each of K interim analyses of a plan that spends none in another way: α / K."""
    return alpha / analyses


def spent_by(fraction: float, alpha: float) -> float:
    """Return how much of α the looks up to a fraction of all seeds may spend: little at first, all of it at 1.

    Each side spends its half. Source: Lan and DeMets 1983, Discrete Sequential Boundaries for Clinical Trials: the
    function that is close to the boundaries of O'Brien and Fleming 1979.
    """
    normal = NormalDist()
    return 4 * normal.cdf(normal.inv_cdf(alpha / 4) / fraction**0.5)


def interim_schedule(
    first: int, last: int, alpha: float = ALPHA, analyses: int = 6, test: Test = "paired"
) -> tuple[int, ...]:
    """Return the numbers of seeds of the interim analyses, evenly spaced from `first` to `last`.

    The first analysis is delayed until its share of α suffices to show anything: an earlier one could not. Twice the
    smallest p must do: where a variant equals the baseline, flipping all signs takes it beyond any margin too.
    """
    able = (n for n in range(first, last) if 2 * smallest_p_computed(n, test) <= EARLY_SHARE * alpha)
    start = next(able, last)
    steps = max(1, analyses - 1)
    return tuple(sorted({round(last - (last - start) * step / steps) for step in range(analyses)}))
