"""Where the spread of a metric comes from: each source of randomness alone, the test images, and what pairing saves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite, nan, sqrt
from typing import TYPE_CHECKING, Any

from dlbench.analysis.metrics import Query, metric_value
from dlbench.analysis.other_images import METRIC
from dlbench.analysis.summary import planned
from dlbench.components.metric_table import find_metric
from dlbench.components.metrics import Metric
from dlbench.plans.criteria import Criteria
from dlbench.plans.hold import KERNELS
from dlbench.plans.plan_record import PlanRecord
from dlbench.plans.spread import SpreadDesign
from dlbench.trials.trial_record import COMPLETED, TrialRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dlbench.statistics.variance_shares import ImagePart, Share, Variance

#: A trial's place in the design: its seed, and the sources that have another.
Cell = tuple[int, tuple[tuple[str, int], ...]]


@dataclass(frozen=True, kw_only=True)
class SourceSpread:
    """What one source of randomness has in the spread.

    source: its name.
    kept: share of the variance that is left where it alone varies.
    removed: share of the variance that goes where it is fixed and all others vary; NaN where it cannot be.
    std: standard deviation where it alone varies, in the metric's unit.
    """

    source: str
    kept: "Share"
    removed: "Share"
    std: float

    @property
    def is_idle(self) -> bool:
        """Return whether nothing is drawn from it: every value stayed the same to the last bit."""
        return self.kept.value == 0


@dataclass(frozen=True, kw_only=True)
class SpreadTable:
    """Where the spread of a metric comes from, for a variant or for the difference of two.

    subject: the variant's label, or "tanh − relu".
    metric: what spreads.
    std: its standard deviation over all sources; std_low, std_high: the ends of its interval.
    count: values that it is estimated from; lost: how many more were planned.
    backgrounds: at how many seeds each source varied.
    sources: of each source.
    images: what the finite test set has in it, None where that is not known.
    image_count: the number of test images.
    pairing: the share of a difference's variance that equal seeds save, None for a single variant.
    """

    subject: str
    metric: Metric
    std: float
    std_low: float
    std_high: float
    count: int
    lost: int
    backgrounds: int
    sources: tuple[SourceSpread, ...]
    images: "ImagePart | None" = None
    image_count: int = 0
    pairing: "Share | None" = None

    @property
    def is_known(self) -> bool:
        """Return whether there are enough values, and any spread. An unfinished run may have too few of one source."""
        return self.std > 0 and isfinite(self.std_high) and all(isfinite(each.kept.low) for each in self.sources)

    def share(self, relation: str, source: str) -> "Share | None":
        """Return the share that is "kept" or "removed" of a source; None where it was not varied."""
        return next((getattr(each, relation) for each in self.sources if each.source == source), None)

    def document(self) -> dict[str, Any]:
        """Return the table as JSON content."""
        content = {name: getattr(self, name) for name in ("subject", "std", "std_low", "std_high", "count", "lost")}
        return content | {
            "metric": self.metric.name,
            "sources": [asdict(each) for each in self.sources],
            "test_images": asdict(self.images) | {"count": self.image_count} if self.images else None,
            "pairing": asdict(self.pairing) if self.pairing else None,
        }


def spread_tables(records: Iterable[TrialRecord], plan: PlanRecord, criteria: Criteria) -> tuple[SpreadTable, ...]:
    """Return the tables of a plan that shows where the spread comes from; () for any other plan."""
    design = plan.spread
    if design is None:
        return ()
    found = _cells(records, plan, design)
    query, metric = Query(metric=criteria.metric, at=criteria.at), find_metric(criteria.metric)
    first, *others = plan.variants
    if design.of == "difference" and len(others) == 1:
        return (_difference_table(design, found[first.label], found[others[0].label], query, metric, plan),)
    return tuple(_variant_table(design, each.label, found[each.label], query, metric) for each in plan.variants)


def with_varied(records: Iterable[TrialRecord], plan: PlanRecord) -> tuple[TrialRecord, ...]:
    """Return the records of a plan's comparison and, where it has some, of its trials with one source varied."""
    known = tuple(records)
    varied = (each for each in known if plan.spread and plan.spread.varies(each.trial) and plan.label_of(each.trial))
    return (*planned(known, plan), *varied)


def _cells(
    records: Iterable[TrialRecord], plan: PlanRecord, design: SpreadDesign
) -> dict[str, dict[Cell, TrialRecord]]:
    """Return the completed records of each variant by their place in the design, by label."""
    cells = [(seed, tuple(seeds.items())) for seed, seeds in design.cells()]
    labels = {variant.variant_id: variant.label for variant in plan.variants}
    by_label: dict[str, dict[Cell, TrialRecord]] = {label: {} for label in labels.values()}
    for record in records:
        trial = record.trial
        usual = replace(trial, stream_seeds={}) if trial.stream_seeds else trial
        label = labels.get(usual.variant_id)
        if label is not None and record.status in COMPLETED and trial.role == "evaluation":
            by_label[label][trial.seed, tuple(trial.stream_seeds.items())] = record
    return {label: {cell: known[cell] for cell in cells if cell in known} for label, known in by_label.items()}


def _finite(record: TrialRecord, query: Query) -> float | None:
    value = metric_value(record, query)
    return value if value is not None and isfinite(value) else None


def _values(records: Mapping[Cell, TrialRecord], query: Query) -> dict[Cell, float]:
    known = {cell: _finite(record, query) for cell, record in records.items()}
    return {cell: value for cell, value in known.items() if value is not None}


def _variant_table(
    design: SpreadDesign, label: str, records: Mapping[Cell, TrialRecord], query: Query, metric: Metric
) -> SpreadTable:
    values = _values(records, query)
    found = _outcomes([records[cell] for cell in values]) if query.metric == METRIC else None
    bits = None if found is None else found.astype("int8")
    return _table(design, label, metric, values, bits)


def _difference_table(
    design: SpreadDesign,
    base: Mapping[Cell, TrialRecord],
    other: Mapping[Cell, TrialRecord],
    query: Query,
    metric: Metric,
    plan: PlanRecord,
) -> SpreadTable:
    """Return the table of the second variant's lead over the first, at equal seeds."""
    left, right = _values(other, query), _values(base, query)
    cells = [cell for cell in left if cell in right]
    differences = {cell: left[cell] - right[cell] for cell in cells}
    sides = [_outcomes([side[cell] for cell in cells]) for side in (other, base)] if query.metric == METRIC else []
    known = [side.astype("int8") for side in sides if side is not None]
    bits = known[0] - known[1] if len(known) == 2 and known[0].shape == known[1].shape else None
    names = f"{plan.variants[1].label} − {plan.variants[0].label}"
    table = _table(design, names, metric, differences, bits)
    if not table.is_known:
        return table
    from dlbench.statistics.variance_shares import saved_by_pairing

    sums = {cell: left[cell] + right[cell] for cell in cells}
    saved = saved_by_pairing(_variance(design, differences), _variance(design, sums))
    return replace(table, pairing=saved)


def _variance(design: SpreadDesign, values: Mapping[Cell, float]) -> "Variance":
    import numpy as np

    from dlbench.statistics.variance_shares import Variance

    keys = [[seed, *(dict(seeds).get(source, seed) for source in design.seeded)] for seed, seeds in values]
    return Variance.of(list(values.values()), np.array(keys))


def _table(
    design: SpreadDesign, subject: str, metric: Metric, values: Mapping[Cell, float], bits: "NDArray[np.number] | None"
) -> SpreadTable:
    wanted = sum(1 for _ in design.cells())
    empty = SpreadTable(
        subject=subject,
        metric=metric,
        std=nan,
        std_low=nan,
        std_high=nan,
        count=len(values),
        lost=wanted - len(values),
        backgrounds=design.backgrounds,
        sources=(),
    )
    if len({seed for seed, _ in values}) < 3:
        return empty
    variance = _variance(design, values)
    if not variance.total > 0:
        return replace(empty, std=0.0)
    from dlbench.statistics.variance_shares import image_part

    low, high = (sqrt(end) for end in variance.interval)
    return replace(
        empty,
        std=sqrt(variance.total),
        std_low=low,
        std_high=high,
        sources=tuple(_source(source, design, variance) for source in design.sources),
        images=None if bits is None else image_part(variance, bits),
        image_count=0 if bits is None else bits.shape[1],
    )


def _source(source: str, design: SpreadDesign, variance: "Variance") -> SourceSpread:
    from dlbench.statistics.variance_shares import UNKNOWN

    if source == KERNELS:
        kept, removed = variance.kept_by_repeating(), UNKNOWN
    else:
        kept, removed = variance.shares(1 + design.seeded.index(source))
    return SourceSpread(source=source, kept=kept, removed=removed, std=sqrt(kept.value * variance.total))


def _outcomes(records: Sequence[TrialRecord]) -> "NDArray[np.bool_] | None":
    """Return whether each trial got each test image right; None where that is not known of the same images."""
    import numpy as np

    known = [record.outcomes for record in records]
    if not known or len({(each.images, each.count) if each else None for each in known}) != 1:
        return None
    try:
        return np.stack([each.bits() for each in known if each]) if known[0] else None
    except ValueError:  # damaged
        return None
