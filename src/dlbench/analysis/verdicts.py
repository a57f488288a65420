"""The verdicts on a run: main and simple effects of each axis, interactions, and the noise floor."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dlbench.analysis.across_datasets import AcrossDatasets
from dlbench.analysis.axis_effects import Effects, Evidence, Grid, Point, judge_axes
from dlbench.analysis.convergence import find_target, target_of
from dlbench.analysis.criteria import asked_criteria, deviations
from dlbench.analysis.dataset_effects import judge_by_dataset
from dlbench.analysis.diagnostics import base_name, declared_in, names_in, names_of
from dlbench.analysis.families import (
    COLUMNS,
    Family,
    Series,
    VariantEstimate,
    estimate_variant,
    family,
    judge_values,
)
from dlbench.analysis.metrics import Query, metric_value
from dlbench.analysis.one_class import one_class_notes
from dlbench.analysis.other_images import OtherImages
from dlbench.analysis.places import DATASET
from dlbench.analysis.race import Race, replay, saving
from dlbench.analysis.summary import group_by_variant, planned
from dlbench.analysis.yardstick import mixed_losses
from dlbench.components.metric_table import find_metric
from dlbench.components.metrics import Metric
from dlbench.components.records import ParameterValue
from dlbench.plans.criteria import Criteria
from dlbench.plans.plan_record import PlanRecord
from dlbench.statistics.verdicts import Rules
from dlbench.trials.trial_record import COMPLETED, TrialRecord


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The verdicts on a run.

    criteria: criteria by which it is judged.
    rules: rules of its comparisons.
    deviations: how the criteria deviate from those that were fixed before running.
    families: main effects, one family per axis, the metric averaged over the other axes; of several data sets, those
        of each.
    simple_effects: the same for each combination of the other axes.
    interactions: one family per pair of axes.
    averages: of several data sets, the main effects averaged over them.
    across: the variants over several data sets; None for one data set, or where no side of the metric is better.
    noise_floor: the baseline against itself on other seeds.
    estimates: the metric of each variant, in the order of the plan.
    notes: what could not be judged, and warnings.
    second_look: what had been judged before these criteria were fixed, a sentence; "" if nothing had.
    race: how far its comparisons have grown.
    saving: how many trials were enough for them, a sentence; "" if all were needed, or some are missing.
    """

    criteria: Criteria
    rules: Rules
    deviations: tuple[str, ...] = ()
    families: tuple[Family, ...] = ()
    simple_effects: tuple[Family, ...] = ()
    interactions: tuple[Family, ...] = ()
    averages: tuple[Family, ...] = ()
    across: AcrossDatasets | None = None
    noise_floor: Family | None = None
    estimates: tuple[VariantEstimate, ...] = ()
    notes: tuple[str, ...] = ()
    second_look: str = ""
    race: Race = field(default_factory=Race)
    saving: str = ""

    @property
    def metric(self) -> Metric:
        """Return the metric that is compared."""
        return self.rules.metric

    @property
    def all_families(self) -> tuple[Family, ...]:
        """Return every family, the noise floor first."""
        floor = (self.noise_floor,) if self.noise_floor else ()
        return (*floor, *self.families, *self.averages, *self.simple_effects, *self.interactions)

    @property
    def is_empty(self) -> bool:
        """Return whether no trial has a value that could be judged, and a note says why."""
        baselines = [family.baseline for family in self.families if family.baseline]
        return bool(self.notes) and all(estimate.n == 0 for estimate in (*self.estimates, *baselines))

    @property
    def decided(self) -> bool:
        """Return whether every verdict on an axis is decided."""
        return all(family.decided for family in self.families or self.simple_effects)

    def table(self) -> tuple[tuple[str, ...], list[dict[str, ParameterValue]]]:
        """Return the columns and rows of comparison.csv."""
        return COLUMNS, [row for family in self.all_families for row in family.rows(self.criteria.metric)]


def judge_run(
    records: Iterable[TrialRecord], plan: PlanRecord, asked: Mapping[str, Any] | None = None, race: Race | None = None
) -> Judged:
    """Return the verdicts on a run by the criteria of its plan, changed by those that are asked for.

    asked: see `criteria.asked_criteria`.
    race: the plan's, where it is known already.

    A diverged trial counts with its value. Any other trial without a result drops its pair, which `dropped` counts.
    The order of records and variants has no effect.
    """
    plan = replace(plan, finished={})
    trials = planned(records, plan)
    criteria = asked_criteria(asked or {}, plan, next((r for r in trials if r.status in COMPLETED), None))
    race = race or _race(trials, plan)
    if criteria != plan.criteria:
        race = race.judged_by(criteria)
    plan = replace(plan, finished=race.seeds_of_finished)
    return _judge(planned(trials, plan), plan, criteria, race)


def race_of(records: Iterable[TrialRecord], plan: PlanRecord) -> Race:
    """Return how far the comparisons of a plan have grown by its own criteria, whatever else is asked."""
    whole = replace(plan, finished={})
    return _race(planned(records, whole), whole)


def _race(trials: Sequence[TrialRecord], plan: PlanRecord) -> Race:
    def judge(stage: PlanRecord, race: Race) -> tuple[Family, ...]:
        """Judge the main effects of a stage, else the simple ones, with the target that was known then."""
        known = replace(stage, target=find_target(trials, stage) if stage.target else None)
        own = planned(trials, replace(known, finished=race.seeds_of_finished))
        effects, _, _ = _effects(known, _Material.of(own, known, known.criteria, race))
        return effects.families or effects.simple_effects

    return replay(plan, judge)


@dataclass(frozen=True)
class _Material:
    """What a stage of a plan is judged by.

    criteria: how.
    rules: the same for its comparisons, at the last look.
    evidence: what there is besides the values of the metric.
    series: these values, by label and seed.
    grid: the same with the values of the axes, the baseline first.
    mixed: why nothing can be compared, or "".
    """

    criteria: Criteria
    rules: Rules
    evidence: Evidence
    series: Mapping[str, Series]
    grid: Grid
    mixed: str

    @classmethod
    def of(cls, trials: Sequence[TrialRecord], plan: PlanRecord, criteria: Criteria, race: Race) -> "_Material":
        mixed = mixed_losses(trials, criteria.metric)
        series = _series(() if mixed else trials, plan, criteria)
        variants = sorted(plan.variants, key=lambda variant: variant.label != criteria.baseline)
        images = OtherImages.of(group_by_variant(trials, plan), plan, criteria.metric)
        return cls(
            criteria=criteria,
            rules=replace(criteria.rules(declared_in(plan)), alpha=race.looks[-1].alpha),
            evidence=Evidence(images, race),
            series=series,
            grid=[Point(variant.values, variant.label, series[variant.label]) for variant in variants],
            mixed=mixed,
        )


def _effects(plan: PlanRecord, given: _Material) -> tuple[Effects, tuple[Family, ...], AcrossDatasets | None]:
    """Return the effects of the axes, those averaged over the data sets, and what holds over all data sets."""
    axes, grid, rules, all_pairs = plan.varied_axes, given.grid, given.rules, given.criteria.all_pairs
    if DATASET in axes and len(axes) > 1:
        return judge_by_dataset(axes, grid, rules, given.evidence, all_pairs=all_pairs)
    if axes:
        return judge_axes(axes, grid, rules, given.evidence, all_pairs=all_pairs), (), None
    return Effects(families=_alone(given.series, given.criteria.baseline, rules)), (), None


def _judge(trials: Sequence[TrialRecord], plan: PlanRecord, criteria: Criteria, race: Race) -> Judged:
    given = _Material.of(trials, plan, criteria, race)
    rules = given.rules
    effects, averages, across = _effects(plan, given)
    return Judged(
        criteria=criteria,
        rules=rules,
        deviations=() if plan.rebuilt else deviations(criteria, plan),
        families=effects.families,
        simple_effects=effects.simple_effects,
        interactions=effects.interactions,
        averages=averages,
        across=across,
        noise_floor=_noise_floor(() if given.mixed else trials, plan, criteria, rules),
        estimates=tuple(estimate_variant(each.label, given.series[each.label], rules) for each in plan.variants),
        notes=(
            *filter(None, (given.mixed, *effects.notes, given.evidence.images.missing)),
            *one_class_notes(trials, plan, criteria.metric),
        ),
        race=race,
        saving=saving(race, plan) if len(trials) == plan.trial_count else "",
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
