"""The verdicts on a run, as a record."""

from dataclasses import dataclass, field

from dlbench.analysis.across_datasets import AcrossDatasets
from dlbench.analysis.families import (
    COLUMNS,
    Family,
    VariantEstimate,
)
from dlbench.analysis.places import DATASET
from dlbench.analysis.race import Race
from dlbench.analysis.spread import SpreadTable
from dlbench.analysis.tuning_report import TuningReport
from dlbench.components.metrics import Metric
from dlbench.components.records import ParameterValue
from dlbench.plans.criteria import Criteria
from dlbench.statistics.verdicts import MINIMUM_PAIRS, Rules

#: With more values of the other axes than these, a screen shows the average even where it may mislead.
_SIMPLE_EFFECTS = 12


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The verdicts on a run.

    criteria: criteria by which it is judged.
    rules: rules of its comparisons.
    deviations: how the criteria deviate from those that were fixed before running.
    families: main effects, one family per axis, the metric averaged over the other axes; of several data sets, those
        of each.
    simple_effects: the same for each combination of the other axes.
    interactions: one family per pair of axes.
    averages: of several data sets, the main effects averaged over them.
    across: the variants over several data sets; None for one data set, or where no side of the metric is better.
    noise_floor: the baseline against itself on other seeds.
    estimates: the metric of each variant, in the order of the plan.
    notes: what could not be judged, and warnings.
    second_look: what had been judged before these criteria were fixed, a sentence; "" if nothing had.
    race: how far its comparisons have grown.
    tuning: what the search before the comparison found, None if there was none.
    advice: what would make the comparison fairer, a sentence; "" if nothing is known.
    saving: how many trials were enough for them, a sentence; "" if all were needed, or some are missing.
    held: what all seeds share, "on one split"; "" for nothing.
    spread: where the spread comes from, a table each; () for a plan that does not show it.
    """

    criteria: Criteria
    rules: Rules
    deviations: tuple[str, ...] = ()
    families: tuple[Family, ...] = ()
    simple_effects: tuple[Family, ...] = ()
    interactions: tuple[Family, ...] = ()
    averages: tuple[Family, ...] = ()
    across: AcrossDatasets | None = None
    noise_floor: Family | None = None
    estimates: tuple[VariantEstimate, ...] = ()
    notes: tuple[str, ...] = ()
    second_look: str = ""
    race: Race = field(default_factory=Race)
    saving: str = ""
    tuning: TuningReport | None = None
    advice: str = ""
    held: str = ""
    spread: tuple[SpreadTable, ...] = ()

    @property
    def metric(self) -> Metric:
        """Return the metric that is compared."""
        return self.rules.metric

    @property
    def all_families(self) -> tuple[Family, ...]:
        """Return every family, the noise floor first."""
        floor = (self.noise_floor,) if self.noise_floor else ()
        return (*floor, *self.families, *self.averages, *self.simple_effects, *self.interactions)

    @property
    def shown_interactions(self) -> tuple[Family, ...]:
        """Return the interactions that a screen shows: each data set has tables, beside which its own says little."""
        return tuple(
            each
            for each in self.interactions
            if DATASET not in each.axis.split(" × ") and any(c.n >= MINIMUM_PAIRS for c in each.comparisons)
        )

    @property
    def shown_effects(self) -> tuple[Family, ...]:
        """Return the effects that a screen shows: of an axis with an interaction that is shown, those at each value."""
        shown: list[Family] = []
        for main in self.families:
            at_each = [each for each in self.simple_effects if _is_part(each, main)]
            misleading = self.depends(main) and len(at_each) <= _SIMPLE_EFFECTS
            shown += at_each if misleading and at_each else [main]
        return tuple(shown)

    def depends(self, family: Family) -> bool:
        """Return whether the effect of a family's axis was shown to depend on an axis that it is averaged over."""
        return any(
            c.separated
            for each in self.shown_interactions
            if each.place == family.place and family.axis in each.axis.split(" × ")
            for c in each.comparisons
        )

    @property
    def table_count(self) -> int:
        """Return the number of tables that a screen shows, each with an error rate of its own."""
        return len(self.shown_effects) + len(self.shown_interactions) + len(self.averages)

    @property
    def is_empty(self) -> bool:
        """Return whether no trial has a value that could be judged, and a note says why."""
        baselines = [family.baseline for family in self.families if family.baseline]
        return bool(self.notes) and all(estimate.n == 0 for estimate in (*self.estimates, *baselines))

    @property
    def decided(self) -> bool:
        """Return whether every verdict on an axis is decided."""
        if self.race.planned:
            return self.race.complete and not self.race.given_up
        return all(family.decided for family in self.families or self.simple_effects)

    def table(self) -> tuple[tuple[str, ...], list[dict[str, ParameterValue]]]:
        """Return the columns and rows of comparison.csv."""
        return COLUMNS, [row for family in self.all_families for row in family.rows(self.criteria.metric)]


def _is_part(simple: Family, family: Family) -> bool:
    """Return whether a simple effect is one that a main effect averages."""
    return simple.axis == family.axis and family.place.items() <= simple.place.items()
