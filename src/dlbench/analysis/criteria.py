"""The criteria of verdicts: those fixed before running, changed by those a user asks for later."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from dlbench.analysis.diagnostics import declared_in, names_in
from dlbench.analysis.metrics import check_metric
from dlbench.components.metric_table import METRICS, find_metric
from dlbench.components.metrics import Value
from dlbench.components.spelling import resolve
from dlbench.plans.criteria import MARGIN_IN_FILES, Criteria
from dlbench.plans.naming import find_baseline
from dlbench.plans.plan_record import PlanRecord
from dlbench.statistics.seeds import check_reachable
from dlbench.trials.trial_record import TrialRecord

_NAMES = {
    "spending": "α over the interim analyses",
    "least_chance": "least chance of a verdict with which a variant goes on",
    "alpha_study": "one α for all tables",
}
#: What goes without saying where the interim analyses differ.
_OF_LOOKS = ("spending", "least_chance")


def asked_criteria(asked: Mapping[str, Any], plan: PlanRecord, record: TrialRecord | None = None) -> Criteria:
    """Return a plan's criteria, changed by those that are asked for.

    asked: any of metric, at, margin, alpha, baseline, all_pairs, test, alpha_study; the margin in the unit shown to
        users, points for shares. MARGIN_IN_FILES is a margin in the unit of files.
    plan: plan of the run.
    record: a trial whose metrics are accepted too.

    Raises DlbenchError for invalid criteria.
    """
    fixed = plan.criteria
    wanted = replace(fixed, **{key: value for key, value in asked.items() if key not in ("margin", MARGIN_IN_FILES)})
    declared = declared_in(plan)
    wanted = replace(wanted, metric=resolve(wanted.metric, [*METRICS, *names_in(plan)]) or wanted.metric)
    metric = find_metric(wanted.metric, declared)
    if "margin" in asked:
        wanted = replace(wanted, margin=asked["margin"] / metric.difference_scale)
    elif MARGIN_IN_FILES in asked:
        wanted = replace(wanted, margin=asked[MARGIN_IN_FILES])
    elif wanted.metric != fixed.metric:
        wanted = replace(wanted, margin=metric.margin)
    if "baseline" in asked:
        labels = {variant.label: variant.values for variant in plan.variants}
        wanted = replace(wanted, baseline=find_baseline(asked["baseline"], labels))
    check_metric(wanted.metric, record, names_in(plan))
    if asked.keys() & {"alpha", "test"}:
        check_reachable(wanted.alpha, wanted.test)
    wanted.rules(declared)  # raises for an invalid margin or alpha
    return wanted


def deviations(wanted: Criteria, plan: PlanRecord) -> tuple[str, ...]:
    """Return how criteria deviate from those that a plan fixed before running, a text for each."""
    fixed, declared = plan.criteria, declared_in(plan)
    return tuple(
        f"{_in_words(name, wanted, declared)}, fixed before running: {_word(name, fixed, declared)}"
        for name in _changed(wanted, fixed)
    )


def changed_criteria(before: PlanRecord, now: PlanRecord) -> tuple[str, ...]:
    """Return the criteria of a plan that those of another one changed, as texts: "metric test_loss"."""
    declared = declared_in(before)
    return tuple(_in_words(name, before.criteria, declared) for name in _changed(before.criteria, now.criteria))


def _changed(one: Criteria, other: Criteria) -> list[str]:
    names = [field.name for field in fields(Criteria) if getattr(one, field.name) != getattr(other, field.name)]
    return [name for name in names if name not in _OF_LOOKS or "interim_analyses" not in names]


def _in_words(name: str, criteria: Criteria, declared: Sequence[Value]) -> str:
    return f"{_NAMES.get(name, name.replace('_', ' '))} {_word(name, criteria, declared)}"


def _word(name: str, criteria: Criteria, declared: Sequence[Value]) -> str:
    """Return a criterion as users write it: the margin in the unit of differences."""
    value = getattr(criteria, name)
    match value:
        case bool():
            return "yes" if value else "no"
        case float() | int() if name == "margin":
            return find_metric(criteria.metric, declared).difference_in_words(value)
        case float():
            return f"{value:g}"
        case tuple():
            return f"at {', '.join(map(str, value))} seeds" if value else "none"
    return str(value)
