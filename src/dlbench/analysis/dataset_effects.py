"""The effects of the axes of a run on each of its data sets, and over all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dlbench.analysis.across_datasets import AcrossDatasets
from dlbench.analysis.axis_effects import (
    Effects,
    Evidence,
    Grid,
    Point,
    judge_axes,
    judge_interaction,
    judge_main_effects,
)
from dlbench.analysis.families import Family, known
from dlbench.analysis.places import DATASET
from dlbench.statistics.verdicts import Rules


def judge_by_dataset(
    axes: Sequence[str], grid: Grid, rules: Rules, evidence: Evidence, *, all_pairs: bool
) -> tuple[Effects, AcrossDatasets | None]:
    """Return the effects on each data set and averaged over the data sets, and what holds over all of them."""
    inner = tuple(axis for axis in axes if axis != DATASET)
    found = Effects()
    for dataset in dict.fromkeys(point.values[DATASET] for point in grid):
        points = [point for point in grid if point.values[DATASET] == dataset]
        found += _on_dataset(axes, points, grid[0], rules, evidence, all_pairs=all_pairs)
    kept, absent = _common(grid, inner, rules)
    shared = [point for point in grid if point.values[DATASET] in kept]
    averages = Effects()
    if len(kept) > 1:
        averages = judge_main_effects(inner, shared, rules, evidence, all_pairs=all_pairs, over=(DATASET,))
    differing = [judge_interaction((axis, DATASET), axes, grid, rules, evidence) for axis in inner]
    found += Effects(interactions=tuple(each for each in differing if each.comparisons))
    across = _across(shared, inner, kept, rules) if len(kept) > 1 and rules.has_better_side else None
    return found + Effects(averages=averages.families, notes=(*averages.notes, *absent)), across


def _on_dataset(
    axes: Sequence[str], points: Grid, base: Point, rules: Rules, evidence: Evidence, *, all_pairs: bool
) -> Effects:
    """Return the effects of the other axes on one data set."""
    dataset = points[0].values[DATASET]
    inner = tuple(
        axis for axis in axes if axis != DATASET and len({point.values.get(axis, "") for point in points}) > 1
    )
    missing = [axis for axis in inner if not any(_has(point, base, axis) for point in points)]
    notes = [f"{axis} is not judged on {dataset}: {base.values[axis]}, the baseline, is missing" for axis in missing]
    ordered = sorted(points, key=lambda point: sum(not _has(point, base, axis) for axis in inner))
    judged = tuple(axis for axis in inner if axis not in missing)
    found = judge_axes(judged, ordered, rules, evidence, all_pairs=all_pairs, place={DATASET: dataset})

    def arranged(families: Iterable[Family]) -> tuple[Family, ...]:
        return tuple(
            replace(each, place={axis: each.place[axis] for axis in axes if axis in each.place}) for each in families
        )

    return Effects(
        arranged(found.families),
        arranged(found.simple_effects),
        arranged(found.interactions),
        notes=(*(f"{dataset}: {note}" for note in found.notes), *notes),
    )


def _has(point: Point, base: Point, axis: str) -> bool:
    return point.values.get(axis, "") == base.values.get(axis, "")


def _common(grid: Grid, inner: Sequence[str], rules: Rules) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the data sets on which every variant has a value, and a sentence on the others."""
    combinations = dict.fromkeys(_label(point, inner) for point in grid)
    by_dataset: dict[str, set[str]] = {point.values[DATASET]: set() for point in grid}
    for point in grid:
        if known(point.series):
            by_dataset[point.values[DATASET]].add(_label(point, inner))
    measured = [name for name in combinations if any(name in found for found in by_dataset.values())]
    kept = tuple(name for name, found in by_dataset.items() if measured and found >= {*measured})
    metric = rules.metric.title
    notes = []
    for name, found in by_dataset.items():
        lacking = [label for label in measured if label not in found]
        if name not in kept:
            who = "no variant has" if len(lacking) == len(measured) else f"{', '.join(lacking)} without"
            notes.append(f"{name} is left out of what holds over all data sets: {who} a {metric} there")
    if len(kept) < 2:
        notes.append(f"nothing is said over all data sets: {len(kept)} of {len(by_dataset)} has all variants")
    return kept, tuple(notes)


def _across(grid: Grid, inner: Sequence[str], datasets: tuple[str, ...], rules: Rules) -> AcrossDatasets | None:
    values: dict[str, dict[str, Sequence[float]]] = {}
    for point in grid:
        if found := known(point.series):
            values.setdefault(_label(point, inner), {})[point.values[DATASET]] = found
    if len(values) < 2:
        return None
    axis = ", ".join(inner).replace("_", " ")
    return AcrossDatasets(rules=rules, axis=axis, baseline=next(iter(values)), datasets=datasets, values=values)


def _label(point: Point, inner: Sequence[str]) -> str:
    return ", ".join(point.values.get(axis, "") for axis in inner)
