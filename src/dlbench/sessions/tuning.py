"""The search before a comparison, as a session runs it."""

from collections.abc import Iterator
from dataclasses import replace

from dlbench.analysis.tuning import choose, search_seconds
from dlbench.plans.history import find_question
from dlbench.plans.plan import Plan
from dlbench.plans.tuning import LEAST_BUDGET
from dlbench.plans.tuning_record import TuningRecord
from dlbench.runs.folder import RunFolder


def search_stages(plan: Plan, folder: RunFolder) -> Iterator[Plan]:
    """Yield the plan of a search or, where its budget is a time, the plan with one point more until that is spent.

    The time is that of the trials' training, so that going on after an interruption changes nothing. A search whose
    choices the manifest holds has no stages.
    """
    if _frozen(folder):
        return
    tuning = plan.tuning
    assert tuning is not None
    if tuning.record.seconds is None:
        yield plan
        return
    for points in range(LEAST_BUDGET, tuning.record.budget + 1):
        stage = replace(plan, tuning=tuning.up_to(points))
        yield stage
        if search_seconds(folder.records, stage.record.tuning or tuning.record) >= tuning.record.seconds:
            return


def with_choices(plan: Plan, folder: RunFolder) -> Plan:
    """Return the comparison of the variants as they were tuned: by frozen choices, else by the best points.

    plan: that of the search, as far as it has run.
    """
    tuning = plan.tuning
    assert tuning is not None
    folder.extend(plan.record)  # where another process has ended the same search, its choices stay
    frozen = _frozen(folder)
    record = frozen or choose(folder.records, tuning.record)
    return replace(plan, tuning=tuning.up_to(record.budget)).tuned(record)


def as_far_as_chosen(plan: Plan, folder: RunFolder) -> Plan:
    """Return the comparison of a plan that searches, if the folder holds what its search has chosen; else the plan."""
    history = folder.manifest.history if folder.manifest else ()
    place = find_question(plan.record, history)
    record = None if place is None else history[place].plan.tuning
    if not plan.searches or plan.tuning is None or record is None or not record.is_chosen:
        return plan
    return replace(plan, tuning=plan.tuning.up_to(record.budget)).tuned(record)


def chosen_anew(plan: Plan, folder: RunFolder) -> str:
    """Return what more points changed of a choice that was made before, as a sentence; "" if there was none.

    plan: the comparison of the variants as they were tuned.
    """
    now, history = plan.record.tuning, folder.manifest.history if folder.manifest else ()
    before = [asked.plan.tuning for asked in history if asked.plan.tuning and asked.plan.tuning.is_chosen]
    fewer = [record for record in before if now and record.ranges == now.ranges and record.budget < now.budget]
    if now is None or not fewer:
        return ""
    last = max(fewer, key=lambda record: record.budget)
    changed = [label for label in now.ranges if last.values(label) != now.values(label)]
    result = f"other values for {' and '.join(changed)}" if changed else "the same values as before"
    return f"The choice was made anew, among {now.budget} points each instead of {last.budget}: {result}."


def _frozen(folder: RunFolder) -> TuningRecord | None:
    """Return the search's record in the manifest if its choices are made."""
    tuning = folder.plan.tuning
    return tuning if tuning and tuning.is_chosen else None
