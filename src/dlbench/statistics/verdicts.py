"""The verdict on one difference, and the record that carries it."""

from dataclasses import dataclass
from typing import Literal

from dlbench.components.metrics import Metric
from dlbench.errors import DlbenchError
from dlbench.statistics.seeds import check_alpha, reaches

Verdict = Literal["better", "worse", "differs, may be negligible", "equivalent", "not shown", "n too small"]
IntervalMethod = Literal["auto", "t", "bca"]

MINIMUM_PAIRS = 3
#: Of numbers by themselves.
UNNAMED = Metric()


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What is fixed before a comparison is judged.

    margin: δ, in the metric's unit as files have it (0.002 is 0.2 points of accuracy).
    interval: "auto" is paired t below 30 pairs and BCa from there on.
    random_seed: of the resampling; every comparison draws the same stream, so no verdict depends on its neighbours.
    """

    metric: Metric = UNNAMED
    margin: float = 0.0
    alpha: float = 0.05
    higher_is_better: bool = True
    interval: IntervalMethod = "auto"
    resamples: int = 10_000
    flips: int = 100_000
    random_seed: int = 0

    def __post_init__(self) -> None:
        check_alpha(self.alpha)
        if not self.margin >= 0:
            raise DlbenchError(f"The margin {self.margin:g} is negative.", "Give 0 or more, in the metric's unit.")

    @classmethod
    def for_metric(cls, metric: Metric, *, margin: float | None = None, alpha: float = 0.05) -> "Rules":
        """Return the rules of a metric. margin: None means the metric's own."""
        margin = metric.margin if margin is None else margin
        return cls(metric=metric, margin=margin, alpha=alpha, higher_is_better=metric.higher_is_better)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One variant against one baseline over paired seeds: a row of comparison.csv.

    n: pairs with a value on both sides; dropped: seeds that lack one. mean, std and their interval are the
    variant's over those pairs; std is the sample's (n − 1). difference: variant − baseline, whichever way is better.
    probability_of_improvement: P(variant better than baseline). NaN where n or an infinite value leaves none.
    """

    variant: str
    baseline: str
    metric: str
    n: int
    dropped: int
    mean: float
    std: float
    mean_low: float
    mean_high: float
    difference: float
    difference_low: float
    difference_high: float
    p: float
    p_holm: float
    probability_of_improvement: float
    verdict: Verdict

    @property
    def separated(self) -> bool:
        """Tell whether the two were shown to differ."""
        return self.verdict in ("better", "worse", "differs, may be negligible")

    @property
    def decided(self) -> bool:
        """Tell whether more seeds are not called for."""
        return self.separated or self.verdict == "equivalent"


def judge(*, n: int, low: float, high: float, p_holm: float, comparisons: int, rules: Rules) -> Verdict:
    """Return the first verdict that fits a difference with interval [low, high].

    n: pairs. comparisons: m, of the family that Holm's correction covered. NaN never shows anything.
    """
    if not rules.higher_is_better:
        low, high = -high, -low
    if n < MINIMUM_PAIRS:
        return "n too small"
    if -rules.margin <= low and high <= rules.margin:
        return "equivalent"
    if not reaches(n, comparisons, rules.alpha):
        return "n too small"
    if p_holm < rules.alpha and (low > 0 or high < 0):
        if low > rules.margin:
            return "better"
        return "worse" if high < -rules.margin else "differs, may be negligible"
    return "not shown"
