"""The verdicts on a run: main and simple effects of each axis, interactions, and the noise floor."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from dlbench.analysis.across_datasets import AcrossDatasets
from dlbench.analysis.axis_effects import Effects, Evidence, Grid, Point, judge_axes
from dlbench.analysis.convergence import find_target, target_of
from dlbench.analysis.criteria import asked_criteria, deviations
from dlbench.analysis.cut_short import cut_short, with_cut_short
from dlbench.analysis.dataset_effects import judge_by_dataset
from dlbench.analysis.diagnostics import base_name, declared_in, names_in, names_of
from dlbench.analysis.families import (
    Family,
    Series,
    estimate_variant,
    family,
    judge_values,
)
from dlbench.analysis.judged import Judged
from dlbench.analysis.metrics import Query, metric_value
from dlbench.analysis.one_class import one_class_notes
from dlbench.analysis.other_images import OtherImages
from dlbench.analysis.places import DATASET, short_name
from dlbench.analysis.race import Race, replay, saving
from dlbench.analysis.study import corrected_together
from dlbench.analysis.summary import group_by_variant, planned
from dlbench.analysis.wording import worded
from dlbench.analysis.yardstick import mixed_losses
from dlbench.components.metric_table import find_metric
from dlbench.plans.criteria import Criteria
from dlbench.plans.hold import held_in_words
from dlbench.plans.plan_record import PlanRecord
from dlbench.statistics.verdicts import Rules
from dlbench.trials.trial_record import COMPLETED, TrialRecord


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
        effects, _ = _effects(known, _Material.of(own, known, known.criteria, race))
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


def _effects(plan: PlanRecord, given: _Material) -> tuple[Effects, AcrossDatasets | None]:
    """Return the effects of the axes, corrected over all tables where the plan says so, and what holds over them."""
    effects, across = _effects_by_table(plan, given)
    if given.criteria.alpha_study:
        effects = corrected_together(effects, given.rules, given.evidence.race)
    return effects, across


def _effects_by_table(plan: PlanRecord, given: _Material) -> tuple[Effects, AcrossDatasets | None]:
    axes, grid, rules, all_pairs = plan.varied_axes, given.grid, given.rules, given.criteria.all_pairs
    if DATASET in axes and len(axes) > 1:
        return judge_by_dataset(axes, grid, rules, given.evidence, all_pairs=all_pairs)
    if axes:
        return judge_axes(axes, grid, rules, given.evidence, all_pairs=all_pairs), None
    return Effects(families=_alone(given.series, given.criteria.baseline, rules)), None


def _judge(trials: Sequence[TrialRecord], plan: PlanRecord, criteria: Criteria, race: Race) -> Judged:
    given = _Material.of(trials, plan, criteria, race)
    rules = given.rules
    effects, across = _effects(plan, given)
    held = held_in_words(plan.held, (record.trial for record in trials))
    finish = partial(
        _finish, held=held, race=race, plan=plan, criteria=criteria, rules=rules, lost=cut_short(trials, plan)
    )
    effects = effects.with_families([*map(finish, effects.all_families)])
    floor = _noise_floor(() if given.mixed else trials, plan, criteria, rules)
    return Judged(
        criteria=criteria,
        rules=rules,
        deviations=() if plan.rebuilt else deviations(criteria, plan),
        families=effects.families,
        simple_effects=effects.simple_effects,
        interactions=effects.interactions,
        averages=effects.averages,
        across=across,
        noise_floor=finish(floor) if floor else None,
        estimates=tuple(estimate_variant(each.label, given.series[each.label], rules) for each in plan.variants),
        notes=(
            *filter(None, (given.mixed, *effects.notes, given.evidence.images.missing)),
            *one_class_notes(trials, plan, criteria.metric),
        ),
        race=race,
        saving=saving(race, plan) if len(trials) == plan.trial_count else "",
        held=held,
    )


def _finish(
    each: Family,
    held: str,
    race: Race,
    plan: PlanRecord,
    criteria: Criteria,
    rules: Rules,
    lost: Mapping[str, str],
) -> Family:
    """Return a family with its sentences, and with what ran out of time or memory in it. held: what all seeds share."""
    dataset = short_name(plan.fixed.get(DATASET, ""))
    return race.with_reasons(worded(with_cut_short(each, plan, lost), rules, dataset, criteria.at, held))


def _series(records: Iterable[TrialRecord], plan: PlanRecord, criteria: Criteria) -> dict[str, Series]:
    """Return the metric by seed for each variant, by label."""
    groups = group_by_variant(records, plan)
    return {
        variant.label: {
            record.trial.seed: judged_value(record, plan, criteria) for record in groups[variant.variant_id]
        }
        for variant in plan.variants
    }


def judged_value(record: TrialRecord, plan: PlanRecord, criteria: Criteria) -> float | None:
    """Return the value by which a trial is judged, None where it has none."""
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
    return (family("variant", (), baseline=estimate),)


def _noise_floor(records: Iterable[TrialRecord], plan: PlanRecord, criteria: Criteria, rules: Rules) -> Family | None:
    """Return the baseline judged against itself: each seed is paired with another one."""
    partner = dict(zip(plan.noise_floor, plan.seeds, strict=False))
    base = plan.baseline_variant
    own: dict[int, float | None] = {}
    other: dict[int, float | None] = {}
    for record in records:
        if record.trial.variant_id == base.variant_id:
            seed, value = record.trial.seed, judged_value(record, plan, criteria)
            if seed in partner:
                other[partner[seed]] = value
            elif seed in partner.values():
                own[seed] = value
    if not other:
        return None
    label = base.label
    found = judge_values("seed", {label: own, f"{label}, other seeds": other}, rules)
    return replace(found, baseline=None)
