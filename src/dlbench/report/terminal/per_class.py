"""The table of precision, recall and F1 by class."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from dlbench.analysis.per_class import SCORES, ClassScores
from dlbench.components.metrics import SHARE_DIGITS, Metric
from dlbench.report.terminal.layout import plain_table

_PERCENT = Metric(share=True, symbol="%", digits=SHARE_DIGITS)


def per_class_view(rows: Sequence[ClassScores], width: int) -> Table:
    """Return a table with a row per class of each variant; scores are percentages."""
    table = plain_table(
        "Each class on the test set",
        "± standard deviation over n seeds" if any(row.f1.std is not None for row in rows) else "",
    )
    table.add_column("variant", overflow="fold", max_width=max(14, width // 4))
    table.add_column("class", overflow="fold", max_width=max(12, width // 5))
    for heading in ("images", "precision\n(%)", "recall\n(%)", "F1\n(%)"):
        table.add_column(heading, justify="right", no_wrap=True)
    before = ""
    for row in rows:
        scores = [getattr(row, score).text(_PERCENT) for score in SCORES]
        if before and row.label != before:
            table.add_section()
        table.add_row(Text("" if row.label == before else row.label), Text(row.class_name), f"{row.support:,}", *scores)
        before = row.label
    return table
