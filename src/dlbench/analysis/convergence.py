"""How fast the trials of a run reach a target that the baseline sets, and how steadily they improve.

The target of a data set is the baseline's median validation accuracy at a fixed fraction of its epochs.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from dlbench.analysis.metrics import Query, epoch_curve, metric_value
from dlbench.analysis.summary import group_by_variant
from dlbench.components.metric_table import find_metric
from dlbench.components.records import ParameterValue
from dlbench.plans.plan_record import PlannedVariant, PlanRecord, Target
from dlbench.statistics.sums import mean
from dlbench.trials.trial_record import COMPLETED, TrialRecord

METRIC = "validation_accuracy"
FRACTION = 0.8


@dataclass(frozen=True, kw_only=True)
class Convergence:
    """The convergence of a variant, over its trials.

    variant: label of the variant.
    target: target of its data set; None if the baseline set none.
    n: number of trials.
    reached: number of trials that reached the target.
    epochs: median number of epochs to the target; ∞ if fewer than half of the trials reached it.
    seconds: median time to the target; ∞ likewise.
    area: mean of validation_accuracy_area, a fraction; None if no trial has one.
    change: mean of validation_accuracy_change, a fraction; None if no trial has one.
    gap: mean of generalization_gap, a fraction; None if no trial has one.
    """

    variant: str
    target: float | None
    n: int
    reached: int | None
    epochs: float | None
    seconds: float | None
    area: float | None
    change: float | None
    gap: float | None

    def document(self) -> dict[str, ParameterValue]:
        """Return it as JSON content, where the trials that reached the target are called "hits"."""
        return {"hits" if name == "reached" else name: value for name, value in asdict(self).items()}


def find_target(records: Iterable[TrialRecord], plan: PlanRecord) -> Target | None:
    """Return the target that the baseline's trials set; None if they set none."""
    from dlbench.statistics.convergence import target_from_baseline

    groups = group_by_variant((record for record in records if record.status in COMPLETED), plan)
    base = plan.baseline_variant
    values = {}
    for variant in plan.variants:
        if _without_dataset(variant) == _without_dataset(base) and (group := groups[variant.variant_id]):
            curves = [epoch_curve(record, METRIC) for record in group]
            values[group[0].trial.dataset.text] = target_from_baseline(curves, fraction=FRACTION)
    known = {dataset: value for dataset, value in values.items() if not math.isnan(value)}
    return Target(metric=METRIC, fraction=FRACTION, baseline=plan.baseline, values=known) if known else None


def _without_dataset(variant: PlannedVariant) -> dict[str, str]:
    return {axis: value for axis, value in variant.values.items() if axis != "dataset"}


def target_of(record: TrialRecord, plan: PlanRecord) -> float | None:
    """Return the target of a trial's data set, as the plan has it; None if it has none."""
    return plan.target.values.get(record.trial.dataset.text) if plan.target else None


def epochs_to_target(record: TrialRecord, plan: PlanRecord) -> float | None:
    """Return a trial's cell in trials.csv: ∞ if it missed the target; None without a target or a result."""
    target = target_of(record, plan)
    if target is None or record.status not in COMPLETED:
        return None
    return metric_value(record, Query(metric="epochs_to_target", target=target))


def convergence(records: Iterable[TrialRecord], plan: PlanRecord) -> tuple[Convergence, ...]:
    """Return how each variant converged; () if no trial has more than one epoch."""
    groups = group_by_variant((record for record in records if record.status in COMPLETED), plan)
    if not any(len(record.epochs) > 1 for group in groups.values() for record in group):
        return ()
    return tuple(_converged(variant.label, groups[variant.variant_id], plan) for variant in plan.variants)


def _converged(label: str, group: Sequence[TrialRecord], plan: PlanRecord) -> Convergence:
    from dlbench.statistics.convergence import summarize_times

    target = target_of(group[0], plan) if group else None
    epochs, seconds = (_values(group, f"{unit}_to_target", target) for unit in ("epochs", "seconds"))
    return Convergence(
        variant=label,
        target=target,
        n=len(group),
        reached=summarize_times(epochs).reached if epochs else None,
        epochs=summarize_times(epochs).median if epochs else None,
        seconds=summarize_times(seconds).median if seconds else None,
        area=_mean(_values(group, "validation_accuracy_area")),
        change=_mean(_values(group, "validation_accuracy_change")),
        gap=_mean(_values(group, "generalization_gap")),
    )


def _values(group: Iterable[TrialRecord], metric: str, target: float | None = None) -> list[float]:
    if target is None and find_metric(metric).needs_target:
        return []
    found = (metric_value(record, Query(metric=metric, target=target)) for record in group)
    return [value for value in found if value is not None]


def _mean(values: Sequence[float]) -> float | None:
    return mean(values) if values else None
