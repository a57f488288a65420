"""Variants that differ only in what is tuned are one variant once they are tuned."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from string import digits

from dlbench.plans.plan import Plan, Variant
from dlbench.plans.search_space import Dimension, search_space, untuned_identity
from dlbench.plans.tuning import Tune
from dlbench.plans.tuning_record import name_in_words
from dlbench.plans.variants import VARIANT
from dlbench.plugins.registry import Registry

#: As many merged variants are named.
_SHOWN = 3


def with_one_variant_each(plan: Plan, tune: Tune, registry: Registry) -> Plan:
    """Return a plan in which variants that differ only in what is tuned are one, the first of them.

    An experiment's file may compare learning rates: tuned, its variants are compared at their own best rates.
    Raises DlbenchError for what cannot be tuned.
    """
    spaces = {each.label: search_space(tune.ranges, each.trial, registry) for each in plan.variants}
    groups = _alike(plan.variants, spaces)
    if len(groups) == len(plan.variants):
        return plan
    tuned = {each.name for space in spaces.values() for each in space}
    merged = [_merged(group, tuned) for group in groups]
    labels = [_label(each) for each in merged]
    variants = tuple(
        replace(each, label=label if labels.count(label) == 1 else group[0].label)
        for each, label, group in zip(merged, labels, groups, strict=True)
    )
    kept = {label: each.label for each in variants for label in (each.label, *each.stands_for)}
    listed = (*variants, *(veto.variant for veto in plan.vetoes))
    axes = {axis: tuple(dict.fromkeys(each.values.get(axis, "") for each in listed)) for axis in variants[0].values}
    return replace(
        plan,
        axes=axes,
        variants=variants,
        baseline=kept.get(plan.baseline, plan.baseline),
        notes=(*plan.notes, _note(variants, [each for space in spaces.values() for each in space])),
    )


def _alike(variants: Sequence[Variant], spaces: Mapping[str, Sequence[Dimension]]) -> list[list[Variant]]:
    """Return the variants in groups that differ only in what is tuned."""
    groups: dict[str, list[Variant]] = {}
    for each in variants:
        groups.setdefault(untuned_identity(each.trial, spaces[each.label]), []).append(each)
    return list(groups.values())


def _merged(group: Sequence[Variant], tuned: Container[str]) -> Variant:
    """Return one variant for several, without the axes that are tuned."""
    first = group[0]
    values = {
        axis: _common([each.values[axis] for each in group], words=axis == VARIANT)
        for axis in first.values
        if axis not in tuned
    }
    return replace(first, values=values, stands_for=tuple(each.label for each in group) if len(group) > 1 else ())


def _common(texts: Sequence[str], *, words: bool) -> str:
    """Return what texts begin with, "sgd" for "sgd 3e-3" and "sgd 1e-2"; the first where they share nothing."""
    if len(set(texts)) == 1 or not words:
        return texts[0]
    shared = takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
    return "".join(letters[0] for letters in shared).rstrip(digits + " -_,.:;=(+@") or texts[0]


def _label(variant: Variant) -> str:
    return ", ".join(variant.values.values()) or variant.trial.model.short


def _note(variants: Sequence[Variant], tuned: Sequence[Dimension]) -> str:
    names = ", ".join(dict.fromkeys(name_in_words(each.name) for each in tuned))
    merged = [
        f"{each.label} stands for " + " and ".join(f'"{label}"' for label in each.stands_for)
        for each in variants
        if each.stands_for
    ]
    more = f"; {len(merged) - _SHOWN} more" if len(merged) > _SHOWN else ""
    return f"variants that differ only in what is tuned ({names}) are one: {'; '.join(merged[:_SHOWN])}{more}"
