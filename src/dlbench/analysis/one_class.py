"""Variants that predict one class for all test images: a warning, since accuracy hides it where classes are unequal."""

from collections.abc import Iterable, Sequence

from dlbench.analysis.summary import group_by_variant
from dlbench.plans.plan_record import PlanRecord
from dlbench.trials.trial_record import TrialRecord

#: A class this much more frequent than the others make on average is one by which accuracy is high for nothing.
_FREQUENT = 1.5


def one_class_notes(records: Iterable[TrialRecord], plan: PlanRecord, metric: str) -> tuple[str, ...]:
    """Return a sentence for each variant of which at least half of the trials predict one class only.

    metric: the metric that the run is judged by.
    """
    grouped = group_by_variant(records, plan)
    notes = (_note(variant.label, grouped[variant.variant_id], metric) for variant in plan.variants)
    return tuple(note for note in notes if note)


def _note(label: str, records: Sequence[TrialRecord], metric: str) -> str:
    known = [record for record in records if record.status == "done" and len(record.confusion) > 1]
    found = [(record, predicted[0]) for record in known if len(predicted := _predicted(record)) == 1]
    if not found or 2 * len(found) < len(known):
        return ""
    names = dict.fromkeys(_name(record, index) for record, index in found)
    shares = [sum(record.confusion[index]) / sum(map(sum, record.confusion)) for record, index in found]
    note = f"in {len(found)} of {len(known)} trials {label} predicts one class only ({', '.join(names)})"
    if max(shares) * len(found[0][0].confusion) < _FREQUENT:
        return note
    note += f": with {100 * max(shares):.0f} % of the test images in that class, accuracy says little"
    return note if "balanced" in metric else f"{note}; --metric balanced_accuracy says more"


def _predicted(record: TrialRecord) -> list[int]:
    """Return the classes that a trial predicts for some test image."""
    return [index for index, column in enumerate(zip(*record.confusion, strict=True)) if any(column)]


def _name(record: TrialRecord, index: int) -> str:
    return record.class_names[index] if index < len(record.class_names) else str(index)
