"""The verdicts on the HTML page: the rule that they follow, and a table for each family."""

import math
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from dlbench.analysis.across_datasets import AcrossDatasets, named
from dlbench.analysis.families import Family, interval_levels
from dlbench.analysis.judged import Judged
from dlbench.analysis.places import words
from dlbench.components.metrics import Metric
from dlbench.report.headings import heading
from dlbench.report.html.page_table import ABSENT, PageTable, Row
from dlbench.report.terminal.across_datasets import score_columns, score_notes
from dlbench.report.terminal.captions import alpha_in_words, held_caption
from dlbench.report.terminal.verdicts import quotable
from dlbench.statistics.notation import interval_text, p_text, with_interval
from dlbench.statistics.sentences import margin_in_words
from dlbench.statistics.verdicts import EFFECTS, HIGHER, LEADS, Comparison, Rules, Verdict

#: How a page colors verdicts; the words say all of it too.
TONES: Mapping[Verdict, str] = MappingProxyType(
    {
        "better": "good",
        "worse": "bad",
        **dict.fromkeys((*HIGHER, *LEADS, *EFFECTS), "other"),
        "differs, may be negligible": "maybe",
        "equivalent": "same",
        "not shown": "open",
        "n too small": "open",
    }
)
_VERDICT = "verdict"


def rule(judged: Judged, tables: int) -> str:
    """Return the rule of all verdicts, as one sentence. tables: the number of tables that it holds for."""
    criteria, rules = judged.criteria, judged.rules
    at = (
        ""
        if criteria.at == "selected"
        else f" at epoch {criteria.at}"
        if criteria.at != "last"
        else " at the last epoch"
    )
    margin = f"margin {margin_in_words(rules)}" if rules.margin else "no margin"
    seeds = "paired by seed" if rules.test == "paired" else "over independent seeds"
    levels = interval_levels([c for family in judged.all_families for c in family.comparisons], rules)
    return (
        f"By {judged.metric.title}{at}, {seeds}, against {criteria.baseline}; {margin}; "
        f"{alpha_in_words(criteria, tables) or f'α = {criteria.alpha:.3g}'}, intervals at {levels}."
    ) + (f" {held_caption(judged.held).capitalize()}." if judged.held else "")


def family_table(family: Family, rules: Rules, numbers: Mapping[str, int], *, fold: bool = False) -> PageTable:
    """Return the table of a family, with the baseline's row first.

    numbers: of the variants by label.
    """
    metric = rules.metric
    unit = metric.difference_unit
    rows = []
    if base := family.baseline:
        own = _interval(base.mean, base.mean_low, base.mean_high, metric)
        name = base.variant + _letters(family, base.variant)
        cells = [str(base.n), own, *[ABSENT] * 3]
        rows.append(Row(name=name, cells=cells, verdict="baseline", variant=_number(family, base.variant, numbers)))
    rows += [_comparison(comparison, family, metric, numbers) for comparison in family.comparisons]
    about = "difference of effects" if family.is_interaction else "difference"
    difference = about + (f" ({unit.strip()})" if unit else "")
    return PageTable(
        heading=heading(family),
        first=words(family.axis) if family.baseline else "effect",
        verdicts=_VERDICT,
        columns=["n", f"{metric.heading} [interval]", f"{difference} [interval]", "on other images", "adjusted p"],
        rows=rows,
        sentences=quotable(family),
        quotable=True,
        fold=fold,
    )


def across_table(across: AcrossDatasets) -> PageTable:
    """Return the table of variants over several data sets; its rows have no verdict."""
    columns = score_columns(across)
    return PageTable(
        heading=f"{across.rules.metric.title} over {named(across.datasets)}",
        columns=[column.heading.replace("\n", " ") for column in columns],
        rows=[Row(name=row.variant, cells=[column.cell(row) for column in columns]) for row in across.rows],
        sentences=[*across.sentences, *score_notes(across)],
    )


def _number(family: Family, name: str, numbers: Mapping[str, int]) -> int | None:
    """Return the number of the one variant behind a name, None where there are several or none."""
    labels = family.labels.get(name, ())
    return numbers.get(labels[0]) if len(labels) == 1 else None


def _comparison(comparison: Comparison, family: Family, metric: Metric, numbers: Mapping[str, int]) -> Row:
    c = comparison
    usual = family.baseline is not None and c.baseline == family.baseline.variant
    letters = _letters(family, c.variant) if usual else f" against {c.baseline}"
    dropped = f" ({family.lost.get(c.variant) or f'{c.dropped} dropped'})" if c.dropped else ""
    mean = _interval(c.mean, c.mean_low, c.mean_high, metric) if family.baseline else ABSENT
    difference = _interval(c.difference, c.difference_low, c.difference_high, metric, signed=True)
    p = p_text(c.p_adjusted, space=" ") if c.verdict != "n too small" and math.isfinite(c.p_adjusted) else ABSENT
    others = interval_text(c.images_low, c.images_high, partial(_signed, metric=metric)) or ABSENT
    cells = [f"{c.own_n}{dropped}", mean, difference, others, p]
    verdict = c.verdict + (" here" if c.these_images_only else "")
    variant = _number(family, c.variant, numbers)
    return Row(name=c.variant + letters, cells=cells, verdict=verdict, tone=TONES[c.verdict], variant=variant)


def _letters(family: Family, variant: str) -> str:
    return f" ({family.letters[variant]})" if variant in family.letters else ""


def _interval(value: float, low: float, high: float, metric: Metric, *, signed: bool = False) -> str:
    if math.isnan(value):
        return ABSENT

    show = partial(_signed, metric=metric) if signed else metric.format
    known = math.isfinite(low) and math.isfinite(high)
    return with_interval(show(value), low, high, show) if known else show(value)


def _signed(number: float, metric: Metric) -> str:
    return f"{'+' if number > 0 else ''}{metric.format(number)}"
