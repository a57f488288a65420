"""Comparisons of two variants: their records, their rules and their verdicts."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf, isnan, nan
from typing import Literal

from dlbench.components.metrics import Metric
from dlbench.errors import DlbenchError
from dlbench.statistics.seeds import (
    ALPHA,
    Test,
    check_alpha,
    check_test,
    minimum_seeds,
    smallest_p,
    smallest_p_of_labels,
)

Verdict = Literal[
    "better",
    "worse",
    "higher",
    "lower",
    "larger lead",
    "smaller lead",
    "larger",
    "smaller",
    "differs, may be negligible",
    "equivalent",
    "not shown",
    "n too small",
]
Words = tuple[Verdict, Verdict]
#: What a difference is called that was shown: up or down, by whether one side of it is better; and how leads differ.
BETTER: Words = ("better", "worse")
HIGHER: Words = ("higher", "lower")
LEADS: Words = ("larger lead", "smaller lead")
EFFECTS: Words = ("larger", "smaller")
#: What a user may call a verdict: a direction, any difference that was shown, or that nothing was shown.
NAMEABLE = (*BETTER, *HIGHER, "differs", "equivalent", "undecided")
IntervalMethod = Literal["auto", "t", "bca"]

MINIMUM_PAIRS = 3
#: The metric of plain numbers.
UNNAMED = Metric()


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Rules that are fixed before a comparison is judged.

    metric: metric that is compared.
    margin: δ, in the unit of files (0.002 is 0.2 points of accuracy).
    alpha: error rate.
    higher_is_better: whether larger values are better; where neither is, larger ones are "higher".
    words: the verdicts on a difference for the better and for the worse.
    interval: method of intervals; "auto" is that of the sign-flip test up to 16 pairs, then t, BCa for 30 and more.
    resamples: number of bootstrap resamples.
    flips: number of random sign flips.
    test: whether the values of two variants are paired by seed, or those of independent seeds.
    random_seed: seed of resampling; all comparisons draw the same stream, so that no verdict depends on the others.
    """

    metric: Metric = UNNAMED
    margin: float = 0.0
    alpha: float = 0.05
    higher_is_better: bool = True
    words: Words = BETTER
    interval: IntervalMethod = "auto"
    resamples: int = 10_000
    flips: int = 100_000
    test: Test = "paired"
    random_seed: int = 0

    def __post_init__(self) -> None:
        check_alpha(self.alpha)
        check_test(self.test)
        if not 0 <= self.margin < inf:
            raise DlbenchError(f"Invalid margin {self.margin:g}.", "It must be a number from 0, in the metric's unit.")

    @classmethod
    def for_metric(
        cls, metric: Metric, *, margin: float | None = None, alpha: float = 0.05, test: Test = "paired"
    ) -> "Rules":
        """Return the rules for a metric. margin: None for the metric's default."""
        margin = metric.margin if margin is None else margin
        words = HIGHER if metric.better is None else BETTER
        better = metric.higher_is_better
        return cls(metric=metric, margin=margin, alpha=alpha, higher_is_better=better, words=words, test=test)

    @property
    def has_better_side(self) -> bool:
        """Return whether one side of a difference is better."""
        return self.words in (BETTER, LEADS)

    def of_effects(self) -> "Rules":
        """Return the rules for differences between effects: a lead is larger or smaller, not better or worse."""
        return replace(self, words=LEADS if self.has_better_side else EFFECTS)


@dataclass(frozen=True)
class Look:
    """How far a growing comparison had come when it was judged.

    seeds: those it had by then; results on others have no part in it.
    alpha: error rate.
    """

    seeds: tuple[int, ...]
    alpha: float


#: Returns the look at which a variant and its baseline are judged.
LookOf = Callable[[str, str], Look]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One variant against one baseline: a row of comparison.csv.

    A number that n or an infinite value leaves undefined is NaN. Of independent seeds, a pair is any value of the
    variant with any of the baseline, and n is the number of values of the smaller side.

    variant: variant that is judged.
    baseline: variant it is compared with.
    metric: name of the metric.
    n: pairs with a value on both sides.
    ahead: pairs in which the variant has more.
    behind: pairs in which the variant has less.
    dropped: seeds that lack one of the two values.
    mean: mean of the variant over the pairs.
    std: sample standard deviation of the variant over the pairs (n − 1).
    mean_low: lower end of the interval of the mean.
    mean_high: upper end of the interval of the mean.
    difference: variant − baseline, whether more or less is better.
    difference_low: lower end of the interval of the difference.
    difference_high: upper end of the interval of the difference.
    difference_std: sample standard deviation of the differences.
    p: two-sided p of the test.
    p_adjusted: p of the difference, corrected over the family.
    p_beyond: p of a difference larger than the margin, corrected over the family.
    p_equivalent: p of a difference within the margin, corrected over the family.
    probability_of_improvement: P(variant better than baseline).
    correlation: of the two variants across the seeds.
    unpaired_std: standard deviation of a difference if the seeds were not shared.
    broke_down: number of seeds on which the variant is far worse than usual; see `effects.broke_down`.
    breakdown_high: upper bound of their share at 95 %.
    alpha: error rate at which it was judged, and 1 − level of its intervals.
    seeds: those of its pairs or, if independent, of its values.
    images: number of test images whose outcomes are known; 0 where they are not.
    images_low: lower end of the interval of the difference over other seeds and other test images.
    images_high: its upper end.
    groups: number of groups of test images that are drawn together; 0 where each image is its own.
    test: the test behind p.
    sizes: of independent seeds, the number of values of the variant and of the baseline.
    verdict: the first verdict that fits.
    """

    variant: str
    baseline: str
    metric: str
    n: int
    ahead: int
    behind: int
    dropped: int
    mean: float
    std: float
    mean_low: float
    mean_high: float
    difference: float
    difference_low: float
    difference_high: float
    difference_std: float
    p: float
    p_adjusted: float
    p_beyond: float
    p_equivalent: float
    probability_of_improvement: float
    correlation: float
    unpaired_std: float
    broke_down: float
    breakdown_high: float
    verdict: Verdict
    alpha: float = ALPHA
    seeds: tuple[int, ...] = field(default=(), compare=False)
    images: int = 0
    images_low: float = nan
    images_high: float = nan
    groups: int = 0
    test: Test = "paired"
    sizes: tuple[int, int] = (0, 0)

    @property
    def own_n(self) -> int:
        """Return the number of values of the variant that were compared."""
        return self.sizes[0] or self.n

    @property
    def these_images_only(self) -> bool:
        """Return whether a difference was shown, but for these test images alone."""
        return self.separated and self.images_low <= 0 <= self.images_high

    @property
    def nonzero(self) -> int:
        """Return the number of pairs whose values differ."""
        return self.ahead + self.behind

    @property
    def side(self) -> int:
        """Return 1 if the variant has more, -1 if it has less: by the mean or, where there is none, by most pairs."""
        seen = self.ahead - self.behind if isnan(self.difference) else self.difference
        return (seen > 0) - (seen < 0)

    @property
    def separated(self) -> bool:
        """Return whether the two were shown to differ."""
        return self.verdict in (*BETTER, *HIGHER, *LEADS, *EFFECTS, "differs, may be negligible")

    @property
    def decided(self) -> bool:
        """Return whether the verdict needs no more seeds."""
        return self.separated or self.verdict == "equivalent"


def judge(c: Comparison, rules: Rules) -> Verdict:
    """Return the first verdict that fits the numbers of a comparison; NaN never shows anything."""
    if c.n < MINIMUM_PAIRS:
        return "n too small"
    if c.p_equivalent <= rules.alpha and (c.n >= minimum_seeds(c.test) or c.nonzero == 0):
        return "equivalent"
    if not _is_able(c, rules.alpha):
        return "n too small"
    if not c.p_adjusted <= rules.alpha:
        return "not shown"
    if not c.p_beyond <= rules.alpha:
        return "differs, may be negligible"
    return rules.words[0] if (c.side > 0) == rules.higher_is_better else rules.words[1]


def can_show(nonzero: int, alpha: float) -> bool:
    """Return whether so many pairs that differ can be significant: 2 / 2ⁿ ≤ α, whatever the size of the family."""
    return smallest_p(nonzero) <= alpha


def _is_able(c: Comparison, alpha: float) -> bool:
    """Return whether a comparison can be significant."""
    return can_show(c.nonzero, alpha) if c.test == "paired" else smallest_p_of_labels(*c.sizes) <= alpha
