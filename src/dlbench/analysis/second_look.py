"""Whether results had been judged before a comparison was asked, so that its α is no longer what it says."""

from collections.abc import Sequence

from dlbench.analysis.criteria import changed_criteria
from dlbench.plans.history import AskedPlan, find_question, in_words
from dlbench.plans.plan_record import PlanRecord
from dlbench.statistics.seeds import MINIMUM_SEEDS
from dlbench.statistics.verdicts import MINIMUM_PAIRS

#: What is said of results whose plan was lost.
NOT_KNOWN = (
    "How these results were to be judged is not known, since the manifest was rebuilt from the trials: nothing here "
    "counts as fixed before running"
)


def second_look(plan: PlanRecord, history: Sequence[AskedPlan]) -> str:
    """Return what of a comparison had been judged before it was asked, as a sentence; "" if nothing had.

    history: the comparisons that were asked of the run folder, in the order in which they were first asked.
    """
    if plan.rebuilt or any(asked.plan.rebuilt and _shares_trials(asked.plan, plan) for asked in history):
        return NOT_KNOWN
    place = find_question(plan, history)
    if place is None or not history[place].seen:
        return ""
    seen = next((asked for asked in history[:place] if _has_shown(asked.plan, plan)), None)
    if seen is None:
        return ""
    when = f" on {seen.asked[:16].replace('T', ' at ')} UTC" if seen.asked else ""
    fixed = "; ".join([in_words(seen.plan), *changed_criteria(seen.plan, plan)])
    return (
        f"Second look: these results were first judged{when} ({fixed}), "
        f"so α = {plan.criteria.alpha:g} does not hold for what had been seen"
        f"{_error(plan, [asked.plan for asked in history[:place]])}"
    )


def _error(plan: PlanRecord, before: Sequence[PlanRecord]) -> str:
    """Return how often looks at growing seeds are wrong together, each at all of α; "" if more than the seeds grew."""
    ids = {variant.variant_id for variant in plan.variants}
    alike = [
        each
        for each in before
        if {variant.variant_id for variant in each.variants} == ids
        and each.criteria == plan.criteria
        and {*each.seeds} < {*plan.seeds}
        and len(each.seeds) >= MINIMUM_SEEDS
    ]
    if not alike or plan.criteria.interim_analyses:
        return ""
    from dlbench.statistics.spending import error_of_looks

    counts = tuple(sorted({len(each.seeds) for each in (*alike, plan)}))
    error = error_of_looks(counts, (plan.criteria.alpha,) * len(counts))
    shown = ", ".join(map(str, counts[:-1])) + f" and {counts[-1]}"
    return f": looks at {shown} seeds are wrong in up to {100 * error:.2g} % of studies together"


def _shares_trials(one: PlanRecord, other: PlanRecord) -> bool:
    variants = [{variant.variant_id for variant in each.variants} for each in (one, other)]
    return bool(set.intersection(*variants) and {*one.seeds} & {*other.seeds})


def _has_shown(before: PlanRecord, plan: PlanRecord) -> bool:
    """Return whether an earlier comparison has shown differences of a plan by another rule or on other seeds."""
    old, new = ({variant.variant_id for variant in each.variants} for each in (before, plan))
    if len(old & new) < 2 or not {*before.seeds} & {*plan.seeds}:
        return False
    same_rule = old == new and before.criteria == plan.criteria
    if same_rule and len(before.seeds) < MINIMUM_PAIRS:
        return False  # it could show nothing: going on from it is no choice by results
    return not same_rule or before.seeds != plan.seeds
