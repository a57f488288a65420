"""A whole run on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from dlbench.analysis.best_combination import best_in_words, best_variant
from dlbench.analysis.convergence import convergence as convergence_of
from dlbench.analysis.explain import explain as explain_differences
from dlbench.analysis.summary import STANDARD_METRICS, summarize
from dlbench.analysis.yardstick import mixed_losses
from dlbench.report.terminal.convergence import convergence_table
from dlbench.report.terminal.explain import print_explanation
from dlbench.report.terminal.grid import grid_table
from dlbench.report.terminal.spread import print_spread
from dlbench.report.terminal.summary import print_comparison
from dlbench.report.terminal.tuning import print_tuning
from dlbench.report.terminal.verdicts import print_verdicts
from dlbench.runs.folder import RunFolder


def print_run(
    console: Console,
    folder: RunFolder,
    judging: Mapping[str, Any] | None = None,
    *,
    convergence: bool = False,
    explain: bool = False,
    title: str = "",
) -> None:
    """Print a run: verdicts with their sentences, requested tables, the other metrics, and failures."""
    records, plan = folder.planned, folder.plan
    judged = folder.judge(judging)
    grid = None if judged.is_empty else grid_table(judged, plan, console.width, title)
    if grid:
        console.print(grid)
        if best := best_variant(judged, plan):
            console.print(best_in_words(best, judged), soft_wrap=True)
        console.print()
    if judged.tuning:
        print_tuning(console, judged.tuning)
    for table in judged.spread:
        print_spread(console, table)
        console.print()
    print_verdicts(console, judged, "" if grid else title)
    if convergence and (rows := convergence_of(records, plan)):
        console.print(convergence_table(rows, console.width))
    if explain:
        print_explanation(console, explain_differences(records, plan))
    shown = judged.criteria.metric if grid or len(plan.varied_axes) < 2 else ""
    mixed = [name for name in STANDARD_METRICS if mixed_losses(records, name)]
    print_comparison(console, summarize(records, plan), plan, judged=shown, left_out=mixed)
