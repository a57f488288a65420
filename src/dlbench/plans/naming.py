"""Which variants a name means: a label, a value of an axis, or "axis=value"."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dlbench.components.spelling import resolve
from dlbench.components.syntax import format_value, guess_value
from dlbench.components.user_code import ENDING, qualified_text
from dlbench.errors import DlbenchError, suggest
from dlbench.plans.plan_record import PlannedVariant, PlanRecord


@dataclass(frozen=True)
class Group:
    """The variants that a name means.

    axis: the axis whose value it is, "" where it is a label.
    variants: those with that label or value.
    """

    axis: str
    variants: tuple[PlannedVariant, ...]


def find_group(name: str, plan: PlanRecord) -> Group:
    """Return the variants that a name means. Raises DlbenchError for an unknown or an ambiguous name."""
    labels = [label for variant in plan.variants for label in (variant.label, *variant.stands_for)]
    name = _as_spelled(name, labels, plan.axes.values())
    if labelled := tuple(variant for variant in plan.variants if variant.label == name):
        return Group("", labelled)
    if merged := tuple(variant for variant in plan.variants if name in variant.stands_for):
        return Group("", merged)
    found = []
    for axis in plan.axes:
        values = (name, _canonical(name), _canonical(name.removeprefix(f"{axis}=")))
        if chosen := tuple(variant for variant in plan.variants if variant.values.get(axis) in values):
            found.append(Group(axis, chosen))
    if len(found) > 1:
        choices = " or ".join(f'"{group.axis}={_canonical(name)}"' for group in found)
        raise DlbenchError(f"{name!r} is a value of several axes.", f"Write {choices}.")
    if not found:
        raise _unknown(name, [*labels, *(text for texts in plan.axes.values() for text in texts)])
    return found[0]


def find_variant(name: str, plan: PlanRecord) -> PlannedVariant:
    """Return the one variant that a name means. Raises DlbenchError where it means none, or several."""
    variants = find_group(name, plan).variants
    if len(variants) > 1:
        labels = ", ".join(f'"{variant.label}"' for variant in variants)
        raise DlbenchError(f"{name!r} means {len(variants)} variants.", f"Write one of {labels}.")
    return variants[0]


def find_baseline(name: str, variants: Mapping[str, Mapping[str, str]]) -> str:
    """Return the label of the first variant that a name means; "" means the first of all.

    variants: their values by axis, by label.
    """
    name = _as_spelled(name, list(variants), [list(values.values()) for values in variants.values()])
    if not name or name in variants:
        return name or next(iter(variants))
    for label, values in variants.items():
        if name in values.values():
            return label
    raise _unknown(name, [*variants, *(text for values in variants.values() for text in values.values())])


def _as_spelled(name: str, labels: Iterable[str], texts: Iterable[Iterable[str]]) -> str:
    """Return the label, else the value of an axis, that a name means however it is spelled; else the name."""
    known, labels = dict.fromkeys(text for values in texts for text in values), list(labels)
    found = resolve(name, labels, {}) or resolve(name, known, {})
    if not found and (f"{ENDING}:" in name or f"{ENDING}/" in name):  # code of the user's own, as it is written
        short = qualified_text(name).partition("/")[2]
        found = short if short in labels or short in known else None
    return found or name


def _unknown(name: str, known: Iterable[str]) -> DlbenchError:
    names = list(dict.fromkeys(known))
    return DlbenchError(
        f"There is no variant and no value of an axis {name!r}.",
        suggest(name, names, f"There are {', '.join(names)}."),
    )


def _canonical(text: str) -> str:
    """Return a value as plans write it: 3e-4 is 0.0003 there."""
    return format_value(guess_value(text))
