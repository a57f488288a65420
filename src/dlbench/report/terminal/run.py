"""A whole run on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from dlbench.analysis.convergence import convergence as converge
from dlbench.analysis.explain import explain as explained
from dlbench.analysis.summary import summarize
from dlbench.report.terminal.convergence import convergence_table
from dlbench.report.terminal.explain import print_explanation
from dlbench.report.terminal.summary import print_comparison
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
    """Print a run: the verdicts with their sentences, the tables asked for, the other figures, and what failed."""
    records, plan = folder.records, folder.plan
    judged = folder.judge(judging)
    print_verdicts(console, judged, title)
    if convergence and (rows := converge(records, plan)):
        console.print(convergence_table(rows, console.width))
    if explain:
        print_explanation(console, explained(records, plan))
    print_comparison(console, summarize(records, plan), plan, judged=judged.criteria.metric)
