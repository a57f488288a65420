"""Trials that ran out of time or memory: that they have no result says something about their variant."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from dlbench.analysis.families import Family
from dlbench.analysis.summary import CUT_SHORT, group_by_variant
from dlbench.plans.plan_record import PlanRecord
from dlbench.trials.trial_record import TrialRecord


def cut_short(records: Iterable[TrialRecord], plan: PlanRecord) -> dict[str, str]:
    """Return how many trials of each variant ran out of time or memory, in words, by label."""
    groups, found = group_by_variant(records, plan), {}
    for variant in plan.variants:
        group = groups[variant.variant_id]
        counts = {word: sum(record.status == status for record in group) for status, word in CUT_SHORT.items()}
        if any(counts.values()):
            words = [f"{count} of {len(group)} trials {word}" for word, count in counts.items() if count]
            found[variant.label] = ", ".join(words)
    return found


def with_cut_short(family: Family, plan: PlanRecord, lost: Mapping[str, str]) -> Family:
    """Return a family that knows which trials its values of the axis lost. lost: in words, by label."""
    if not lost:
        return family
    own = {}
    for value, labels in _members(family, plan).items():
        if found := [label for label in labels if label in lost]:
            own[value] = "; ".join(lost[label] if labels == [label] else f"{label}: {lost[label]}" for label in found)
    return replace(family, lost=own)


def _members(family: Family, plan: PlanRecord) -> dict[str, list[str]]:
    """Return the labels of the variants behind each value of a family's axis."""
    members: dict[str, list[str]] = {}
    for variant in plan.variants:
        if all(variant.values.get(axis) == value for axis, value in family.place.items()):
            members.setdefault(variant.values.get(family.axis, variant.label), []).append(variant.label)
    return members
