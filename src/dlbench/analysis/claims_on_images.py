"""Whether claims about accuracy hold on other test images, from the outcomes that records keep for each image."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import Any

from dlbench.analysis.claim_parts import Answer
from dlbench.analysis.claim_values import ClaimValues
from dlbench.analysis.claims import links_of, rules_of
from dlbench.analysis.other_images import METRIC, OtherImages, equal_weights
from dlbench.analysis.verdicts import race_of
from dlbench.errors import DlbenchError
from dlbench.experiments.experiment_file import Claim
from dlbench.experiments.relations import Interaction, Link, operands_of
from dlbench.plans.plan_record import PlanRecord
from dlbench.statistics.comparisons import compare_pairs
from dlbench.statistics.seeds import least_seeds
from dlbench.statistics.verdicts import Comparison
from dlbench.trials.trial_record import TrialRecord

#: The metrics, and the epochs at which they are read, of which the test accuracy is a measure too.
_METRICS, _EPOCHS = (METRIC, "validation_accuracy"), ("selected", "last")
_SHOWN = ("variant", "baseline", "n", "difference", "difference_low", "difference_high", "images_low", "images_high")


@dataclass(frozen=True, kw_only=True)
class ClaimOnImages:
    """A claim that accuracies lie in an order, and the differences of test accuracy that it is about.

    text: the claim.
    answer: the answer to it, by its own metric and over seeds alone.
    directions: of each difference, 1 where it is claimed to be positive, −1 where negative.
    differences: the differences of test accuracy, with their intervals over seeds, and over seeds and images.
    """

    text: str
    answer: Answer
    directions: tuple[int, ...]
    differences: tuple[Comparison, ...]

    @property
    def words(self) -> str:
        """Return what the test images say to the claim, in plain words."""
        here = self._sides((each.difference_low, each.difference_high) for each in self.differences)
        elsewhere = self._sides((each.images_low, each.images_high) for each in self.differences)
        if -1 in here:
            return "is the other way round by test accuracy"
        if 0 in here:
            return "is not shown by test accuracy"
        return "holds on these test images alone" if 0 in elsewhere else "holds on other test images"

    def document(self) -> dict[str, Any]:
        """Return the claim as JSON content."""
        differences = [{name: getattr(each, name) for name in _SHOWN} for each in self.differences]
        return {"text": self.text, "answer": self.answer, "so": self.words, "differences": differences}

    def _sides(self, intervals: Iterable[tuple[float, float]]) -> set[int]:
        """Return where intervals lie: 1 on the claimed side of zero, −1 on the other, 0 on both."""
        ends = [sorted((sign * low, sign * high)) for sign, (low, high) in zip(self.directions, intervals, strict=True)]
        return {1 if low > 0 else -1 if high < 0 else 0 for low, high in ends}


def claims_on_images(
    judged: Iterable[tuple[Claim, Answer]], records: Iterable[TrialRecord], plan: PlanRecord
) -> tuple[ClaimOnImages, ...]:
    """Return the claims that can be asked of other test images; none where trials keep no outcome of each image.

    Nor are those with too few seeds for any difference to be shown.

    judged: claims with their answers.
    """
    known = tuple(records)
    race = race_of(known, plan)
    found = []
    for claim, answer in judged:
        if claim.metric not in _METRICS or claim.at not in _EPOCHS or isinstance(claim.relation, Interaction):
            continue
        asked = replace(claim, metric=METRIC, at="selected")
        values = ClaimValues.of(asked, known, plan, race)
        try:
            links = links_of(claim.relation, values)
            differences = _differences(asked, links, values)
        except DlbenchError:  # a name that is not in the run, as the claim's answer says
            continue
        if differences and all(map(_can_be_shown, differences)):
            directions = tuple(1 if link.sign == ">" else -1 for link in links)
            found.append(ClaimOnImages(text=claim.text, answer=answer, directions=directions, differences=differences))
    return tuple(found)


def _can_be_shown(found: Comparison) -> bool:
    return not isnan(found.images_low) and found.n >= least_seeds(found.alpha, found.test)


def _differences(claim: Claim, links: Sequence[Link], values: ClaimValues) -> tuple[Comparison, ...]:
    """Return the differences of links between variants as they are; none where one is a bound, a factor or ≈."""
    operands = operands_of(links)
    if not all(each.is_plain for each in operands) or any(link.sign == "≈" for link in links):
        return ()
    series, look_of = values.operands(operands)
    by_key = {operand.key: by_seed for operand, by_seed in series.items()}
    rules = rules_of(claim, values.plan)
    pairs = [(link.left.key, link.right.key) for link in links]
    alone = [found for pair in pairs for found in compare_pairs(by_key, [pair], rules, look_of)]
    labels = {operand.key: [each.label for each in variants] for operand, variants in values.members(operands).items()}
    members = {key: equal_weights(names) for key, names in labels.items()}
    annotated = OtherImages.of(values.grouped, values.plan, METRIC).annotate(alone, members)
    return tuple(
        replace(found, variant=str(link.left), baseline=str(link.right))
        for link, found in zip(links, annotated, strict=True)
    )
