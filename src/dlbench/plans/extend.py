"""Which plans fit into one run folder, and the plan of one folder joined with that of another."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from dlbench.errors import DlbenchError
from dlbench.plans.criteria import Criteria
from dlbench.plans.hold import HOLD
from dlbench.plans.plan_record import PlanRecord
from dlbench.trials.axes import TEXTS_BEFORE_INTRODUCED

Item = TypeVar("Item")
#: What plans did without an axis, a setting or a held source of randomness.
_BEFORE = {**TEXTS_BEFORE_INTRODUCED, HOLD: ""}
_ANOTHER_NAME = "Choose another --name, or repeat the settings that the folder was made with."


def extend_plan(old: PlanRecord, new: PlanRecord) -> PlanRecord:
    """Join two plans with equal fixed settings: more values of an axis, more variants, more seeds.

    The order of the old plan stays, and so do its baseline and its criteria, but for interim analyses where it had
    none. Raises DlbenchError for other fixed settings, a label that means another variant now, and another label for a
    variant.
    """
    check_fixed(old, new, "Merge it with runs that have its settings, into another run.")
    tuning = old.tuning.joined(new.tuning) if old.tuning and new.tuning else old.tuning or new.tuning
    _check_labels(old, new)
    labels = {variant.label for variant in old.variants}
    return replace(
        old,
        axes={axis: _union(old.axes.get(axis, ()), new.axes.get(axis, ())) for axis in {**old.axes, **new.axes}},
        variants=(*old.variants, *(variant for variant in new.variants if variant.label not in labels)),
        seeds=_union(old.seeds, new.seeds),
        experiment=old.experiment or new.experiment,
        judging=_join_criteria(old.judging, new.judging),
        noise_floor=_union(old.noise_floor, new.noise_floor),
        diagnostics=old.diagnostics.joined(new.diagnostics),
        target=old.target or new.target,
        tuning=tuning,
        finished={},
        spread=old.spread or new.spread,
        rebuilt=old.rebuilt or new.rebuilt,
        unknown={**new.unknown, **old.unknown},
    )


def check_fixed(old: PlanRecord, new: PlanRecord, hint: str = _ANOTHER_NAME) -> None:
    """Raise DlbenchError for a plan whose fixed settings differ from those of a run folder, and list them."""
    before = {name: text for name, text in _BEFORE.items() if name in new.fixed}
    fixed = {name: text for name, text in before.items() if name not in old.axes} | dict(old.fixed)
    here = {HOLD: _BEFORE[HOLD], **new.fixed} if HOLD in fixed else dict(new.fixed)
    names = [name for name in {**fixed, **here} if fixed.get(name) != here.get(name)]
    if names:
        differences = [
            f"{name} is {_in_words(fixed.get(name))} there and {_in_words(here.get(name))} here" for name in names
        ]
        raise DlbenchError(f"The run folder holds results with other fixed settings: {'; '.join(differences)}.", hint)


def _in_words(text: str | None) -> str:
    return "varied" if text is None else text or "not set"


def _check_labels(old: PlanRecord, new: PlanRecord) -> None:
    known = {variant.label: variant.variant_id for variant in old.variants}
    labels = {identity: label for label, identity in known.items()}
    for variant in new.variants:
        if known.get(variant.label, variant.variant_id) != variant.variant_id:
            raise DlbenchError(
                f"The variant {variant.label} is not the one of that name in the other folder: "
                "its data, or a value that shows neither as an axis nor as a fixed setting, differs.",
                "Merge only runs whose variants are the same.",
            )
        if (there := labels.get(variant.variant_id, variant.label)) != variant.label:
            raise DlbenchError(
                f"The variant {variant.label} is {there} in the other folder.",
                "Repeat the command of one folder with the label of the other, which trains nothing again.",
            )


def _join_criteria(old: Criteria | None, new: Criteria | None) -> Criteria | None:
    """Return the old criteria; stopping at interim analyses costs alpha from the first session that does it."""
    if not old or not new:
        return old or new
    grown = old if old.interim_analyses else new
    return replace(
        old,
        interim_analyses=grown.interim_analyses,
        spending=grown.spending,
        least_chance=grown.least_chance,
    )


def _union(old: Iterable[Item], new: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys([*old, *new]))
