"""Verdicts on tuned variants: the same, with what they are about."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from dlbench.analysis.families import Family
from dlbench.analysis.judged import Judged
from dlbench.analysis.spread import spread_tables
from dlbench.analysis.tuning_report import introduction, report_tuning
from dlbench.analysis.verdicts import judge_run
from dlbench.components.spelling import is_number
from dlbench.plans.plan_record import PlanRecord
from dlbench.trials.trial_record import TrialRecord

#: Axes whose values need learning rates of their own to be at their best.
_TUNED_APART = ("optimizer", "scheduler", "activation")


def judge_tuned(records: Iterable[TrialRecord], plan: PlanRecord, asked: Mapping[str, Any] | None = None) -> Judged:
    """Return the verdicts of judge_run whose sentences say how their variants were tuned, or advise to tune them.

    Of a plan that shows where the spread comes from, the records of its trials that vary a source are needed too.
    """
    found = tuple(records)
    judged = judge_run(found, plan, asked)
    spread = spread_tables(found, plan, judged.criteria)
    judged = replace(judged, tuning=report_tuning(found, plan), spread=spread)
    if plan.tuning is None:
        return replace(judged, advice=one_rate_for_all(plan))
    if not plan.tuning.is_chosen:
        return judged
    words = judged.tuning.introduction if judged.tuning else introduction(plan.tuning)
    return _introduced(judged, words)


def _introduced(judged: Judged, words: str) -> Judged:
    def each(families: Iterable[Family]) -> tuple[Family, ...]:
        return tuple(replace(f, sentences=tuple(f"{words}, {text}" for text in f.sentences)) for f in families)

    return replace(
        judged,
        families=each(judged.families),
        simple_effects=each(judged.simple_effects),
        interactions=each(judged.interactions),
        averages=each(judged.averages),
        across=judged.across and replace(judged.across, introduction=words),
    )


def one_rate_for_all(plan: PlanRecord) -> str:
    """Return that variants share a learning rate that was tuned for none of them; "" where they do not."""
    if not is_number(plan.fixed.get("learning_rate", "")) or not {*plan.varied_axes} & {*_TUNED_APART}:
        return ""
    return "one learning rate for all; add --tune learning-rate to compare each at its own best"
