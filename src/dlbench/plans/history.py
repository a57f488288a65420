"""The comparisons that were asked of a run folder, in the order in which they were first asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dlbench.errors import DlbenchError
from dlbench.plans.plan_record import PlanRecord


@dataclass(frozen=True, kw_only=True)
class AskedPlan:
    """A comparison that a command asked of a run folder.

    plan: the comparison, as far as it was run.
    asked: when it was first asked, an ISO 8601 text; "" if that is not known.
    seen: number of results that the folder held then: 0 if it was asked before there was anything to see.
    """

    plan: PlanRecord
    asked: str = ""
    seen: int = 0


History = tuple[AskedPlan, ...]


def same_question(one: PlanRecord, other: PlanRecord) -> bool:
    """Return whether two plans ask the same, however far their seeds have grown at interim analyses."""
    return _question(one) == _question(other)


def _question(plan: PlanRecord) -> tuple[object, ...]:
    criteria, diagnostics = plan.criteria, plan.diagnostics
    first = criteria.interim_analyses[0] if criteria.interim_analyses else None
    tuned = plan.tuning  # what a search finds is an answer, not a question
    return (
        tuple((variant.label, "" if tuned else variant.variant_id) for variant in plan.variants),
        tuned and tuned.question,
        plan.seeds[:first],
        plan.noise_floor[:first],
        plan.baseline,
        criteria,
        frozenset(diagnostics.diagnostics),
        frozenset(diagnostics.at) if diagnostics else None,
        plan.spread and plan.spread.to_json(),
    )


def find_question(plan: PlanRecord, history: Sequence[AskedPlan]) -> int | None:
    """Return the position of the comparison that asks the same as a plan; None if there is none."""
    return next((place for place, asked in enumerate(history) if same_question(asked.plan, plan)), None)


def check_test(plan: PlanRecord, history: Iterable[AskedPlan]) -> None:
    """Raise DlbenchError for a plan with another test than all that were asked of a folder: it is fixed beforehand."""
    fixed = [asked.plan.criteria.test for asked in history if not asked.plan.rebuilt]
    if fixed and plan.criteria.test not in fixed:
        raise DlbenchError(
            f"The results in the run folder are judged with --test {fixed[-1]}: a test is chosen before there are "
            f"results, and {plan.criteria.test} came after them.",
            f"Leave --test out, or give {plan.criteria.test} a run of its own by another --name and other seeds.",
        )


def add_question(history: History, new: AskedPlan, *, on_the_way: bool = True) -> History:
    """Return the history with a comparison; one that was asked before keeps its place, its time and its experiment.

    on_the_way: whether it may grow yet; then it also keeps the seeds to which it had grown.
    """
    place = find_question(new.plan, history)
    if place is None:
        return (*history, new)
    known = history[place]
    plan = replace(
        _chosen(known.plan, new.plan),
        experiment=new.plan.experiment or known.plan.experiment,
        rebuilt=known.plan.rebuilt,
        unknown={**new.plan.unknown, **known.plan.unknown},
    )
    if on_the_way and _has_grown_beyond(plan, known.plan):
        plan = as_far_as(known.plan, plan)
    return (*history[:place], replace(known, plan=plan), *history[place + 1 :])


def as_far_as(other: PlanRecord, plan: PlanRecord) -> PlanRecord:
    """Return a plan as far as another that asks the same has grown."""
    return replace(plan, seeds=other.seeds, noise_floor=other.noise_floor, finished=other.finished, target=other.target)


def _has_grown_beyond(plan: PlanRecord, known: PlanRecord) -> bool:
    """Return whether a known comparison has more seeds; before its variants are tuned, it has grown to none."""
    return len(known.seeds) > len(plan.seeds) and (known.tuning is None or known.tuning.is_chosen)


def _chosen(known: PlanRecord, new: PlanRecord) -> PlanRecord:
    """Return the new plan; where only the known one has chosen what a search found, the known one: that is frozen."""
    frozen = known.tuning and known.tuning.is_chosen and new.tuning and not new.tuning.is_chosen
    return known if frozen else new


def in_words(plan: PlanRecord) -> str:
    """Return what a plan compares, on how many seeds: "relu, tanh, sigmoid: 5 seeds"."""
    labels = [quoted(variant.label) for variant in plan.variants]
    shown = ", ".join(labels) if len(labels) <= 4 else f"{', '.join(labels[:3])} and {len(labels) - 3} more"
    return f"{shown}: {len(plan.seeds)} seed{'s' * (len(plan.seeds) != 1)}"


def quoted(label: str) -> str:
    """Return a variant's label as lists of several have it: in quotes where it has a comma itself."""
    return f'"{label}"' if ", " in label else label


def others(plan: PlanRecord, history: Iterable[AskedPlan]) -> list[tuple[int, AskedPlan]]:
    """Return the comparisons that are not that of a plan, with their numbers from 1."""
    return [(n, asked) for n, asked in enumerate(history, start=1) if not same_question(asked.plan, plan)]
