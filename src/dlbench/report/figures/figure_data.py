"""The data of figures: a run's variants with their styles, and the judged metric."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from matplotlib.lines import Line2D

from dlbench.analysis.convergence import target_of
from dlbench.analysis.diagnostics import by_layer, layers_of, measured_epochs
from dlbench.analysis.judged import Judged
from dlbench.analysis.metrics import Query, metric_value
from dlbench.analysis.places import DATASET
from dlbench.analysis.summary import group_by_variant
from dlbench.analysis.verdicts import judge_run
from dlbench.components.metric_table import find_metric
from dlbench.components.metrics import Metric
from dlbench.plans.plan_record import PlanRecord
from dlbench.report.figures.canvas import with_note
from dlbench.report.figures.drawing import Drawing
from dlbench.report.palette import Style, styles
from dlbench.statistics.sums import mean
from dlbench.statistics.verdicts import Rules
from dlbench.trials.trial_record import COMPLETED, TrialRecord


@dataclass(frozen=True, kw_only=True)
class VariantSeries:
    """A variant in a figure.

    label: its name.
    values: its text on each axis.
    style: its color, marker and line, the same in every figure.
    records: its completed trials, by seed.
    target: the validation accuracy for metrics that need one.
    """

    label: str
    values: Mapping[str, str]
    style: Style
    records: tuple[TrialRecord, ...]
    target: float | None = None

    @property
    def note(self) -> str:
        """Return n and the number of diverged trials."""
        diverged = sum(record.status == "diverged" for record in self.records)
        return f"n = {len(self.records)}" + (f", {diverged} diverged" if diverged else "")

    def finite(self, query: Query) -> dict[int, float]:
        """Return the finite values of a metric by seed."""
        return {seed: value for seed, value in self._known(query).items() if math.isfinite(value)}

    def mean(self, query: Query) -> float:
        """Return the mean of a metric: infinite where a value is, NaN without values."""
        values = [*self._known(query).values()]
        return mean(values) if values else math.nan

    def _known(self, query: Query) -> dict[int, float]:
        if self.target is None and find_metric(query.metric).needs_target:
            return {}
        aimed = replace(query, target=self.target)
        found = {record.trial.seed: metric_value(record, aimed) for record in self.records}
        return {seed: value for seed, value in found.items() if value is not None}

    def layers(self, name: str) -> tuple[str, ...]:
        """Return the layers with a diagnostic of a name, in their order."""
        return layers_of(self.records, name)

    def measured_epochs(self, name: str) -> tuple[int, ...]:
        """Return the epochs at which a diagnostic was measured."""
        return measured_epochs(self.records, name)

    def layer_values(self, name: str, layer: str, epoch: int) -> list[float]:
        """Return the finite values of a layer at an epoch, one per seed."""
        found = (by_layer(record, name, epoch).get(layer, math.nan) for record in self.records)
        return [value for value in found if math.isfinite(value)]

    def handle(self, *, line: bool = True) -> Line2D:
        """Return its legend entry.

        line: whether the figure draws lines.
        """
        style = self.style
        return Line2D(
            [],
            [],
            color=style.color,
            linestyle=style.line if line else "",
            linewidth=1.8,
            marker=style.marker,
            markersize=5.5 * style.size,
            markeredgecolor="white",
            markeredgewidth=0.5,
            label=with_note(self.label, self.note, width=60, lines=1),
        )


@dataclass(frozen=True, kw_only=True)
class FigureData:
    """The data of a run's figures.

    plan: the plan of its manifest.
    variants: its variants, in the order of the plan.
    judged: the verdicts.
    drawing: the functions that all figures share.
    """

    drawing: ClassVar[type[Drawing]] = Drawing

    plan: PlanRecord
    variants: tuple[VariantSeries, ...]
    judged: Judged

    @property
    def answered(self) -> tuple[VariantSeries, ...]:
        """Return the variants with completed trials."""
        return tuple(variant for variant in self.variants if variant.records)

    @property
    def query(self) -> Query:
        """Return the query of the judged metric."""
        return Query(metric=self.judged.criteria.metric, at=self.judged.criteria.at)

    @property
    def metric(self) -> Metric:
        """Return the judged metric."""
        return self.judged.metric

    @property
    def rules(self) -> Rules:
        """Return the rules of the verdicts."""
        return self.judged.rules

    @property
    def baseline(self) -> str:
        """Return the label of the variant that the others are compared to."""
        return self.judged.criteria.baseline

    @property
    def without_datasets(self) -> str:
        """Return why there is nothing that holds over several data sets."""
        if DATASET not in self.plan.varied_axes or len(self.plan.varied_axes) < 2:
            return "it needs several data sets, and another axis"
        if not self.rules.has_better_side:
            return f"no side of {self.metric.title} is better"
        return "fewer than two data sets have values of all variants"

    def style_of(self, axis: str, held: str, value: str) -> Style | None:
        """Return the style of the variant with a value on an axis; None where that is not a single variant.

        held: values of the other axes, as in families: "learning_rate=0.1, …".
        """
        for variant in self.variants:
            others = ", ".join(f"{name}={text}" for name, text in variant.values.items() if name != axis)
            if variant.values.get(axis) == value and others == held:
                return variant.style
        return None


def figure_data(
    records: Iterable[TrialRecord],
    plan: PlanRecord,
    asked: Mapping[str, Any] | None = None,
    judged: Judged | None = None,
) -> FigureData:
    """Return the figure data of a run's records; those outside its plan are ignored.

    asked: criteria that replace those of the plan, see `criteria.asked_criteria`.
    judged: the verdicts, if they are already computed.
    """
    trials = tuple(records)
    groups, own_styles = group_by_variant(trials, plan), styles(plan)
    answered = {name: tuple(record for record in group if record.status in COMPLETED) for name, group in groups.items()}
    variants = tuple(
        VariantSeries(
            label=variant.label,
            values=variant.values,
            style=own_styles[variant.variant_id],
            records=answered[variant.variant_id],
            target=next((target_of(record, plan) for record in answered[variant.variant_id]), None),
        )
        for variant in plan.variants
    )
    return FigureData(plan=plan, variants=variants, judged=judged or judge_run(trials, plan, asked))
