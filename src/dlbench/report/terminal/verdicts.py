"""The table of verdicts: each variant against the baseline, with sentences that can be quoted."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import or_

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlbench.analysis.families import Family, VariantEstimate
from dlbench.analysis.judged import Judged
from dlbench.analysis.places import averaged_in_words, place_in_words, words
from dlbench.report.terminal.across_datasets import print_across
from dlbench.report.terminal.captions import Signs, caption, is_average, said_once
from dlbench.report.terminal.console import Lines
from dlbench.report.terminal.layout import fitting_columns, plain_table
from dlbench.statistics.notation import interval_text, p_text, with_interval
from dlbench.statistics.verdicts import EFFECTS, HIGHER, LEADS, MINIMUM_PAIRS, Comparison, Rules

STYLES = {
    "better": "bold green",
    "worse": "bold red",
    **dict.fromkeys((*HIGHER, *LEADS, *EFFECTS), "bold magenta"),
    "differs, may be negligible": "yellow",
    "equivalent": "cyan",
    "not shown": "dim",
    "n too small": "dim",
}
#: With more comparisons than this, only those with a decided verdict have a sentence below the table.
_SENTENCES = 12
#: The smallest width of the column of names, and the usual width of the others: names fold before a column is dropped.
_NAME, _NUMBERS = 14, 66
_ABSENT = "–"


@dataclass(frozen=True)
class _Column:
    """A column of the table of verdicts.

    rank: 0 for a column that always stays; of the others the highest is dropped first.
    of_comparison: returns the cell of a comparison.
    of_baseline: returns the cell of the baseline.
    right: whether cells are aligned on the right.
    shorter: the column that replaces it when it is dropped.
    """

    heading: str
    rank: int
    of_comparison: Callable[[Comparison, Rules], Text]
    of_baseline: Callable[[VariantEstimate, Rules], Text] = lambda estimate, rules: Text("")
    right: bool = True
    shorter: "_Column | None" = None


def print_verdicts(console: Console, judged: Judged, title: str = "") -> None:
    """Print a table for each axis with its sentences, then interactions, ranks and notes."""
    if judged.deviations:
        console.print(Text(f"Asked after running: {'; '.join(judged.deviations)}.", style="yellow"), soft_wrap=True)
    if judged.second_look:
        console.print(Text(f"{judged.second_look}.", style="yellow"), soft_wrap=True)
    if not judged.is_empty:
        _print_families(console, judged, title)
    elif title:
        console.print(Text(title, style="bold"), soft_wrap=True)
    for line in filter(None, (judged.saving, *judged.notes, judged.advice)):
        console.print(Text(f"{line[:1].upper()}{line[1:]}."), soft_wrap=True)


def _print_families(console: Console, judged: Judged, title: str) -> None:
    effects, interactions, averages = judged.shown_effects, judged.shown_interactions, judged.averages
    tabled = interactions if len(interactions) == 1 else ()
    tables = iter(verdict_tables((*effects, *tabled, *averages), judged, console.width, title))
    for family in effects:
        _print_family(console, family, next(tables))
    if depending := dict.fromkeys(words(each.axis) for each in judged.families if each not in effects):
        at_each = f"{' and '.join(depending)} judged at each value of the other axes, as an interaction is shown"
        console.print(Text(f"{at_each}; averages are in comparison.csv."), soft_wrap=True)
        console.print()
    for family in interactions:
        _print_family(console, family, next(tables) if tabled else Text(_heading(family, ""), style="bold"))
    for family in averages:
        _print_family(console, family, next(tables))
    if judged.across:
        print_across(console, judged.across)


def _print_family(console: Console, family: Family, table: Table | Text) -> None:
    """Print a table, or a heading in its place, with the sentences below it."""
    console.print(table, soft_wrap=isinstance(table, Text))
    for line in quotable(family):
        console.print(Text(line), soft_wrap=True)
    console.print()


def quotable(family: Family) -> tuple[str, ...]:
    """Return the sentences below a family's table; of many, those of decided verdicts."""
    if len(family.sentences) <= _SENTENCES or not any(c.decided for c in family.comparisons):
        return tuple(dict.fromkeys((*family.sentences, *family.outlook)))[: 2 * _SENTENCES]
    decided = [text for c, text in zip(family.comparisons, family.sentences, strict=True) if c.decided]
    return (
        *decided,
        f"{len(family.comparisons) - len(decided)} others: see the verdicts in the table or comparison.csv",
    )


def verdict_tables(families: Sequence[Family], judged: Judged, width: int, title: str = "") -> list[Table]:
    """Return a table for each family, with a row per variant and the columns that fit; verdicts always stay.

    title: of the first, which also has the noise floor, and below which stands what is said of all.
    """
    titles = [title, *[""] * (len(families) - 1)]
    floors = [judged.noise_floor, *[None] * (len(families) - 1)]
    tables, signs = [], []
    for family, own, floor in zip(families, titles, floors, strict=False):
        make = partial(_table, family, judged.rules, width, own, floor)
        columns = fitting_columns(
            _columns(family, judged.rules),
            width,
            make,
            rank=lambda column: column.rank,
            shorter=lambda column: column.shorter,
        )
        tables.append(make(columns))
        signs.append(_signs(family, columns))
    captions = [caption(family, judged, reduce(or_, signs)) for family in families]
    for table, text in zip(tables, said_once(captions), strict=True):
        table.caption = Text(text, style="dim") if text else None
    return tables


def _columns(family: Family, rules: Rules) -> Iterable[_Column]:
    symbol = "%" if rules.metric.share else rules.metric.symbol
    unit, points = f" ({symbol})" if symbol else "", "points" if rules.metric.share else symbol
    yield _Column("n", 0, lambda c, _: Text(str(c.own_n)), lambda s, _: Text(str(s.n)))
    mean, difference = _two_lines(rules.metric.title + unit), f"difference\n({points})".removesuffix("\n()")
    if family.is_interaction:
        mean = f"effect\n({points})".removesuffix("\n()")
        difference = f"difference of\neffects ({points})".removesuffix(" ()")
    yield _Column(mean, 4, _mean, _mean, shorter=_Column(mean, 1, _mean_alone, _mean_alone))
    yield _Column(difference, 2, _difference, shorter=_Column(difference, 0, _difference_alone))
    if any(c.images for c in family.comparisons):
        yield _Column("on other\nimages", 3, _other_images)
    yield _Column("adjusted\np", 5, lambda c, _: _probability(c, c.p_adjusted, p_text))
    if family.letters:
        letters = family.letters
        yield _Column(
            "let-\nters",
            0,
            lambda c, _: Text(letters[c.variant]),
            lambda s, _: Text(letters[s.variant]),
            right=False,
        )
    yield _Column("verdict", 0, _verdict, lambda estimate, _: Text("baseline", style="dim"), right=False)


def _two_lines(heading: str) -> str:
    """Return a heading broken at the space nearest its middle."""
    spaces = [place for place, character in enumerate(heading) if character == " "]
    if not spaces:
        return heading
    place = min(spaces, key=lambda place: abs(place - len(heading) / 2))
    return f"{heading[:place]}\n{heading[place + 1 :]}"


def _table(
    family: Family, rules: Rules, width: int, title: str, floor: Family | None, columns: Sequence[_Column]
) -> Table:
    table = plain_table(_heading(family, title), gap=0)
    table.add_column(family.axis.replace("_", " "), overflow="fold", max_width=max(_NAME, width - _NUMBERS))
    for column in columns:
        table.add_column(column.heading, justify="right" if column.right else "left", no_wrap=True)
    for comparison in floor.comparisons if floor else ():
        name = Text(comparison.variant, style="italic")
        table.add_row(name, *(_floor_cell(column, comparison, rules) for column in columns))
    if family.baseline:
        estimate = family.baseline
        table.add_row(Text(estimate.variant), *(column.of_baseline(estimate, rules) for column in columns))
    for comparison in family.against_baseline:
        name = Text(comparison.variant)
        table.add_row(name, *(column.of_comparison(comparison, rules) for column in columns))
    return table


def _signs(family: Family, columns: Sequence[_Column]) -> Signs:
    shown = {column.of_comparison for column in columns}
    return Signs(
        deviation=_mean in shown,
        interval=bool(shown & {_difference, _other_images}),
        other_images=_other_images in shown,
        here=any(c.these_images_only for c in family.comparisons),
        averaged=is_average(family),
    )


def _floor_cell(column: _Column, comparison: Comparison, rules: Rules) -> Text:
    """Return a cell of the noise floor's row, which has no letters."""
    return Text("") if column.heading == "let-\nters" else column.of_comparison(comparison, rules)


def _heading(family: Family, title: str) -> str:
    about = ""
    if family.leads:
        axes = words(family.axis)
        effect, at = axes.split(" × ")
        about = f"Interaction {axes}: each effect of {effect} against the same at {at} {family.leads[0].usual}"
    elif family.averaged or family.place:
        about = family.axis.replace("_", " ")
    about += f" {place}" if (place := place_in_words(family.place)) else ""
    if family.averaged:
        about += f", averaged over {averaged_in_words(family.averaged_values)}"
    return ": ".join(filter(None, (title, about)))


def _probability(comparison: Comparison, value: float, show: Callable[[float], str]) -> Text:
    """Return a probability as a cell; with too few pairs for any claim, a dash."""
    if comparison.n < MINIMUM_PAIRS or math.isnan(value):
        return Text(_ABSENT)
    return Text(show(value))


def value_text(value: float, rules: Rules) -> str:
    """Return a value as text; shares are percentages with two decimals."""
    if math.isnan(value):
        return _ABSENT
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    text = f"{100 * value:.2f}" if rules.metric.share else rules.metric.format(value)
    return text.removeprefix("-") if not text.strip("-0.,") else text


def signed_text(value: float, rules: Rules) -> str:
    """Return a difference as text, with its sign."""
    text = value_text(value, rules)
    return text if text.startswith("-") or not text.strip("0.,–") else f"+{text}"


def _mean(row: Comparison | VariantEstimate, rules: Rules) -> Text:
    mean = _mean_alone(row, rules)
    return mean if math.isnan(row.std) else mean + Text(f" ± {value_text(row.std, rules)}")


def _mean_alone(row: Comparison | VariantEstimate, rules: Rules) -> Text:
    return Text(value_text(row.mean, rules))


def _difference_alone(comparison: Comparison, rules: Rules) -> Text:
    return Text(signed_text(comparison.difference, rules))


def _difference(comparison: Comparison, rules: Rules) -> Text:
    c = comparison
    show = partial(value_text, rules=rules)
    return Text(with_interval(signed_text(c.difference, rules), c.difference_low, c.difference_high, show))


def _other_images(comparison: Comparison, rules: Rules) -> Text:
    c = comparison
    return Text(interval_text(c.images_low, c.images_high, partial(value_text, rules=rules)))


def _verdict(comparison: Comparison, rules: Rules) -> Text:
    if comparison.n < MINIMUM_PAIRS:
        return Text(f"n = {comparison.n}: no claim", style="dim")
    here = " here" if comparison.these_images_only else ""
    return Lines(comparison.verdict.replace("may be", "may\nbe") + here, style=STYLES[comparison.verdict])
