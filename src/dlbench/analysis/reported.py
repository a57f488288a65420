"""Reported against measured: each figure of a report and its measurement."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from dlbench.analysis.claim_values import measured
from dlbench.analysis.diagnostics import declared_in
from dlbench.analysis.metrics import Query
from dlbench.analysis.summary import Summary, group_by_variant
from dlbench.components.metric_table import find_metric
from dlbench.components.metrics import Metric
from dlbench.components.records import ParameterValue
from dlbench.errors import DlbenchError
from dlbench.experiments.experiment_file import Reported
from dlbench.plans.naming import find_variant
from dlbench.plans.plan_record import PlanRecord
from dlbench.trials.trial_record import TrialRecord

#: A figure that is this close, relative to its size, to the end of an interval counts as within.
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class ReportedFigure:
    """One reported figure and its measurement, in the metric's unit as in files.

    variant: name of the variant in the report.
    metric: metric of the figure.
    at: epoch at which the metric is read.
    reported: the reported figure.
    place: where the report states it.
    n: number of seeds with a value.
    measured: mean over the seeds.
    low: lower end of the 95 % interval of the measured mean; None for fewer than three seeds.
    high: upper end of that interval.
    difference: measured − reported.
    within: whether the reported figure lies in the interval.
    one_run: whether it lies in the interval that contains 95 % of single runs, for reports of one seed.
    problem: why nothing was measured, or "".
    """

    variant: str
    metric: Metric
    at: str
    reported: float
    place: str
    n: int = 0
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    difference: float | None = None
    within: bool | None = None
    one_run: bool | None = None
    problem: str = ""

    def row(self) -> dict[str, ParameterValue]:
        """Return it as a row of reported.csv."""
        return {name: getattr(self, name) for name in COLUMNS} | {"metric": self.metric.name}


COLUMNS = tuple(ReportedFigure.__dataclass_fields__)


def compare_reported(
    reported: Iterable[Reported], records: Iterable[TrialRecord], plan: PlanRecord
) -> tuple[ReportedFigure, ...]:
    """Return each reported figure with the measurement of its variant."""
    grouped = group_by_variant(records, plan)
    declared = declared_in(plan)
    return tuple(_compare(entry, find_metric(entry.metric, declared), grouped, plan) for entry in reported)


def _compare(
    entry: Reported, metric: Metric, grouped: Mapping[str, Sequence[TrialRecord]], plan: PlanRecord
) -> ReportedFigure:
    about: dict[str, Any] = {"variant": entry.variant, "metric": metric, "at": str(entry.at)}
    about |= {"reported": float(entry.value), "place": entry.place}
    try:
        variant = find_variant(entry.variant, plan)
    except DlbenchError as error:  # vetoed, or removed by an override
        return ReportedFigure(**about, problem=error.message)
    if variant.stands_for:  # the report's figure is of one of those that became one by tuning
        return ReportedFigure(**about, problem=f"{variant.label} is tuned in this run.")
    query = Query(metric=entry.metric, at=entry.at, over=entry.over, target=entry.target)
    values = {record.trial.seed: measured(record, query) for record in grouped[variant.variant_id]}
    known = {seed: value for seed, value in values.items() if value is not None}
    if not known:
        return ReportedFigure(**about, problem="No trial has a value.")
    return ReportedFigure(**about, **_measure(entry.value, Summary.of(known)))


def _measure(reported: float, summary: Summary) -> dict[str, Any]:
    found = {"n": summary.n, "measured": summary.mean, "difference": summary.mean - reported}
    if summary.std is None or summary.std != summary.std:
        return found
    from scipy import stats

    quantile = float(stats.t.ppf(0.975, summary.n - 1))
    half, one_run = quantile * summary.std / sqrt(summary.n), quantile * summary.std * sqrt(1 + 1 / summary.n)
    distance = abs(summary.mean - reported) - _ROUNDING * abs(reported)
    return found | {
        "low": summary.mean - half,
        "high": summary.mean + half,
        "within": distance <= half,
        "one_run": distance <= one_run,
    }


def reported_table(figures: Sequence[ReportedFigure]) -> tuple[tuple[str, ...], list[dict[str, ParameterValue]]]:
    """Return columns and rows of reported.csv, one row per figure."""
    return COLUMNS, [figure.row() for figure in figures]
