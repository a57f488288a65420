"""The criteria of verdicts: those fixed before running, changed by those a user asks for later."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from dlbench.analysis.diagnostics import declared_in, names_in
from dlbench.analysis.metrics import check_metric
from dlbench.components.metric_table import find_metric
from dlbench.plans.criteria import Criteria
from dlbench.plans.naming import find_baseline
from dlbench.plans.plan_record import PlanRecord
from dlbench.trials.trial_record import TrialRecord


def asked_criteria(asked: Mapping[str, Any], plan: PlanRecord, record: TrialRecord | None = None) -> Criteria:
    """Return a plan's criteria, changed by those that are asked for.

    asked: any of metric, at, margin, alpha, baseline, all_pairs; the margin in the unit shown to users, points for
        shares.
    plan: plan of the run.
    record: a trial whose metrics are accepted too.

    Raises DlbenchError for invalid criteria.
    """
    fixed = plan.criteria
    wanted = replace(fixed, **{key: value for key, value in asked.items() if key != "margin"})
    declared = declared_in(plan)
    metric = find_metric(wanted.metric, declared)
    if "margin" in asked:
        wanted = replace(wanted, margin=asked["margin"] / metric.difference_scale)
    elif wanted.metric != fixed.metric:
        wanted = replace(wanted, margin=metric.margin)
    if "baseline" in asked:
        labels = {variant.label: variant.values for variant in plan.variants}
        wanted = replace(wanted, baseline=find_baseline(asked["baseline"], labels))
    check_metric(wanted.metric, record, names_in(plan))
    wanted.rules(declared)  # raises for an invalid margin or alpha
    return wanted


def deviations(wanted: Criteria, fixed: Criteria) -> tuple[str, ...]:
    """Return how criteria deviate from those that were fixed before running, a text for each."""
    return tuple(
        f"{field.name.replace('_', ' ')} {_word(getattr(wanted, field.name))}, "
        f"fixed before running: {_word(getattr(fixed, field.name))}"
        for field in fields(Criteria)
        if getattr(wanted, field.name) != getattr(fixed, field.name)
    )


def _word(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case tuple():
            return ", ".join(map(str, value)) or "none"
    return str(value)
