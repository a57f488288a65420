"""Summaries of a run's variants: counts of trials, and metrics over seeds."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dlbench.analysis.metrics import Query, metric_value
from dlbench.components.metrics import Metric
from dlbench.components.records import ParameterValue
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.statistics.sums import mean, total
from dlbench.statistics.verdicts import MINIMUM_PAIRS
from dlbench.trials.settings import Settings
from dlbench.trials.trial_record import COMPLETED, TrialRecord

STANDARD_METRICS = (
    "validation_accuracy",
    "test_accuracy",
    "test_loss",
    "validation_loss",
    "train_seconds",
    "images_per_second",
    "parameters",
)


#: What trials that a limit ended ran out of. That they have no result says something about their variant.
CUT_SHORT = {"timeout": "out of time", "oom": "out of memory"}


@dataclass(frozen=True)
class Summary:
    """One metric over the seeds of a variant.

    mean: mean.
    std: sample standard deviation (n − 1); None for fewer than three values, where it says nothing; NaN if one is
        infinite.
    minimum: smallest value.
    maximum: largest value.
    values: values by seed.
    """

    mean: float
    std: float | None
    minimum: float
    maximum: float
    values: Mapping[int, float]

    @property
    def n(self) -> int:
        """Return the number of seeds."""
        return len(self.values)

    def text(self, metric: Metric) -> str:
        """Return "mean ± standard deviation" in the unit shown to users; of one seed or two, the values.

        Infinite values leave the mean alone.
        """
        if self.std is None:
            return ", ".join(metric.format(value) for value in self.values.values())
        spread = "" if math.isnan(self.std) else f" ± {metric.format(self.std)}"
        return metric.format(self.mean) + spread

    @classmethod
    def of(cls, values: Mapping[int, float]) -> "Summary":
        """Return the summary of values by seed; there must be at least one."""
        numbers = list(values.values())
        middle = mean(numbers)
        squares = total((number - middle) * (number - middle) for number in numbers)
        std = math.sqrt(squares / (len(numbers) - 1)) if len(numbers) >= MINIMUM_PAIRS else None
        return cls(middle, std, min(numbers), max(numbers), dict(values))


@dataclass(frozen=True)
class FailureGroup:
    """Trials of a variant that ended with the same status and message, and without a result.

    status: their status.
    message: their message.
    seeds: their seeds.
    trial_ids: their trial_ids.
    """

    status: str
    message: str
    seeds: tuple[int, ...]
    trial_ids: tuple[str, ...]


@dataclass(frozen=True)
class VariantSummary:
    """A variant of a plan over its seeds.

    label: label of the variant.
    values: its value on each axis.
    n: completed trials (done or diverged), which the metrics are over; a diverged trial counts with its accuracy,
        with an infinite loss where it has none, but not with its time.
    failed: trials that failed, timed out or ran out of memory.
    metrics: summaries by name.
    failures: all trials that are not done, including those that diverged or were vetoed.
    test_use: what the test set was used for besides the final figures, or "".
    """

    label: str
    values: Mapping[str, str]
    n: int
    failed: int
    metrics: Mapping[str, Summary]
    failures: tuple[FailureGroup, ...] = ()
    test_use: str = ""


def summarize(
    records: Iterable[TrialRecord], plan: PlanRecord, metrics: Sequence[str] = STANDARD_METRICS
) -> tuple[VariantSummary, ...]:
    """Return the summaries of a run's variants, in the order of its plan; records outside the plan are ignored."""
    grouped = group_by_variant(records, plan)
    return tuple(_summarize(variant, grouped[variant.variant_id], metrics) for variant in plan.variants)


def group_by_variant(records: Iterable[TrialRecord], plan: PlanRecord) -> dict[str, list[TrialRecord]]:
    """Return the records of a plan's variants and seeds by variant_id, sorted by seed, without the noise floor's."""
    grouped: dict[str, list[TrialRecord]] = {variant.variant_id: [] for variant in plan.variants}
    groups = {(each.identity(seed), seed): grouped[each.variant_id] for seed in plan.seeds for each in plan.variants}
    for record in sorted(records, key=lambda record: record.trial.seed):
        if (group := groups.get((record.trial.variant_id, record.trial.seed))) is not None:
            group.append(record)
    return grouped


def planned(records: Iterable[TrialRecord], plan: PlanRecord) -> tuple[TrialRecord, ...]:
    """Return the records of a plan's trials, the noise floor's included, with the diagnostics that the plan measures.

    A plan without diagnostics leaves those that there are.
    """
    own = plan.labels
    return tuple(_measured(record, plan) for record in records if (record.trial.variant_id, record.trial.seed) in own)


def _measured(record: TrialRecord, plan: PlanRecord) -> TrialRecord:
    """Return a record with the readings that a plan's diagnostics give: other commands may have measured more."""
    if not plan.diagnostics or not record.diagnostics:
        return record
    epochs, names = plan.diagnostics.epochs(len(record.epochs)), plan.diagnostics.values
    kept = tuple(each for each in record.diagnostics if each.epoch in epochs and each.diagnostic in names)
    return record if len(kept) == len(record.diagnostics) else replace(record, diagnostics=kept)


def _summarize(variant: PlannedVariant, records: Sequence[TrialRecord], metrics: Sequence[str]) -> VariantSummary:
    completed = [record for record in records if record.status in COMPLETED]
    values = {name: _values(completed, name) for name in metrics}
    return VariantSummary(
        label=variant.label,
        values=dict(variant.values),
        n=len(completed),
        failed=sum(record.status in ("failed", "timeout", "oom") for record in records),
        metrics={name: Summary.of(by_seed) for name, by_seed in values.items() if by_seed},
        failures=_failures(records),
        test_use=_test_use(records[0].trial.settings) if records else "",
    )


def _test_use(settings: Settings) -> str:
    if settings.select == "best-on-test" or (
        settings.validation == "test" and settings.select not in ("last", "train_loss", "train_accuracy")
    ):
        return "selected on the test set"
    return "validated on the test set" if settings.validation == "test" else ""


def _values(records: Iterable[TrialRecord], metric: str) -> dict[int, float]:
    found = {record.trial.seed: _value(record, metric) for record in records}
    return {seed: value for seed, value in found.items() if value is not None}


def _value(record: TrialRecord, metric: str) -> float | None:
    if record.metrics.get(metric) is not None:
        return metric_value(record, Query(metric=metric))
    return None if record.status == "diverged" else record.cost.get(metric)


def _failures(records: Iterable[TrialRecord]) -> tuple[FailureGroup, ...]:
    grouped: dict[tuple[str, str], list[TrialRecord]] = {}
    for record in records:
        if record.status != "done":
            grouped.setdefault((record.status, record.message), []).append(record)
    return tuple(
        FailureGroup(
            status,
            message,
            tuple(record.trial.seed for record in alike),
            tuple(record.trial_id for record in alike),
        )
        for (status, message), alike in grouped.items()
    )


def summary_table(summaries: Iterable[VariantSummary]) -> tuple[tuple[str, ...], list[dict[str, ParameterValue]]]:
    """Return columns and rows of a table: label, values by axis, n, failed, and four columns per metric."""
    rows = []
    for summary in summaries:
        row: dict[str, ParameterValue] = {
            "label": summary.label,
            **summary.values,
            "n": summary.n,
            "failed": summary.failed,
        }
        for name, metric in summary.metrics.items():
            row |= {f"{name}_mean": metric.mean, f"{name}_std": metric.std}
            row |= {f"{name}_minimum": metric.minimum, f"{name}_maximum": metric.maximum}
        rows.append(row)
    return tuple(dict.fromkeys(column for row in rows for column in row)), rows
