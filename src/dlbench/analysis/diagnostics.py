"""Values of diagnostics as metrics of a trial: "saturation", "saturation@last", "gradient_norm@conv1".

A name alone is the value of the whole model or, for a diagnostic of layers, the mean over layers. The text after an @
is a layer's name, "first" or "last". The value is that of the last measured epoch, or of the requested one.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from dlbench.components.metrics import Value
from dlbench.errors import DlbenchError, suggest
from dlbench.plans.plan_record import PlanRecord
from dlbench.trials.trial_record import TrialRecord

FIRST, LAST = "first", "last"


def names_of(record: TrialRecord) -> tuple[str, ...]:
    """Return the names of a trial's values, in the order in which they were measured."""
    return tuple(dict.fromkeys(reading.diagnostic for reading in record.diagnostics))


def names_in(plan: PlanRecord) -> tuple[str, ...]:
    """Return the names of the values of a plan's diagnostics."""
    return plan.diagnostics.values


def declared_in(plan: PlanRecord) -> tuple[Value, ...]:
    """Return the values that a plan's diagnostics declare; for plans of old runs, those of installed plugins."""
    declared = plan.diagnostics.declared
    return _installed_values() if declared is None else declared


@cache
def _installed_values() -> tuple[Value, ...]:
    from dlbench.plans.diagnostics import declared_values  # finding plugins is slow, and few runs are that old
    from dlbench.plugins.registry import Registry

    return declared_values(Registry.load(strict=False))


def base_name(metric: str) -> str:
    """Return a metric's name without its layer."""
    return metric.partition("@")[0]


def layers_of(records: Iterable[TrialRecord], name: str) -> tuple[str, ...]:
    """Return the layers with a value of a name, in order; () if it is a value of the whole model."""
    found = (reading for record in records for reading in record.diagnostics if reading.diagnostic == name)
    return tuple(dict.fromkeys(reading.layer for reading in found if reading.layer))


def measured_epochs(records: Iterable[TrialRecord], name: str) -> tuple[int, ...]:
    """Return the epochs at which a value was measured."""
    return tuple(sorted({r.epoch for record in records for r in record.diagnostics if r.diagnostic == name}))


def by_layer(record: TrialRecord, name: str, epoch: int) -> dict[str, float]:
    """Return a trial's values of a name at an epoch, by layer."""
    return {r.layer: r.value for r in record.diagnostics if r.diagnostic == name and r.epoch == epoch}


def reading_value(record: TrialRecord, metric: str, at: str | int) -> float | None:
    """Return a trial's value; None if it has none. at: an epoch; "selected" and "last" are the last measured one."""
    name, _, layer = metric.partition("@")
    epochs = measured_epochs([record], name)
    if not epochs:
        return None
    found = by_layer(record, name, at if isinstance(at, int) else epochs[-1])
    return _of_layer(found, layer) if found else None


def _of_layer(found: Mapping[str, float], layer: str) -> float | None:
    if not layer:
        values: Sequence[float] = [found[""]] if "" in found else list(found.values())
        return math.fsum(values) / len(values) if all(map(math.isfinite, values)) else sum(values) / len(values)
    named = [name for name in found if name]
    position = {FIRST: named[:1], LAST: named[-1:]}.get(layer, [layer])
    return found.get(position[0]) if position else None


def check_layer(metric: str, record: TrialRecord) -> None:
    """Raise DlbenchError for a layer without a value in a trial."""
    name, _, layer = metric.partition("@")
    known = (FIRST, LAST, *layers_of([record], name))
    if layer and name in names_of(record) and layer not in known:
        raise DlbenchError(f"{name} has no layer {layer!r}.", suggest(layer, known, f"It takes {', '.join(known)}."))
