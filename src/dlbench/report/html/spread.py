"""Where the spread comes from, on the HTML page."""

from dlbench.analysis.spread import SpreadTable
from dlbench.analysis.spread_wording import advice, sentences
from dlbench.report.html.page_table import PageTable, Row
from dlbench.report.terminal.spread import HEADINGS, caption, heading, rows


def spread_table(table: SpreadTable) -> PageTable:
    """Return a row a source, and below it what it means and what would make the spread smaller."""
    notes = caption(table).splitlines() if table.is_known else []
    return PageTable(
        heading=f"Where the spread comes from: {heading(table) if table.is_known else table.subject}",
        first=HEADINGS[0],
        columns=HEADINGS[1:],
        rows=[Row(name=name, cells=cells) for name, *cells in rows(table)],
        sentences=[*notes, *sentences(table), *filter(None, [advice(table)])],
    )
