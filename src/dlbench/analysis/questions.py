"""How one comparison of a run folder differs from another, in a few words."""

from collections.abc import Iterable, Iterator

from dlbench.analysis.criteria import changed_criteria
from dlbench.analysis.places import short_name
from dlbench.plans.history import quoted
from dlbench.plans.plan_record import PlanRecord

#: More names, or settings, than these are counted.
_SHOWN = 3


def what_differs(other: PlanRecord, plan: PlanRecord) -> str:
    """Return what a comparison has that another one has not: "without sigmoid; here 7 seeds; metric test_loss".

    The number of its own seeds is left out: that is said where the comparison is named.
    """
    return "; ".join(_differences(other, plan))


def _differences(other: PlanRecord, plan: PlanRecord) -> Iterator[str]:
    yield from _variants(other, plan)
    if other.seeds != plan.seeds:
        same = len(other.seeds) == len(plan.seeds)
        here = f"here {len(plan.seeds)} seed{'s' * (len(plan.seeds) != 1)}"
        yield f"seeds {_span(other)}, not {_span(plan)}" if same else here
    if bool(other.noise_floor) != bool(plan.noise_floor):
        yield f"{'with' if other.noise_floor else 'without'} the noise floor"
    yield from changed_criteria(other, plan)
    for word, one, two in (("with", other, plan), ("without", plan, other)):
        if names := [name for name in one.diagnostics.diagnostics if name not in two.diagnostics.diagnostics]:
            yield f"{word} diagnostics {_listed(map(short_name, names))}"
    both = set(other.diagnostics.diagnostics) == set(plan.diagnostics.diagnostics)
    if both and set(other.diagnostics.at) != set(plan.diagnostics.at):
        yield f"diagnostics at {_listed(other.diagnostics.at)}"


def _variants(other: PlanRecord, plan: PlanRecord) -> Iterator[str]:
    """Yield the variants that one of two comparisons lacks; of equal labels, the settings that differ."""
    labels = [[variant.label for variant in each.variants] for each in (other, plan)]
    if more := [label for label in labels[0] if label not in labels[1]]:
        yield f"with {_listed(more)}"
    if fewer := [label for label in labels[1] if label not in labels[0]]:
        yield f"without {_listed(fewer)}"
    ids = {variant.label: variant.variant_id for variant in plan.variants}
    if any(ids.get(variant.label, variant.variant_id) != variant.variant_id for variant in other.variants):
        fixed = [name for name, text in other.fixed.items() if plan.fixed.get(name, text) != text]
        yield from (f"{name.replace('_', ' ')} {other.fixed[name]}, not {plan.fixed[name]}" for name in fixed[:_SHOWN])


def _span(plan: PlanRecord) -> str:
    return str(plan.seeds[0]) if len(plan.seeds) == 1 else f"{min(plan.seeds)} to {max(plan.seeds)}"


def _listed(names: Iterable[str]) -> str:
    known = [quoted(name) for name in names]
    return ", ".join(known) if len(known) <= _SHOWN else f"{', '.join(known[:_SHOWN])} and {len(known) - _SHOWN} more"
