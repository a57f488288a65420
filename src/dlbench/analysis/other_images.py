"""Differences of accuracy on other test images, from the outcomes that records keep for each image."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, nan
from typing import TYPE_CHECKING

from dlbench.plans.plan_record import PlanRecord
from dlbench.statistics.verdicts import MINIMUM_PAIRS, Comparison
from dlbench.trials.outcomes import ImageOutcomes
from dlbench.trials.trial_record import COMPLETED, TrialRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dlbench.statistics.crossed import Spread

#: The metric that counts images classified correctly, one outcome an image.
METRIC = "test_accuracy"
#: The records of each variant, by variant_id.
Groups = Mapping[str, Sequence[TrialRecord]]
#: What a name of a comparison stands for: weights of variants, by label.
Weights = Mapping[str, float]
Members = Mapping[str, Weights]


@dataclass(frozen=True)
class OtherImages:
    """The outcomes on each test image of a run's trials.

    outcomes: by label of the variant and by seed.
    missing: why the intervals are missing, or "".
    """

    outcomes: Mapping[str, Mapping[int, ImageOutcomes]]
    missing: str = ""

    @classmethod
    def of(cls, groups: Mapping[str, Sequence[TrialRecord]], plan: PlanRecord, metric: str) -> "OtherImages":
        """Return the outcomes of a run, if they are about the metric."""
        if metric != METRIC:
            return cls({})
        labels = {variant.variant_id: variant.label for variant in plan.variants}
        found = {
            label: {record.trial.seed: record.outcomes for record in groups[variant] if record.outcomes}
            for variant, label in labels.items()
        }
        completed = [record for variant in labels for record in groups[variant] if record.status in COMPLETED]
        return cls(found, _missing(completed))

    def annotate(self, comparisons: Iterable[Comparison], members: Members) -> tuple[Comparison, ...]:
        """Return comparisons with their intervals over seeds and test images; members: of the names they compare."""
        return tuple(self._annotate(each, members) for each in comparisons)

    def _annotate(self, comparison: Comparison, members: Members) -> Comparison:
        sides = members[comparison.variant], members[comparison.baseline]
        alone = comparison.test == "paired" or comparison.n == 1
        spread = self._paired(comparison, *sides) if alone else self._independent(comparison, *sides)
        over_seeds = None if comparison.n == 1 else (comparison.difference_low, comparison.difference_high)
        low, high = spread.interval(1 - comparison.alpha, over_seeds) if spread else (nan, nan)
        if isnan(low):
            return comparison
        any_outcomes = next(iter(self.outcomes[next(iter(sides[0]))].values()))
        images, groups = any_outcomes.count, any_outcomes.number_of_groups
        return replace(comparison, images=images, groups=groups, images_low=low, images_high=high)

    def _paired(self, comparison: Comparison, first: Weights, second: Weights) -> "Spread | None":
        contrast = dict(first)
        for label, weight in second.items():
            contrast[label] = contrast.get(label, 0.0) - weight
        differences = self._sums(contrast, comparison.seeds)
        if differences is None or len(differences) != comparison.n or 1 < comparison.n < MINIMUM_PAIRS:
            return None
        from dlbench.statistics.crossed import crossed

        return crossed(differences)

    def _independent(self, comparison: Comparison, first: Weights, second: Weights) -> "Spread | None":
        sides = [self._sums(weights, comparison.seeds) for weights in (first, second)]
        known = [side for side in sides if side is not None]
        if len(known) < 2 or (*map(len, known),) != comparison.sizes or not self._same_images({**first, **second}):
            return None
        from dlbench.statistics.crossed import crossed_samples

        return crossed_samples(*known) if comparison.n >= MINIMUM_PAIRS else None

    def _same_images(self, labels: Iterable[str]) -> bool:
        return len({(each.images, each.count) for label in labels for each in self.outcomes[label].values()}) == 1

    def _sums(self, contrast: Weights, among: Sequence[int]) -> "NDArray[np.number] | None":
        """Return the weighted sums of outcomes (seeds, images), on those seeds that all variants have; None if none.

        Of a data set that names groups of images, the sums over each group, scaled to have the same mean.
        """
        import numpy as np

        rows = [self.outcomes.get(label, {}) for label in contrast]
        seeds = sorted(set.intersection({*among}, *map(set, rows)))
        if not seeds or len({(row[seed].images, row[seed].count) for row in rows for seed in seeds}) > 1:
            return None
        one = rows[0][seeds[0]]
        whole = not one.groups and all(weight in (1.0, -1.0) for weight in contrast.values())
        columns = one.number_of_groups or one.count
        total = np.zeros((len(seeds), columns), dtype=np.int8 if whole else np.float32)
        for row, weight in zip(rows, contrast.values(), strict=True):
            try:
                correct = np.stack([row[seed].by_group() for seed in seeds])
            except ValueError:  # damaged
                return None
            total += correct.astype(total.dtype) * total.dtype.type(weight)
        return total * np.float32(columns / one.count) if one.groups else total


def _missing(completed: Sequence[TrialRecord]) -> str:
    """Return why intervals for other test images are missing, as a sentence; "" if they are not."""
    without = sum(record.outcomes is None and record.status == "done" for record in completed)
    head = "intervals for other test images are missing"
    if without:
        return f"{head}: {without} of {len(completed)} trials were recorded without their outcomes on each image"
    tested: dict[tuple[str, int | None], set[str]] = {}
    for record in completed:
        if record.outcomes:
            trial = record.trial
            tested.setdefault((trial.dataset.short, trial.settings.test_size), set()).add(record.outcomes.images)
    several = [name for (name, _), images in tested.items() if len(images) > 1]
    return f"{head}: not all trials were tested on the same images of {', '.join(several)}" if several else ""


def equal_weights(labels: Sequence[str]) -> dict[str, float]:
    """Return the members of a mean over variants."""
    return dict.fromkeys(labels, 1 / len(labels))
