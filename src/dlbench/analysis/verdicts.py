"""The verdicts on a run: main and simple effects of each axis, interactions, and the noise floor."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from dlbench.analysis.convergence import target_of
from dlbench.analysis.criteria import asked_criteria, deviations
from dlbench.analysis.diagnostics import base_name, declared_in, names_in, names_of
from dlbench.analysis.families import (
    COLUMNS,
    Family,
    Series,
    VariantEstimate,
    average,
    estimate_variant,
    family,
    judge_values,
    known,
)
from dlbench.analysis.metrics import Query, metric_value
from dlbench.analysis.one_class import one_class_notes
from dlbench.analysis.summary import group_by_variant, planned
from dlbench.analysis.yardstick import mixed_losses
from dlbench.components.metric_table import find_metric
from dlbench.components.metrics import Metric
from dlbench.components.records import ParameterValue
from dlbench.plans.criteria import Criteria
from dlbench.plans.plan_record import PlanRecord
from dlbench.statistics.notation import p_equation
from dlbench.statistics.sentences import Lead
from dlbench.statistics.sums import total
from dlbench.statistics.verdicts import Comparison, Rules
from dlbench.trials.settings import SETTINGS
from dlbench.trials.trial_record import COMPLETED, TrialRecord

if TYPE_CHECKING:
    from dlbench.statistics.ranking import Ranking

#: A metric by seed for each combination of values by axis; the baseline comes first.
Grid = Sequence[tuple[Mapping[str, str], Series]]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The verdicts on a run.

    criteria: criteria by which it is judged.
    rules: rules of its comparisons.
    deviations: how the criteria deviate from those that were fixed before running.
    families: main effects, one family per axis, the metric averaged over the other axes.
    simple_effects: the same for each combination of the other axes.
    interactions: one family per pair of axes.
    noise_floor: the baseline against itself on other seeds.
    ranking: ranking of variants over several data sets.
    estimates: the metric of each variant, in the order of the plan.
    notes: what could not be judged, and warnings.
    second_look: what had been judged before these criteria were fixed, a sentence; "" if nothing had.
    """

    criteria: Criteria
    rules: Rules
    deviations: tuple[str, ...] = ()
    families: tuple[Family, ...] = ()
    simple_effects: tuple[Family, ...] = ()
    interactions: tuple[Family, ...] = ()
    noise_floor: Family | None = None
    ranking: "Ranking | None" = None
    estimates: tuple[VariantEstimate, ...] = ()
    notes: tuple[str, ...] = ()
    second_look: str = ""

    @property
    def metric(self) -> Metric:
        """Return the metric that is compared."""
        return self.rules.metric

    @property
    def all_families(self) -> tuple[Family, ...]:
        """Return every family, the noise floor first."""
        floor = (self.noise_floor,) if self.noise_floor else ()
        return (*floor, *self.families, *self.simple_effects, *self.interactions)

    @property
    def is_empty(self) -> bool:
        """Return whether no trial has a value that could be judged, and a note says why."""
        return bool(self.notes) and all(estimate.n == 0 for estimate in self.estimates)

    @property
    def decided(self) -> bool:
        """Return whether every verdict on an axis is decided."""
        return all(family.decided for family in self.families or self.simple_effects)

    def table(self) -> tuple[tuple[str, ...], list[dict[str, ParameterValue]]]:
        """Return the columns and rows of comparison.csv."""
        return COLUMNS, [row for family in self.all_families for row in family.rows(self.criteria.metric)]


def judge_run(records: Iterable[TrialRecord], plan: PlanRecord, asked: Mapping[str, Any] | None = None) -> Judged:
    """Return the verdicts on a run by the criteria of its plan, changed by those that are asked for.

    asked: see `criteria.asked_criteria`.

    A diverged trial counts with its value. Any other trial without a result drops its pair, which `dropped` counts.
    The order of records and variants has no effect.
    """
    trials = planned(records, plan)
    criteria = asked_criteria(asked or {}, plan, next((r for r in trials if r.status in COMPLETED), None))
    rules = criteria.rules(declared_in(plan))
    mixed = mixed_losses(trials, criteria.metric)
    series = _series(() if mixed else trials, plan, criteria)
    variants = sorted(plan.variants, key=lambda variant: variant.label != criteria.baseline)
    grid = [(variant.values, series[variant.label]) for variant in variants]
    axes = plan.varied_axes
    families, simple_effects, notes = (
        _judge_axes(axes, grid, rules, all_pairs=criteria.all_pairs)
        if axes
        else (_alone(series, criteria.baseline, rules), (), ())
    )
    return Judged(
        criteria=criteria,
        rules=rules,
        deviations=() if plan.rebuilt else deviations(criteria, plan),
        families=families,
        simple_effects=simple_effects,
        interactions=tuple(
            found for pair in combinations(axes, 2) if (found := _interaction(pair, axes, grid, rules)).comparisons
        ),
        noise_floor=_noise_floor(() if mixed else trials, plan, criteria, rules),
        ranking=_rank(axes, grid, rules),
        estimates=tuple(estimate_variant(variant.label, series[variant.label], rules) for variant in plan.variants),
        notes=(*([mixed] if mixed else ()), *notes, *one_class_notes(trials, plan, criteria.metric)),
    )


def _series(records: Iterable[TrialRecord], plan: PlanRecord, criteria: Criteria) -> dict[str, Series]:
    """Return the metric by seed for each variant, by label."""
    groups = group_by_variant(records, plan)
    return {
        variant.label: {record.trial.seed: _value(record, plan, criteria) for record in groups[variant.variant_id]}
        for variant in plan.variants
    }


def _value(record: TrialRecord, plan: PlanRecord, criteria: Criteria) -> float | None:
    target = target_of(record, plan)
    without_target = target is None and find_metric(criteria.metric).needs_target
    name = base_name(criteria.metric)
    unmeasured = name in names_in(plan) and name not in names_of(record)
    if record.status not in COMPLETED or without_target or unmeasured:
        return None
    return metric_value(record, Query(metric=criteria.metric, at=criteria.at, target=target))


def _alone(series: Mapping[str, Series], variant: str, rules: Rules) -> tuple[Family, ...]:
    """Return the family of a single variant, which has no comparisons."""
    estimate = estimate_variant(variant, series[variant], rules)
    return (family("variant", (), rules, baseline=estimate),)


def _judge_axes(
    axes: Sequence[str], grid: Grid, rules: Rules, *, all_pairs: bool
) -> tuple[tuple[Family, ...], tuple[Family, ...], tuple[str, ...]]:
    families, simple_effects, notes = [], [], []
    # A data set is not a treatment: which one is easiest is of interest only if nothing else varies.
    for axis in [axis for axis in axes if axis != "dataset"] or axes:
        others = tuple(other for other in axes if other != axis)
        cells = _cells((axis,), others, grid)
        names = list(dict.fromkeys(values.get(axis, "") for values, _ in grid))
        shared = [row for row in cells.values() if len(row) == len(names)]
        if shared:
            pooled = {name: average([row[name,] for row in shared]) for name in names}
            judged = judge_values(axis, pooled, rules, all_pairs=all_pairs, averaged=others)
            families.append(judged)
        if len(shared) < len(cells):
            notes.append(_incomplete(axis, others, len(shared), len(cells)))
        if others:
            simple_effects += _judge_simple_effects(axis, others, names[0], cells, rules)
    return tuple(families), tuple(simple_effects), tuple(notes)


def _incomplete(axis: str, others: Sequence[str], shared: int, cells: int) -> str:
    where = f"combinations of {', '.join(others)}" if len(others) > 1 else f"values of {others[0]}"
    if not shared:
        return f"{axis} is not judged as a whole: none of the {cells} {where} has all of its values"
    return f"{axis} is averaged over {shared} of {cells} {where}: the others lack some of its values"


def _cells(
    inner: tuple[str, ...], outer: tuple[str, ...], grid: Grid
) -> dict[tuple[str, ...], dict[tuple[str, ...], Series]]:
    """Return the series by the values of the outer axes, and within each cell by those of the inner axes."""
    cells: dict[tuple[str, ...], dict[tuple[str, ...], Series]] = {}
    for values, series in grid:
        fixed, varied = (tuple(values.get(axis, "") for axis in axes) for axes in (outer, inner))
        cells.setdefault(fixed, {})[varied] = series
    return cells


def _judge_simple_effects(
    axis: str,
    others: tuple[str, ...],
    base: str,
    cells: Mapping[tuple[str, ...], Mapping[tuple[str, ...], Series]],
    rules: Rules,
) -> list[Family]:
    """Return the families of an axis at each combination of the others, all of them under one correction."""
    from dlbench.statistics.comparisons import compare_pairs

    texts = {fixed: ", ".join(f"{name}={value}" for name, value in zip(others, fixed, strict=True)) for fixed in cells}
    named = {f"{name} at {texts[fixed]}": series for fixed, row in cells.items() for (name,), series in row.items()}
    keys = [(fixed, name) for fixed, row in cells.items() if (base,) in row for (name,) in row if name != base]
    pairs = [(f"{name} at {texts[fixed]}", f"{base} at {texts[fixed]}") for fixed, name in keys]
    found = dict(zip(keys, compare_pairs(named, pairs, rules), strict=True))
    return [
        family(
            axis,
            [replace(c, variant=name, baseline=base) for (at, name), c in found.items() if at == fixed],
            rules,
            baseline=estimate_variant(base, cells[fixed][base,], rules),
            size=len(found),
            conditioned_on=texts[fixed],
        )
        for fixed in dict.fromkeys(fixed for fixed, _ in keys)
    ]


def _interaction(pair: tuple[str, str], axes: Sequence[str], grid: Grid, rules: Rules) -> Family:
    """Return whether the effect of one axis depends on the other, averaged over the complete cells of the rest."""
    from dlbench.statistics.comparisons import interaction

    rest = tuple(axis for axis in axes if axis not in pair)
    cells = _cells(pair, rest, grid)
    present = list(dict.fromkeys(key for row in cells.values() for key in row))
    shared = [row for row in cells.values() if len(row) == len(present)]
    values = {(first, second): average([row[first, second] for row in shared]) for first, second in present if shared}
    rules = rules.of_effects()
    found = interaction(values, rules)
    leads = [_lead(c, pair[0], next(iter(values))[0]) for c in found]
    return family(" × ".join(pair), found, rules, averaged=rest, leads=leads)


def _lead(comparison: Comparison, axis: str, base: str) -> Lead:
    """Return what a comparison of an interaction compares; base: the first value of the axis."""
    name, _, at = comparison.variant.partition(f" over {base} at ")
    shown = f"{axis.replace('_', ' ')} {name}" if axis in SETTINGS else name
    return Lead(shown, base, at, comparison.baseline.removeprefix(f"{name} over {base} at "))


def _noise_floor(records: Iterable[TrialRecord], plan: PlanRecord, criteria: Criteria, rules: Rules) -> Family | None:
    """Return the baseline judged against itself: each seed is paired with another one."""
    partner = dict(zip(plan.noise_floor, plan.seeds, strict=False))
    base = plan.baseline_variant
    own: dict[int, float | None] = {}
    other: dict[int, float | None] = {}
    for record in records:
        if record.trial.variant_id == base.variant_id:
            seed, value = record.trial.seed, _value(record, plan, criteria)
            if seed in partner:
                other[partner[seed]] = value
            elif seed in partner.values():
                own[seed] = value
    if not other:
        return None
    label = base.label
    found = judge_values("seed", {label: own, f"{label}, other seeds": other}, rules)
    return replace(found, baseline=None)


def _rank(axes: Sequence[str], grid: Grid, rules: Rules) -> "Ranking | None":
    """Return the variants ranked over the data sets; None if there are too few of either for Friedman's test."""
    others = tuple(axis for axis in axes if axis != "dataset")
    if "dataset" not in axes or not others or not rules.has_better_side:
        return None
    values: dict[str, dict[str, float]] = {}
    for names, series in grid:
        if found := known(series):
            label = ", ".join(names.get(axis, "") for axis in others)
            values.setdefault(label, {})[names["dataset"]] = total(found) / len(found)
    finite = [{name for name, x in row.items() if math.isfinite(x)} for row in values.values()]
    shared = set.intersection(*finite) if finite else set()
    if len(values) < 3 or len(shared) < 2:
        return None
    from dlbench.statistics.ranking import rank_variants

    return rank_variants(values, alpha=rules.alpha, higher_is_better=rules.higher_is_better)


def ranking_sentence(ranking: "Ranking") -> str:
    """Return what Friedman's and Nemenyi's tests show over several data sets, as a sentence."""
    ranked = sorted(zip(ranking.mean_ranks, ranking.variants, strict=True))
    ranks = ", ".join(f"{variant} {rank:.2f}" for rank, variant in ranked)
    head = f"over {ranking.datasets} data sets, mean ranks (1 is best): {ranks}; Friedman {p_equation(ranking.p)}"
    if not ranking.different:
        return f"{head}: not shown that any of them differ"
    pairs = ", ".join(f"{first} and {second}" for first, second in ranking.different)
    return f"{head}; apart by more than Nemenyi's {ranking.critical_difference:.2f}: {pairs}"
