"""The effects of the axes of a run: averaged over the others, at each of their values, and their interactions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, combinations, pairwise

from dlbench.analysis.families import Annotate, Family, Series, average, estimate_variant, family, judge_values
from dlbench.analysis.other_images import Members, OtherImages, equal_weights
from dlbench.analysis.race import Race
from dlbench.statistics.sentences import Lead
from dlbench.statistics.verdicts import Comparison, LookOf, Rules
from dlbench.trials.settings import SETTINGS


@dataclass(frozen=True)
class Point:
    """A variant in the grid of the axes.

    values: its value on each axis.
    label: its label.
    series: the metric by seed.
    """

    values: Mapping[str, str]
    label: str
    series: Series


#: The variants of a run; the baseline comes first.
Grid = Sequence[Point]
#: Points by their values of some axes, for each combination of values of the others.
Cells = Mapping[tuple[str, ...], Mapping[tuple[str, ...], Point]]


@dataclass(frozen=True)
class Evidence:
    """What comparisons are judged by, besides the values of their metric.

    images: the outcomes on each test image.
    race: how far each comparison has grown.
    """

    images: OtherImages
    race: Race

    def annotate(self, axis: str, members: Members) -> Annotate:
        """Return what adds the intervals on other images, and leaves decided comparisons as they were."""
        return lambda found: self.race.settle(axis, members, self.images.annotate(found, members))

    def look_of(self, axis: str, members: Members) -> LookOf:
        """Return the look of each pair of names."""
        return lambda variant, baseline: self.race.look(axis, members[variant], members[baseline])


@dataclass(frozen=True)
class Effects:
    """The effects of the axes of a grid.

    families: main effects, the metric averaged over the other axes.
    simple_effects: the same at each combination of values of the other axes.
    interactions: whether the effects of one axis depend on another one.
    averages: of several data sets, the main effects averaged over them.
    notes: what could not be judged.
    """

    families: tuple[Family, ...] = ()
    simple_effects: tuple[Family, ...] = ()
    interactions: tuple[Family, ...] = ()
    averages: tuple[Family, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: "Effects") -> "Effects":
        return Effects(
            self.families + other.families,
            self.simple_effects + other.simple_effects,
            self.interactions + other.interactions,
            self.averages + other.averages,
            self.notes + other.notes,
        )

    @property
    def all_families(self) -> tuple[Family, ...]:
        """Return every family: main effects, averages over data sets, simple effects, interactions."""
        return (*self.families, *self.averages, *self.simple_effects, *self.interactions)

    def with_families(self, changed: Sequence[Family]) -> "Effects":
        """Return the effects with other families, in the order of all_families."""
        counts = (len(self.families), len(self.averages), len(self.simple_effects), len(self.interactions))
        main, averages, simple, interactions = (
            tuple(changed[start:end]) for start, end in pairwise((0, *accumulate(counts)))
        )
        return Effects(main, simple, interactions, averages, self.notes)


def judge_axes(
    axes: Sequence[str],
    grid: Grid,
    rules: Rules,
    evidence: Evidence,
    *,
    all_pairs: bool,
    place: Mapping[str, str] | None = None,
) -> Effects:
    """Return the effects of some axes. place: values of the other axes that all points of the grid share."""
    found = judge_main_effects(axes, grid, rules, evidence, all_pairs=all_pairs, place=place)
    simple: list[Family] = []
    for axis in axes:
        if others := tuple(other for other in axes if other != axis):
            cells = _cells((axis,), others, grid)
            simple += _judge_simple_effects(axis, others, _names(axis, grid)[0], cells, rules, evidence, place or {})
    interactions = [
        judged
        for pair in combinations(axes, 2)
        if (judged := judge_interaction(pair, axes, grid, rules, evidence, place)).comparisons
    ]
    return found + Effects(simple_effects=tuple(simple), interactions=tuple(interactions))


def judge_main_effects(
    axes: Sequence[str],
    grid: Grid,
    rules: Rules,
    evidence: Evidence,
    *,
    all_pairs: bool,
    place: Mapping[str, str] | None = None,
    over: tuple[str, ...] = (),
) -> Effects:
    """Return the effect of each axis, averaged over the others. over: axes that are only averaged over."""
    families, notes = [], []
    for axis in axes:
        others = (*(other for other in axes if other != axis), *over)
        cells, names = _cells((axis,), others, grid), _names(axis, grid)
        complete = {at: row for at, row in cells.items() if len(row) == len(names)}
        shared = list(complete.values())
        if shared:
            pooled = {name: average([row[name,].series for row in shared]) for name in names}
            members = {name: equal_weights([row[name,].label for row in shared]) for name in names}
            annotate, look_of = evidence.annotate(axis, members), evidence.look_of(axis, members)
            averaged = _values(others, complete)
            found = judge_values(
                axis, pooled, rules, annotate, look_of, all_pairs=all_pairs, averaged=averaged, place=place
            )
            families.append(replace(found, labels={name: tuple(each) for name, each in members.items()}))
        if len(shared) < len(cells):
            notes.append(_incomplete(axis, others, len(shared), len(cells)))
    return Effects(families=tuple(families), notes=tuple(notes))


def _values(axes: Sequence[str], cells: Iterable[tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the values of axes that cells have, in their order."""
    known = list(cells)
    return {axis: tuple(dict.fromkeys(cell[place] for cell in known)) for place, axis in enumerate(axes)}


def _names(axis: str, grid: Grid) -> list[str]:
    """Return the values on an axis, that of the baseline first."""
    return list(dict.fromkeys(point.values.get(axis, "") for point in grid))


def _incomplete(axis: str, others: Sequence[str], shared: int, cells: int) -> str:
    where = f"combinations of {', '.join(others)}" if len(others) > 1 else f"values of {others[0]}"
    if not shared:
        return f"{axis} is not judged as a whole: none of the {cells} {where} has all of its values"
    return f"{axis} is averaged over {shared} of {cells} {where}: the others lack some of its values"


def _cells(inner: tuple[str, ...], outer: tuple[str, ...], grid: Grid) -> Cells:
    """Return the points by the values of the outer axes, and within each cell by those of the inner axes."""
    cells: dict[tuple[str, ...], dict[tuple[str, ...], Point]] = {}
    for point in grid:
        fixed, varied = (tuple(point.values.get(axis, "") for axis in axes) for axes in (outer, inner))
        cells.setdefault(fixed, {})[varied] = point
    return cells


def _judge_simple_effects(
    axis: str,
    others: tuple[str, ...],
    base: str,
    cells: Cells,
    rules: Rules,
    evidence: Evidence,
    place: Mapping[str, str],
) -> list[Family]:
    """Return the families of an axis at each combination of the others, all of them under one correction."""
    from dlbench.statistics.comparisons import compare_pairs

    texts = {fixed: ", ".join(f"{name}={value}" for name, value in zip(others, fixed, strict=True)) for fixed in cells}
    named = {f"{name} at {texts[fixed]}": point for fixed, row in cells.items() for (name,), point in row.items()}
    keys = [(fixed, name) for fixed, row in cells.items() if (base,) in row for (name,) in row if name != base]
    pairs = [(f"{name} at {texts[fixed]}", f"{base} at {texts[fixed]}") for fixed, name in keys]
    values = {name: point.series for name, point in named.items()}
    members = {name: {point.label: 1.0} for name, point in named.items()}
    compared = compare_pairs(values, pairs, rules, evidence.look_of(axis, members))
    found = dict(zip(keys, evidence.annotate(axis, members)(compared), strict=True))
    families = {
        fixed: family(
            axis,
            [replace(c, variant=name, baseline=base) for (at, name), c in found.items() if at == fixed],
            baseline=estimate_variant(base, cells[fixed][base,].series, rules),
            size=len(found),
            place=dict(zip(others, fixed, strict=True)) | dict(place),
            values={name: point.series for (name,), point in cells[fixed].items()},
        )
        for fixed in dict.fromkeys(fixed for fixed, _ in keys)
    }
    labels = {fixed: {name: (point.label,) for (name,), point in row.items()} for fixed, row in cells.items()}
    return [replace(each, labels=labels[fixed]) for fixed, each in families.items()]


def judge_interaction(
    pair: tuple[str, str],
    axes: Sequence[str],
    grid: Grid,
    rules: Rules,
    evidence: Evidence,
    place: Mapping[str, str] | None = None,
) -> Family:
    """Return whether the effect of one axis depends on the other, averaged over the complete cells of the rest."""
    from dlbench.statistics.comparisons import gains as effects_of
    from dlbench.statistics.comparisons import interaction

    rest = tuple(axis for axis in axes if axis not in pair)
    cells = _cells(pair, rest, grid)
    present = list(dict.fromkeys(key for row in cells.values() for key in row))
    complete = {at: row for at, row in cells.items() if len(row) == len(present)}
    shared = list(complete.values())
    values = {at: average([row[at].series for row in shared]) for at in _pairs(present) if shared}
    labels = {at: [row[at].label for row in shared] for at in values}
    rules = rules.of_effects()
    base = next(iter(values))[0] if values else ""
    gains, name = _gains(labels, base), " × ".join(pair)
    found = evidence.images.annotate(interaction(values, rules, evidence.look_of(name, gains)), gains)
    leads = [_lead(c, pair[0], base) for c in found]
    averaged = _values(rest, complete)
    return family(name, found, averaged=averaged, leads=leads, place=place, values=effects_of(values))


def _gains(labels: Mapping[tuple[str, str], Sequence[str]], base: str) -> Members:
    """Return the members of each effect of the first axis over its baseline, by the name that it is compared under."""
    from dlbench.statistics.comparisons import gain_name

    gains = {}
    for (first, second), own in labels.items():
        if first != base and (base, second) in labels:
            less = {label: -weight for label, weight in equal_weights(labels[base, second]).items()}
            gains[gain_name(first, base, second)] = equal_weights(own) | less
    return gains


def _pairs(keys: Sequence[tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(first, second) for first, second in keys]


def _lead(comparison: Comparison, axis: str, base: str) -> Lead:
    """Return what a comparison of an interaction compares; base: the first value of the axis."""
    name, _, at = comparison.variant.partition(f" over {base} at ")
    shown = f"{axis.replace('_', ' ')} {name}" if axis in SETTINGS else name
    return Lead(shown, base, at, comparison.baseline.removeprefix(f"{name} over {base} at "))
