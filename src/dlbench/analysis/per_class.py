"""Precision, recall and F1 of each class, from the confusion matrices of a run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dlbench.analysis.summary import Summary, group_by_variant
from dlbench.components.records import ParameterValue
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.trials.trial_record import COMPLETED, TrialRecord

SCORES = ("precision", "recall", "f1")


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """The scores of one class of one variant on the test set, over its seeds.

    Scores are fractions, and 0 if their denominator is 0.

    label: label of the variant.
    values: the variant's value on each axis.
    class_name: name of the class.
    support: number of test images of the class.
    precision: summary over seeds.
    recall: summary over seeds.
    f1: summary over seeds.
    """

    label: str
    values: Mapping[str, str]
    class_name: str
    support: int
    precision: Summary
    recall: Summary
    f1: Summary


def per_class(records: Iterable[TrialRecord], plan: PlanRecord) -> tuple[ClassScores, ...]:
    """Return the scores of each variant's classes, in the order of the plan and of the data set's classes."""
    grouped = group_by_variant(records, plan)
    return tuple(scores for variant in plan.variants for scores in _variant(variant, grouped[variant.variant_id]))


def _variant(variant: PlannedVariant, records: Sequence[TrialRecord]) -> Iterable[ClassScores]:
    known = [record for record in records if record.status in COMPLETED and record.confusion]
    for index, name in enumerate(known[0].class_names if known else ()):
        by_seed = {record.trial.seed: class_scores(record.confusion, index) for record in known}
        summaries = {score: Summary.of({seed: found[score] for seed, found in by_seed.items()}) for score in SCORES}
        support = sum(known[0].confusion[index])
        yield ClassScores(label=variant.label, values=variant.values, class_name=name, support=support, **summaries)


def class_scores(confusion: Sequence[Sequence[int]], index: int) -> dict[str, float]:
    """Return one class's precision, recall and F1. confusion: counts, one row per true class."""
    correct, actual = confusion[index][index], sum(confusion[index])
    predicted = sum(row[index] for row in confusion)
    return {
        "precision": correct / max(predicted, 1),
        "recall": correct / max(actual, 1),
        "f1": 2 * correct / max(predicted + actual, 1),
    }


def per_class_table(rows: Sequence[ClassScores]) -> tuple[tuple[str, ...], list[dict[str, ParameterValue]]]:
    """Return columns and rows of a table: label, values by axis, class, support, n, and two columns per score."""
    table = []
    for row in rows:
        cells: dict[str, ParameterValue] = {"label": row.label, **row.values, "class": row.class_name}
        cells |= {"support": row.support, "n": row.f1.n}
        for score in SCORES:
            summary: Summary = getattr(row, score)
            cells |= {f"{score}_mean": summary.mean, f"{score}_std": summary.std}
        table.append(cells)
    return tuple(dict.fromkeys(column for cells in table for column in cells)), table
