"""The table of precision, recall and F1 by class."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from dlbench.results.display import Measure
from dlbench.results.per_class import SCORES, ClassScores

_PERCENT = Measure("", "%", 100, 2)


def per_class_view(rows: Sequence[ClassScores], width: int) -> Table:
    """Return a row for each variant's class; scores are percentages."""
    table = Table(
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        title=Text("Each class on the test set", style="bold"),
        caption=Text("± standard deviation over n seeds", style="dim") if any(row.f1.n > 1 for row in rows) else None,
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("variant", overflow="fold", max_width=max(14, width // 4))
    table.add_column("class", overflow="fold", max_width=max(12, width // 5))
    for heading in ("images", "precision\n(%)", "recall\n(%)", "F1\n(%)"):
        table.add_column(heading, justify="right", no_wrap=True)
    before = ""
    for row in rows:
        scores = [_PERCENT.summary(getattr(row, score)) for score in SCORES]
        if before and row.label != before:
            table.add_section()
        table.add_row(Text("" if row.label == before else row.label), Text(row.class_name), f"{row.support:,}", *scores)
        before = row.label
    return table
