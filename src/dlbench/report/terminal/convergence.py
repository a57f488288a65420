"""The table of convergence: which variants reach the target, when, and how steadily."""

import math
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from dlbench.analysis.convergence import Convergence
from dlbench.report.terminal.layout import plain_table


def convergence_table(rows: Sequence[Convergence], width: int) -> Table:
    """Return a table with a row per variant: trials that reach the target, when, and how steadily."""
    targets = {row.target for row in rows if row.target is not None}
    goal = f"{100 * targets.pop():.2f} %" if len(targets) == 1 else "its data set's target"
    table = plain_table(
        f"Convergence to a validation accuracy of {goal}",
        "target: the baseline's median at 80 % of its epochs; medians over hits and misses",
    )
    table.add_column("variant", overflow="fold", max_width=max(14, width // 3))
    for heading in (
        "reached",
        "epochs",
        "seconds",
        "mean on the\nway (%)",
        "epoch-to-epoch\nchange (points)",
        "gap\n(points)",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        reached = "–" if row.reached is None else f"{row.reached}/{row.n}"
        shares = ["–" if x is None else f"{100 * x:.2f}" for x in (row.area, row.change, row.gap)]
        table.add_row(Text(row.variant), reached, _time(row.epochs, "{:.0f}"), _time(row.seconds, "{:.2f}"), *shares)
    return table


def _time(value: float | None, form: str) -> str:
    return "–" if value is None else "∞" if math.isinf(value) else form.format(value)
