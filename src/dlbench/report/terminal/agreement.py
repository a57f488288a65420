"""Tables of what was judged twice, side by side."""

from collections.abc import Sequence
from functools import partial

from rich.table import Table
from rich.text import Text

from dlbench.analysis.agreement import CONFIRMED, NOT_CONFIRMED, ClaimPair, VerdictPair
from dlbench.report.terminal.console import Lines
from dlbench.report.terminal.layout import plain_table
from dlbench.report.terminal.verdicts import signed_text, value_text
from dlbench.statistics.notation import with_interval
from dlbench.statistics.verdicts import MINIMUM_PAIRS, Comparison, Rules

_COLORS = {CONFIRMED: "green", NOT_CONFIRMED: "red"}


def agreement_view(
    pairs: Sequence[VerdictPair], rules: Rules, headings: tuple[str, str], *, answers: bool = True
) -> Table:
    """Return a table with a row per difference: the verdict and the interval of both times.

    headings: of the two times. answers: whether the last column says what was confirmed.
    """
    points = f" ({'points' if rules.metric.share else rules.metric.symbol})".removesuffix(" ()")
    table = plain_table(f"Difference in {rules.metric.title}{points}, and verdict", edge=True)
    table.add_column("")
    for heading in headings:
        table.add_column(heading)
    if answers:
        table.add_column("")
    for pair in pairs:
        cells = [Text(pair.name), _cell(pair.first, rules), _cell(pair.again, rules)]
        table.add_row(*cells, *([_answer(pair.answer)] if answers else []))
    return table


def claim_agreement_view(pairs: Sequence[ClaimPair], headings: tuple[str, str], *, answers: bool = True) -> Table:
    """Return a table with a row per claim: its answer of both times."""
    table = plain_table("Claims", edge=True)
    for heading in ("claim", *headings, *([""] if answers else [])):
        table.add_column(heading)
    for pair in pairs:
        cells = [f"{pair.number} {pair.first.text}", pair.first.answer, pair.again.answer]
        table.add_row(*map(Text, cells), *([_answer(pair.answer)] if answers else []))
    return table


def _answer(text: str) -> Text:
    return Text(text, style=_COLORS.get(text, "dim"))


def _cell(comparison: Comparison | None, rules: Rules) -> Text:
    """Return a difference with its interval and, below it, its verdict."""
    if comparison is None:
        return Text("–")
    c, show = comparison, partial(value_text, rules=rules)
    verdict = c.verdict if c.n >= MINIMUM_PAIRS else f"n = {c.n}: no claim"
    here = " here" if c.these_images_only else ""
    shown = with_interval(signed_text(c.difference, rules), c.difference_low, c.difference_high, show)
    return Lines(f"{shown}\n{verdict}{here}")
