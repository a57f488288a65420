"""Measure the speed and cost of a plan's variants in worker processes."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dlbench.analysis.speed import PARTS, Speed
from dlbench.executors.tasks import measure_cost, measure_rates
from dlbench.plans.build import resolve
from dlbench.plans.plan import Plan
from dlbench.plugins.registry import Registry
from dlbench.sessions.resolve import TrialResolver
from dlbench.sessions.staleness import plugins_used


def measure(
    plan: Plan, registry: Registry, data_dir: Path, seconds: float, windows: int, note: Callable[[str], None]
) -> tuple[Plan, list[Speed]]:
    """Return the resolved plan and each variant's speed.

    Costs are measured in one process per variant, rates in one process for all variants, in turn.
    """
    stop = threading.Event()
    with TrialResolver(registry, data_dir, stop, note) as resolver:
        plan = resolve(plan, registry, partial(resolver.complete, own_validation=plan.own_validation))
    trials = [variant.trial.to_json() for variant in plan.variants]
    user_code = registry.user.codes(plugins_used(plan, registry))
    costs = []
    for trial in trials:
        with TrialResolver(registry, data_dir, stop, note) as fresh:
            costs.append(fresh.call(measure_cost, trial, str(data_dir), user_code))
    about = len(trials) * len(PARTS) * windows * seconds
    note(f"Measuring {len(trials)} {'variant' if len(trials) == 1 else 'variants'}, about {about:.0f} s.")
    with TrialResolver(registry, data_dir, stop, note) as fresh:
        rates = fresh.call(measure_rates, trials, str(data_dir), seconds, windows, user_code)
    speeds = [
        Speed(
            label=variant.label,
            values=dict(variant.values),
            batch_size=variant.trial.settings.batch_size,
            rates=found,
            **{name: getattr(cost, name) for name in ("parameters", "flops", "peak_memory_mb", "peaks")},
        )
        for variant, found, cost in zip(plan.variants, rates, costs, strict=True)
    ]
    return plan, speeds
