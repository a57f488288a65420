"""Tables of measured speeds."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from dlbench.analysis.speed import PARTS, Change, Speed
from dlbench.report.terminal.layout import plain_table


def rate_table(speeds: Sequence[Speed]) -> Table:
    """Return a table with a row per variant: images/s of each part, with half the range of its windows."""
    table = _table("images/s", *PARTS, caption="median of the windows (half their range, in percent of the median)")
    for speed in speeds:
        table.add_row(speed.label, *(f"{speed.rate(part):,.0f} ({100 * speed.spread(part):.0f} %)" for part in PARTS))
    return table


def cost_table(speeds: Sequence[Speed]) -> Table:
    """Return a table with a row per variant: its cost, and its arithmetic rate as a share of the machine's peak."""
    table = _table("cost", "parameters", "MFLOP/image", "memory", "% of matmul", "% of conv peak")
    for speed in speeds:
        flops = "–" if speed.flops is None else f"{speed.flops / 1e6:,.1f}"
        memory = "–" if speed.peak_memory_mb is None else f"{speed.peak_memory_mb:,.0f} MB"
        shares = [
            "–" if share is None else f"{100 * share:.0f} %" for share in map(speed.share, ("matmul", "convolution"))
        ]
        table.add_row(speed.label, f"{speed.parameters:,}", flops, memory, *shares)
    return table


def change_table(changes: Sequence[Change], limit: float) -> Table:
    """Return a table with a row per variant: the ratio to an earlier speed; those below the limit are red."""
    table = _table("now / before", *PARTS)
    for change in changes:
        cells = [
            Text(f"{ratio:.2f}", "red" if ratio < limit else "") for ratio in map(change.ratios.__getitem__, PARTS)
        ]
        table.add_row(change.label, *cells)
    return table


def _table(first: str, *others: str, caption: str = "") -> Table:
    table = plain_table(caption=caption, gap=2)
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table
