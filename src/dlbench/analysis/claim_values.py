"""The values that a claim compares, for each operand by seed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from dlbench.analysis.metrics import Query, metric_value
from dlbench.analysis.race import Race
from dlbench.analysis.summary import group_by_variant
from dlbench.analysis.yardstick import mixed_losses
from dlbench.errors import DlbenchError
from dlbench.experiments.experiment_file import Claim
from dlbench.experiments.relations import Link, Operand
from dlbench.plans.naming import find_group
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.statistics.sums import total
from dlbench.statistics.verdicts import Look, LookOf
from dlbench.trials.trial_record import COMPLETED, TrialRecord

Series = dict[int, float | None]
Key = TypeVar("Key")
Variants = Sequence[PlannedVariant]


def measured(record: TrialRecord, query: Query) -> float | None:
    """Return a trial's value; None if it failed or has none."""
    return metric_value(record, query) if record.status in COMPLETED else None


@dataclass(frozen=True)
class ClaimValues:
    """Access to the values of a claim in a run's records.

    claim: the claim.
    plan: plan of the run.
    grouped: records by variant_id.
    race: how far the plan's comparisons have grown.
    """

    claim: Claim
    plan: PlanRecord
    grouped: Mapping[str, Sequence[TrialRecord]]
    race: Race

    @classmethod
    def of(cls, claim: Claim, records: Iterable[TrialRecord], plan: PlanRecord, race: Race) -> "ClaimValues":
        """Return the access to a claim's values, from a run's records."""
        return cls(claim, plan, group_by_variant(records, plan), race)

    def as_tuned(self, link: Link) -> Link:
        """Return a link with the names that its variants have once those that differ in what is tuned are one.

        Raises DlbenchError where both sides are that one.
        """
        left, right = self._as_tuned(link.left), self._as_tuned(link.right)
        if left != link.left and left.name == right.name:
            raise DlbenchError(
                f"{link.left.name} and {link.right.name} are one variant, {left.name}: what they differ in is tuned."
            )
        return replace(link, left=left, right=right)

    def _as_tuned(self, operand: Operand) -> Operand:
        if operand.constant is not None:
            return operand
        merged = [each for each in find_group(operand.name, self.plan).variants if operand.name in each.stands_for]
        return replace(operand, name=merged[0].label) if merged else operand

    def operands(self, operands: Iterable[Operand]) -> tuple[dict[Operand, Series], LookOf]:
        """Return each operand's values by seed, and the look of two keys; a value of an axis is the mean over others.

        Only combinations that every operand of the axis has are averaged; a constant has its value for every seed.
        Raises DlbenchError for a name that is not in the plan.
        """
        wanted = tuple(operands)
        constants: dict[Operand, Series] = {
            operand: dict.fromkeys(self.plan.seeds, operand.scale * operand.constant)
            for operand in wanted
            if operand.constant is not None
        }
        members = self.members([operand for operand in wanted if operand not in constants])
        named = {operand.key: variants for operand, variants in members.items()}
        return constants | {
            operand: self._series(variants, operand.metric, operand.scale) for operand, variants in members.items()
        }, self._look_of(named)

    def members(self, operands: Iterable[Operand]) -> dict[Operand, Variants]:
        """Return the variants behind each operand: one, or of a value of an axis those that all operands have."""
        groups = {operand: find_group(operand.name, self.plan) for operand in operands}
        variants = [variant for group in groups.values() for variant in group.variants]
        for metric in {operand.metric for operand in groups}:
            self._check_one_loss(variants, metric)
        axes = {group.axis for group in groups.values() if group.axis}
        balanced = {
            operand: variants
            for axis in axes
            for operand, variants in balance(
                {o: g.variants for o, g in groups.items() if g.axis == axis}, {axis}
            ).items()
        }
        return {operand: balanced.get(operand, group.variants) for operand, group in groups.items()}

    def _look_of(self, members: Mapping[str, Variants]) -> LookOf:
        """Return the look of each pair of keys, at the claim's share of α. members: the variants behind each key."""
        labels = {key: [variant.label for variant in variants] for key, variants in members.items()}

        def look(variant: str, baseline: str) -> Look:
            own = self.race.look_between(labels.get(variant, ()), labels.get(baseline, ()))
            return replace(own, alpha=self.plan.criteria.level(len(own.seeds), self.claim.alpha))

        return look

    def grid(self, first: str, second: str) -> tuple[dict[tuple[str, str], Series], LookOf]:
        """Return the values by seed of each pair of two axes' values, the mean over the others, and the look of all."""
        for axis in (first, second):
            if axis not in self.plan.axes and self.plan.tuning and axis in self.plan.tuning.names:
                raise DlbenchError(f"{axis.replace('_', ' ')} is tuned for each variant, so it is compared no more.")
            if axis not in self.plan.axes:
                raise DlbenchError(f"There is no axis {axis!r}.")
        pairs = [(one, other) for one in self.plan.axes[first] for other in self.plan.axes[second]]
        groups = {
            pair: [v for v in self.plan.variants if (v.values.get(first), v.values.get(second)) == pair]
            for pair in pairs
        }
        self._check_one_loss([variant for group in groups.values() for variant in group])
        present = {pair: variants for pair, variants in groups.items() if variants}
        members = balance(present, {first, second})
        every = [variant for variants in members.values() for variant in variants]
        look = self._look_of({"": every})("", "")
        return {pair: self._series(variants) for pair, variants in members.items()}, lambda *_: look

    def steps(self, axis: str) -> list[Operand]:
        """Return the values of an axis that have a variant, in order, as operands."""
        values = self.plan.axes.get(axis, ())
        kept = [value for value in values if any(v.values.get(axis) == value for v in self.plan.variants)]
        if len(kept) < 2:
            raise DlbenchError(f"{axis} takes fewer than two values.")
        return [Operand(f"{axis}={value}") for value in kept]

    def _check_one_loss(self, variants: Variants, metric: str = "") -> None:
        """Raise DlbenchError where the claim's metric is not the same loss for all of the variants."""
        records = [record for variant in variants for record in self.grouped[variant.variant_id]]
        if reason := mixed_losses(records, metric or self.claim.metric):
            raise DlbenchError(f"{reason[:1].upper()}{reason[1:]}.")

    def _series(self, variants: Variants, metric: str = "", scale: float = 1.0) -> Series:
        """Return scaled means over variants by seed; None if a variant has no value."""
        claim = self.claim
        query = Query(metric=metric or claim.metric, at=claim.at, over=claim.over, target=claim.target)
        each = [
            {record.trial.seed: measured(record, query) for record in self.grouped[variant.variant_id]}
            for variant in variants
        ]
        return {seed: _scaled_mean([values.get(seed) for values in each], scale) for seed in self.plan.seeds}


def balance(groups: Mapping[Key, Variants], axes: set[str]) -> dict[Key, Variants]:
    """Return each group reduced to the combinations of the other axes that every group has."""
    contexts = {key: {_context(variant, axes): variant for variant in group} for key, group in groups.items()}
    shared = set.intersection(*(set(known) for known in contexts.values())) if contexts else set()
    if groups and not shared:
        raise DlbenchError(f"The values of {' and '.join(sorted(axes))} have no combination in common.")
    return {key: [variant for at, variant in known.items() if at in shared] for key, known in contexts.items()}


def _context(variant: PlannedVariant, axes: set[str]) -> tuple[str, ...]:
    return tuple(value for axis, value in variant.values.items() if axis not in axes)


def _scaled_mean(values: Sequence[float | None], scale: float) -> float | None:
    known = [value for value in values if value is not None]
    return scale * total(known) / len(known) if known and len(known) == len(values) else None
