"""The search before a comparison, on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlbench.analysis.tuning_report import TuningReport
from dlbench.report.search_table import SearchColumn, search_columns, search_notes
from dlbench.report.terminal.layout import fitting_table, plain_table


def print_tuning(console: Console, report: TuningReport) -> None:
    """Print the table of choices and what speaks against them."""
    table = fitting_table(
        search_columns(report),
        console.width,
        lambda columns: _table(report, columns),
        rank=lambda column: column.rank,
    )
    console.print(table)
    for warning in report.warnings:
        console.print(Text(f"{warning}.", style="yellow"), soft_wrap=True)
    console.print()


def _table(report: TuningReport, columns: Sequence[SearchColumn]) -> Table:
    table = plain_table("Tuning", "\n".join(search_notes(report)), gap=1)
    table.add_column("variant", overflow="fold")
    for column in columns:
        table.add_column(column.heading, justify="right", no_wrap=True)
    for variant in report.variants:
        table.add_row(Text(variant.label), *(Text(column.cell(variant)) for column in columns))
    return table
