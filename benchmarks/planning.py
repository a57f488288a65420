"""Measure planning a search of ten thousand trials: processor seconds, the median of five rounds.

python benchmarks/planning.py
"""

import statistics
import time
from collections.abc import Sequence

from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.plans.tuning import Tune
from dlbench.plugins.registry import Registry

RATE = "learning-rate=log:1e-4..1e-1"
SEARCHES = {
    "one setting": (RATE,),
    "a setting and two parameters": (RATE, "optimizer.weight_decay=log:1e-6..1e-2", "model.dropout=lin:0..0.5"),
}
WIDTHS, BUDGET = tuple(str(width) for width in range(16, 41)), 400


def main() -> None:
    """Print the median of each search."""
    registry = Registry.load()
    for name, ranges in SEARCHES.items():
        _plan(ranges, registry)
        times = [_plan(ranges, registry) for _ in range(5)]
        print(f"plan {len(WIDTHS)} variants x {BUDGET} points, {name:30} {statistics.median(times):6.2f} s")


def _plan(ranges: Sequence[str], registry: Registry) -> float:
    """Return the processor time from a request to its trials, their identities and the manifest's plan."""
    models = tuple(f"mlp:hidden={width}" for width in WIDTHS)
    started = time.process_time()
    plan = build(Request(values={"model": models}, tune=Tune(ranges=ranges, budget=str(BUDGET))), registry)
    _ = {trial.trial_id for trial in plan.trials}
    plan.record.to_json()
    return time.process_time() - started


if __name__ == "__main__":
    main()
