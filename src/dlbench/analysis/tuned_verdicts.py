"""Verdicts on tuned variants: the same, with what they are about."""

from dataclasses import replace

from dlbench.analysis.families import Family
from dlbench.analysis.judged import Judged
from dlbench.analysis.tuning_report import TuningReport
from dlbench.components.spelling import is_number
from dlbench.plans.plan_record import PlanRecord

#: Axes whose values need learning rates of their own to be at their best.
_TUNED_APART = ("optimizer", "scheduler", "activation")


def as_tuned(judged: Judged, plan: PlanRecord, report: TuningReport | None) -> Judged:
    """Return verdicts whose sentences say how their variants were tuned, or with the advice to tune them."""
    if report is None:
        return replace(judged, advice="" if plan.tuning else one_rate_for_all(plan))
    return replace(
        judged,
        tuning=report,
        families=tuple(_introduced(family, report.introduction) for family in judged.families),
        simple_effects=tuple(_introduced(family, report.introduction) for family in judged.simple_effects),
        interactions=tuple(_introduced(family, report.introduction) for family in judged.interactions),
    )


def one_rate_for_all(plan: PlanRecord) -> str:
    """Return that variants share a learning rate that was tuned for none of them; "" where they do not."""
    if not is_number(plan.fixed.get("learning_rate", "")) or not {*plan.varied_axes} & {*_TUNED_APART}:
        return ""
    return "one learning rate for all; add --tune learning-rate to compare each at its own best"


def _introduced(family: Family, introduction: str) -> Family:
    return replace(family, sentences=tuple(f"{introduction}, {sentence}" for sentence in family.sentences))
