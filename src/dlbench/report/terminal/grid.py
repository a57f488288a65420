"""The judged metric of each combination of a grid: one table, rows × columns, and the best combination."""

import math
from collections.abc import Sequence
from itertools import product

from rich.table import Table
from rich.text import Text

from dlbench.analysis.families import VariantEstimate
from dlbench.analysis.places import words
from dlbench.analysis.verdicts import Judged
from dlbench.plans.plan_record import PlanRecord
from dlbench.report.terminal.layout import fits, plain_table
from dlbench.statistics.verdicts import MINIMUM_PAIRS

_ABSENT = "–"
MARK = "*"


def grid_table(judged: Judged, plan: PlanRecord, width: int, title: str = "") -> Table | None:
    """Return a table of every combination: the axis with the fewest values across, the others down.

    None where fewer than two axes vary, or where it does not fit into a width.
    """
    axes = plan.varied_axes
    if len(axes) < 2:
        return None
    across = min(reversed(axes), key=lambda axis: len(_values(plan, axis)))
    down = [axis for axis in axes if axis != across]
    cells = {tuple(v.values.get(axis, "") for axis in (*down, across)): v.label for v in plan.variants}
    estimates, best = {estimate.variant: estimate for estimate in judged.estimates}, best_labels(judged)
    table = plain_table(": ".join(filter(None, (title, judged.metric.heading))), _caption(judged))
    for axis in down:
        table.add_column(words(axis))
    for value in _values(plan, across):
        table.add_column(f"{words(across)}\n{value}", justify="right", no_wrap=True)
    for names in product(*(_values(plan, axis) for axis in down)):
        labels = [cells.get((*names, value)) for value in _values(plan, across)]
        if any(labels):
            shown = (_cell(estimates.get(label or ""), judged, label in best) for label in labels)
            table.add_row(*map(Text, names), *shown)
    return table if fits(table, width) else None


def best_sentence(judged: Judged, plan: PlanRecord) -> str:
    """Return which combination of a grid has the best mean, as a sentence; "" where there is no best one."""
    best = best_labels(judged)
    if len(plan.varied_axes) < 2 or not best:
        return ""
    shown = next(estimate for estimate in judged.estimates if estimate.variant == best[0])
    value = judged.metric.format(shown.mean) + (f" {judged.metric.symbol}" if judged.metric.symbol else "")
    counted = sum(estimate.n > 0 for estimate in judged.estimates)
    means = f"best mean {judged.metric.title} of {counted} combinations"
    return f"{means}: {'; '.join(best)} ({value}, n = {shown.n}); a mean, not a verdict"


def best_labels(judged: Judged) -> tuple[str, ...]:
    """Return the labels of the variants with the best mean as it is shown; () where no side is better."""
    known = [estimate for estimate in judged.estimates if estimate.mean == estimate.mean]
    if not judged.rules.has_better_side or len(known) < 2:
        return ()
    best = (max if judged.rules.higher_is_better else min)(estimate.mean for estimate in known)
    shown = judged.metric.format(best)
    return tuple(estimate.variant for estimate in known if judged.metric.format(estimate.mean) == shown)


def _values(plan: PlanRecord, axis: str) -> Sequence[str]:
    return list(dict.fromkeys(variant.values.get(axis, "") for variant in plan.variants))


def _cell(estimate: VariantEstimate | None, judged: Judged, best: bool) -> Text:
    if estimate is None or estimate.mean != estimate.mean:
        return Text(f"{_ABSENT}  ")
    spread = "" if math.isnan(estimate.std) else f" ± {judged.metric.format(estimate.std)}"
    return Text(f"{judged.metric.format(estimate.mean)}{spread} {MARK if best else ' '}", style="bold" if best else "")


def _caption(judged: Judged) -> str:
    counts = sorted({estimate.n for estimate in judged.estimates})
    seeds = f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} to {counts[-1]}"
    spread = "± standard deviation, " if counts[-1] >= MINIMUM_PAIRS else ""
    return f"{spread}{seeds}" + (f"; {MARK} best mean" if best_labels(judged) else "")
