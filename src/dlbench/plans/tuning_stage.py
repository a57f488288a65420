"""A plan with a search before it."""

from dataclasses import replace

from dlbench.errors import DlbenchError
from dlbench.plans.plan import Plan
from dlbench.plans.tuned_as_one import with_one_variant_each
from dlbench.plans.tuning import Tune, check_seeds, make_tuning
from dlbench.plans.tuning_record import TuningRecord
from dlbench.plugins.registry import Registry


def with_tuning(plan: Plan, tune: Tune, registry: Registry) -> Plan:
    """Return a plan that begins with a search for each of its variants.

    Raises DlbenchError for what cannot be tuned.
    """
    tune.check()
    if plan.experiment:  # its file may compare what is tuned; whoever writes both himself is told
        plan = with_one_variant_each(plan, tune, registry)
    tuning = make_tuning(tune, {variant.label: variant.trial for variant in plan.variants}, registry)
    if tune.studies:
        plan = _one_seed_a_study(plan, tune)
    check_seeds(tuning, (*plan.seeds, *plan.noise_floor))
    return replace(plan, tuning=tuning, searches=True, fixed={**plan.fixed, **_searched(tuning.record)})


def _one_seed_a_study(plan: Plan, tune: Tune) -> Plan:
    """Return a plan with one seed for each study. Raises DlbenchError where the seeds are asked for otherwise."""
    if plan.interim_analyses or plan.noise_floor:
        raise DlbenchError(
            "--studies has one seed a study: neither --seeds auto nor --noise-floor applies.",
            "Omit them, or --studies.",
        )
    return plan if len(plan.seeds) == tune.studies else replace(plan, seeds=tuple(range(tune.studies)))


def _searched(record: TuningRecord) -> dict[str, str]:
    """Return what is searched in place of what is fixed: its range, where that is one for all variants."""
    texts = {name: {ranges.get(name, "") for ranges in record.ranges.values()} for name in record.names}
    return {name: found.pop() if len(found) == 1 else "tuned" for name, found in texts.items()}
