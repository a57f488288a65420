"""The judged metric of each combination of a grid: one table, rows × columns."""

import math
from collections.abc import Sequence
from itertools import product

from rich.table import Table
from rich.text import Text

from dlbench.analysis.best_combination import best_variant
from dlbench.analysis.families import VariantEstimate
from dlbench.analysis.judged import Judged
from dlbench.analysis.places import words
from dlbench.plans.plan_record import PlannedVariant, PlanRecord
from dlbench.report.terminal.captions import held_caption
from dlbench.report.terminal.layout import fits, plain_table
from dlbench.statistics.verdicts import MINIMUM_PAIRS

_ABSENT = "–"
#: Before the best combination.
_MARK = "*"


def grid_table(judged: Judged, plan: PlanRecord, width: int, title: str = "") -> Table | None:
    """Return a table of every combination, the best one marked: the axis with the fewest values across, others down.

    Where that does not fit into a width, a combination is a row. None where fewer than two axes vary.
    """
    axes = plan.varied_axes
    if len(axes) < 2:
        return None
    best = best_variant(judged, plan)
    heading, caption = ": ".join(filter(None, (title, judged.metric.heading))), _caption(judged, best)
    table = _crossed(judged, plan, plain_table(heading, caption), best)
    return table if fits(table, width) else _listed(judged, plan, plain_table(heading, caption), best)


def _crossed(judged: Judged, plan: PlanRecord, table: Table, best: PlannedVariant | None) -> Table:
    axes = plan.varied_axes
    across = min(reversed(axes), key=lambda axis: len(_values(plan, axis)))
    down = [axis for axis in axes if axis != across]
    cells = {tuple(v.values.get(axis, "") for axis in (*down, across)): v.label for v in plan.variants}
    estimates = {estimate.variant: estimate for estimate in judged.estimates}
    for axis in down:
        table.add_column(words(axis))
    for value in _values(plan, across):
        table.add_column(f"{words(across)}\n{value}", justify="right", no_wrap=True)
    for names in product(*(_values(plan, axis) for axis in down)):
        labels = [cells.get((*names, value)) for value in _values(plan, across)]
        if any(labels):
            shown = (_cell(estimates.get(label or ""), judged, best) for label in labels)
            table.add_row(*map(Text, names), *shown)
    return table


def _listed(judged: Judged, plan: PlanRecord, table: Table, best: PlannedVariant | None) -> Table:
    estimates = {estimate.variant: estimate for estimate in judged.estimates}
    for axis in plan.varied_axes:
        table.add_column(words(axis))
    table.add_column(judged.metric.heading, justify="right", no_wrap=True)
    for variant in plan.variants:
        names = (Text(variant.values.get(axis, "")) for axis in plan.varied_axes)
        table.add_row(*names, _cell(estimates.get(variant.label), judged, best))
    return table


def _values(plan: PlanRecord, axis: str) -> Sequence[str]:
    return list(dict.fromkeys(variant.values.get(axis, "") for variant in plan.variants))


def _cell(estimate: VariantEstimate | None, judged: Judged, best: PlannedVariant | None) -> Text:
    mark = f"{_MARK} " if best and estimate and estimate.variant == best.label else ""
    if estimate is None or estimate.mean != estimate.mean:
        return Text(_ABSENT)
    spread = "" if math.isnan(estimate.std) else f" ± {judged.metric.format(estimate.std)}"
    return Text(f"{mark}{judged.metric.format(estimate.mean)}{spread}", style="bold" if mark else "")


def _caption(judged: Judged, best: PlannedVariant | None) -> str:
    counts = sorted({estimate.n for estimate in judged.estimates})
    seeds = f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} to {counts[-1]}"
    spread = "± standard deviation, " if counts[-1] >= MINIMUM_PAIRS else ""
    mark = f"; {_MARK} best mean" if best else ""
    return f"{spread}{seeds}{mark}" + (f"; {held_caption(judged.held)}" if judged.held else "")
