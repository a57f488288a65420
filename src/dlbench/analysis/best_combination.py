"""The best combination of a grid, and the planned verdicts on it: it has no test of its own, as looking chose it."""

import math

from dlbench.analysis.families import Family
from dlbench.analysis.judged import Judged
from dlbench.analysis.places import words
from dlbench.plans.plan_record import PlannedVariant, PlanRecord


def best_variant(judged: Judged, plan: PlanRecord) -> PlannedVariant | None:
    """Return the variant with the best mean of the judged metric.

    None where no side is better, where several share it, or where the data sets differ, whose figures no ranking joins.
    """
    sign = 1 if judged.metric.higher_is_better else -1
    found = [each for each in judged.estimates if math.isfinite(each.mean)]
    if judged.metric.better is None or len(found) < 2 or "dataset" in plan.varied_axes:
        return None
    best = max(found, key=lambda each: sign * each.mean)
    if sum(each.mean == best.mean for each in found) > 1:
        return None
    return next((variant for variant in plan.variants if variant.label == best.variant), None)


def best_in_words(best: PlannedVariant, judged: Judged) -> str:
    """Return what was shown of the best combination, axis by axis, in comparisons that were planned."""
    means = sum(math.isfinite(each.mean) for each in judged.estimates)
    parts = [text for family in judged.simple_effects if (text := _in_family(family, best))]
    return f"Best of {means} means, which flatters it: {best.label}." + (
        f" There, {'; '.join(parts)}." if parts else ""
    )


def _in_family(family: Family, best: PlannedVariant) -> str:
    """Return the verdicts on the best combination and those that differ from it in one axis alone."""
    value = best.values.get(family.axis, "")
    if family.baseline is None or any(best.values.get(axis) != held for axis, held in family.place.items()):
        return ""
    relevant = [c for c in family.against_baseline if value in (c.variant, c.baseline)]
    variants: dict[str, list[str]] = {}
    for comparison in relevant:
        variants.setdefault(comparison.verdict, []).append(comparison.variant)
    return "; ".join(
        f"{words(family.axis)} {', '.join(labels)} against {family.baseline.variant}: {verdict}"
        for verdict, labels in variants.items()
    )
