"""Whether trials that were run twice gave the same numbers, and by how much they differ where they did not."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dlbench.analysis.agreement import counted_as
from dlbench.analysis.spread import with_varied
from dlbench.components.metric_table import find_metric, names_in_groups
from dlbench.plans.plan_record import PlanRecord
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import Metrics, TrialRecord

#: Columns of the epochs that no two runs share: times, and what is measured by them.
_TIMES = frozenset({"seconds", *names_in_groups("cost")})


@dataclass(frozen=True, kw_only=True)
class MetricDifference:
    """The largest difference of a metric between the two trials of a variant's seeds.

    difference: the second number less the first; infinite where only one of them is finite.
    """

    variant: str
    metric: str
    seed: int
    difference: float


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What two runs of the same trials have in common.

    trials: how many have a counterpart.
    same: how many of these have the same numbers, to the bit.
    missing: those without a counterpart, "tanh seed 3".
    ended: those that ended in another way, "tanh seed 3: done, then failed".
    differences: the largest one of each variant and metric, where there is one.
    """

    trials: int
    same: int
    missing: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    differences: tuple[MetricDifference, ...] = ()

    def sentences(self) -> Iterator[str]:
        """Yield what is the same and what differs, a sentence each."""
        if self.trials:
            yield f"{self.same} of {counted_as(self.trials, 'trials')} gave the same numbers to the bit."
        largest: dict[str, MetricDifference] = {}
        for each in self.differences:
            known = largest.setdefault(each.metric, each)
            largest[each.metric] = max(known, each, key=lambda found: abs(found.difference))
        if largest:
            yield f"Largest differences: {'; '.join(map(_in_words, largest.values()))}."
        elif self.same < self.trials - len(self.ended):
            yield "Their final numbers agree; those of single epochs, images or diagnostics differ."
        if self.ended:
            yield f"Ended in another way: {_listed(self.ended)}."
        if self.missing:
            yield f"Without a counterpart: {_listed(self.missing)}."

    def document(self) -> dict[str, Any]:
        """Return it as JSON content."""
        return asdict(self) | {"sentences": list(self.sentences())}


_SHOWN = 5


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _in_words(found: MetricDifference) -> str:
    metric = find_metric(found.metric)
    return f"{metric.title} {metric.difference_in_words(abs(found.difference))} ({found.variant} seed {found.seed})"


def compare_numbers(
    first: Iterable[TrialRecord], first_plan: PlanRecord, again: Iterable[TrialRecord], plan: PlanRecord
) -> Reproduction:
    """Return how the trials of two runs compare: those of one variant and one seed, whatever their identity."""
    before, now = _by_name(first, first_plan), _by_name(again, plan)
    pairs = [(name, record, now[name]) for name, record in before.items() if name in now]
    differences = (found for (label, seed), one, other in pairs for found in _differences(label, seed, one, other))
    return Reproduction(
        trials=len(pairs),
        same=sum(same_numbers(one, other) for _, one, other in pairs),
        missing=tuple(f"{label} seed {seed}" for label, seed in before if (label, seed) not in now),
        ended=tuple(
            f"{label} seed {seed}: {one.status}, then {other.status}"
            for (label, seed), one, other in pairs
            if one.status != other.status
        ),
        differences=_largest(differences),
    )


def _by_name(records: Iterable[TrialRecord], plan: PlanRecord) -> dict[tuple[str, int], TrialRecord]:
    return {(plan.label_of(r.trial), r.trial.seed): r for r in with_varied(records, plan)}


def same_numbers(one: TrialRecord, other: TrialRecord) -> bool:
    """Return whether two records agree in every number but times, as far as both have it."""
    rows = len(one.epochs) == len(other.epochs) and all(map(_same, one.epochs, other.epochs))
    measured = one.diagnostics == other.diagnostics or not (one.diagnostics and other.diagnostics)
    images = one.outcomes == other.outcomes or not (one.outcomes and other.outcomes)
    final = _same(one.metrics, other.metrics) and one.confusion == other.confusion
    return one.status == other.status and final and rows and measured and images


def _same(one: Metrics, other: Metrics) -> bool:
    shared = (one.keys() & other.keys()) - _TIMES
    return all(_equal(one[name], other[name]) for name in shared)


def _equal(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and math.isnan(one) and math.isnan(other))


def _differences(label: str, seed: int, one: TrialRecord, other: TrialRecord) -> Iterator[MetricDifference]:
    for name in one.metrics:
        before, now = one.metrics[name], other.metrics.get(name)
        if before is None or now is None or _equal(before, now):
            continue
        size = now - before
        yield MetricDifference(
            variant=label, metric=name, seed=seed, difference=size if math.isfinite(size) else math.inf
        )


def _largest(differences: Iterable[MetricDifference]) -> tuple[MetricDifference, ...]:
    found: dict[tuple[str, str], MetricDifference] = {}
    for each in differences:
        known = found.setdefault((each.metric, each.variant), each)
        if abs(each.difference) > abs(known.difference):
            found[each.metric, each.variant] = each
    return tuple(found.values())


def changed_trials(first: Mapping[str, Trial], again: Mapping[str, Trial]) -> dict[str, str]:
    """Return what differs between the trials of variants, by label, whatever their seeds: "device cpu → cuda"."""
    told = {}
    for label, trial in first.items():
        if label in again and again[label].variant_id != trial.variant_id:
            before, now = trial.row(), again[label].row()
            changed = [name for name in before if name != "seed" and before[name] != now.get(name)]
            told[label] = ", ".join(_change(name, before[name], now.get(name)) for name in changed)
    return told


def _change(name: str, before: object, now: object) -> str:
    if name == "dataset_digest":
        return "other images"
    return f"{name.replace('_', ' ')} {before} → {now}"
