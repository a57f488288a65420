"""A comparison while it runs: which of its verdicts its plan allows, and the numbers so far."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from dlbench.analysis.summary import Summary
from dlbench.components.metrics import Metric
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.trials.trial_record import COMPLETED


class EndedTrial(NamedTuple):
    """A trial that has ended, without what is not looked at while the others run.

    position: where its record stands: the name of the journal, and the line there.
    value: by which it is judged; None where it has none.
    """

    position: tuple[str, int]
    status: str
    message: str
    value: float | None


#: Trials that have ended, by variant_id and seed.
Ended = Mapping[tuple[str, int], EndedTrial]


@dataclass(frozen=True, kw_only=True)
class VariantSoFar:
    """A variant of a comparison that is not judged yet.

    place: in the plan, from 0.
    n: its trials with a result.
    planned: its trials.
    values: "mean ± standard deviation", or the values of one seed or two; "" before the first.
    """

    label: str
    place: int
    n: int
    planned: int
    values: str

    @property
    def note(self) -> str:
        """Return what can be said of it."""
        return f"so far, n = {self.n}: no verdict yet"


def allowed_part(plan: PlanRecord, ended: Ended) -> PlanRecord | None:
    """Return the part of a plan whose verdicts may be seen: all of it once it has ended, else its last planned look.

    None before the first look, and for a plan without looks until all of it has ended: what is judged, and when, is
    fixed before there are results, and its α holds for that alone.
    """
    if plan.tuning and not plan.tuning.is_chosen:
        return None
    return next((part for part in _parts(plan) if all(key in ended for key in part.labels)), None)


def _parts(plan: PlanRecord) -> Iterator[PlanRecord]:
    """Yield what a plan judges at its looks, the largest part first."""
    yield plan
    if plan.criteria.spending != "even":
        for count in sorted(plan.criteria.interim_analyses, reverse=True):
            if count < len(plan.seeds):
                yield replace(plan, seeds=plan.seeds[:count], noise_floor=plan.noise_floor[:count])


def so_far(plan: PlanRecord, ended: Ended, metric: Metric) -> tuple[VariantSoFar, ...]:
    """Return the numbers of each variant, in the order of the plan."""
    return tuple(_variant(each, place, plan, ended, metric) for place, each in enumerate(plan.variants))


def _variant(variant: PlannedVariant, place: int, plan: PlanRecord, ended: Ended, metric: Metric) -> VariantSoFar:
    seeds = plan.seeds[: plan.finished.get(variant.label)]
    found = {seed: ended[key] for seed in seeds if (key := (variant.identity(seed), seed)) in ended}
    completed = {seed: trial.value for seed, trial in found.items() if trial.status in COMPLETED}
    values = {seed: value for seed, value in completed.items() if value is not None}
    shown = Summary.of(values).text(metric) if values else ""
    return VariantSoFar(label=variant.label, place=place, n=len(completed), planned=len(seeds), values=shown)
