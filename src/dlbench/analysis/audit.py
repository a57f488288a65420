"""Results of other programs, judged by the same rules: a CSV file with one row per trained model."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dlbench.analysis.audit_fairness import unequal_chances
from dlbench.analysis.audit_rows import Row, read_rows, read_wide
from dlbench.analysis.audit_streams import Streams, read_streams
from dlbench.analysis.families import Series, judge_values, known
from dlbench.analysis.judged import Judged
from dlbench.analysis.wording import worded
from dlbench.components.metric_table import find_metric
from dlbench.components.metrics import Metric
from dlbench.errors import DlbenchError
from dlbench.plans.criteria import METRIC, Criteria
from dlbench.plans.naming import find_baseline
from dlbench.statistics.seeds import Test, check_reachable
from dlbench.statistics.verdicts import BETTER, Rules

_NAMED = 5
#: Whole numbers below it are exact as floats.
_EXACT = 2**53


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The verdicts on a file.

    judged: its verdicts.
    warnings: what it cannot support, and what was ignored.
    """

    judged: Judged
    warnings: tuple[str, ...]


def audit_file(
    path: Path,
    variant: str,
    seed: str,
    asked: Mapping[str, Any],
    *,
    lower_is_better: bool | None = None,
    wide: bool = False,
) -> Audit:
    """Judge the variants of a CSV file, paired by seed. The order of its lines has no effect.

    path: the file.
    variant: column of the variants.
    seed: column of the seeds.
    asked: metric (a column, or what all columns of a wide file measure), and any of baseline, margin, alpha, all_pairs,
        test as for a run.
    lower_is_better: whether less is better, whatever the metric's name suggests; None to go by a well-known name.
    wide: whether each column but that of the seeds is a variant.

    Shares that are percentages in the file are divided by 100. Raises DlbenchError for a file that cannot be read, for
    missing columns and variants, and where nobody said which side is better.
    """
    metric = find_metric(asked.get("metric") or METRIC)
    rows = read_wide(path, seed) if wide else read_rows(path, (variant, seed, metric.name))
    streams = Streams() if wide else read_streams(path, variant, seed)
    rows = [row for row in rows if row.line not in streams.left_out]
    if wide and variant:
        raise DlbenchError(f"--wide takes each column for a variant, --variant {variant} one.", "Omit one of the two.")
    named, nameless = _split_nameless(rows, (variant, seed))
    values, warnings = _read_values(named, metric)
    base = find_baseline(asked.get("baseline", ""), {name: {} for name in values})
    margin = asked["margin"] / metric.difference_scale if "margin" in asked else metric.margin
    given = {key: asked[key] for key in ("alpha", "all_pairs", "test") if key in asked}
    criteria = Criteria(metric=metric.name, margin=margin, baseline=base, **given)
    check_reachable(criteria.alpha, criteria.test)
    rules = _directed(criteria.rules(), lower_is_better)
    ordered = {base: values[base], **values}
    family = judge_values(variant or "variant", ordered, rules, all_pairs=criteria.all_pairs)
    notes = [] if "baseline" in asked or len(values) < 2 else [f"the baseline is {base}, the first by name"]
    said = "by its name" if lower_is_better is None else "as asked"
    notes.append(f"{'higher' if rules.higher_is_better else 'lower'} {metric.title} is better, {said}")
    judged = Judged(
        criteria=criteria,
        rules=rules,
        families=(worded(family, rules, held=streams.held),),
        notes=tuple(notes),
        held=streams.held,
    )
    chances = () if wide else unequal_chances(path, variant)
    return Audit(
        judged=judged, warnings=(*chances, *streams.notes, *nameless, *warnings, *_unsupported(ordered, rules.test))
    )


def _directed(rules: Rules, lower_is_better: bool | None) -> Rules:
    """Return rules that know which side is better. Raises DlbenchError where neither name nor caller says so."""
    if lower_is_better is not None:
        return replace(rules, higher_is_better=not lower_is_better, words=BETTER)
    if not rules.has_better_side:
        raise DlbenchError(
            f"The name {rules.metric.name} does not say whether more or less is better.",
            "Add --higher-is-better or --lower-is-better.",
        )
    return rules


def _split_nameless(rows: Sequence[Row], columns: Sequence[str]) -> tuple[list[Row], list[str]]:
    """Return the rows with a variant and a seed, and a warning of the others. Raises DlbenchError if there is none."""
    named = [row for row in rows if row.variant and row.seed]
    if not named:
        empty = columns[1] if any(row.variant for row in rows) else columns[0]
        raise DlbenchError(f"The column {empty!r} is empty.", "Each row needs the name of its variant and its seed.")
    lines = sorted({row.line for row in rows} - {row.line for row in named})
    return named, [f"no variant or no seed, skipped: {_some([f'line {line}' for line in lines])}"] if lines else []


def _read_values(rows: Sequence[Row], metric: Metric) -> tuple[dict[str, Series], list[str]]:
    """Return the metric by seed for each variant, sorted by the names of variants and seeds; and the warnings."""
    numbers = {seed: index for index, seed in enumerate(sorted({_seed(row) for row in rows}))}
    cells: dict[str, dict[int, list[float | None]]] = {row.variant: {} for row in sorted(rows, key=_variant)}
    unread = []
    for row in rows:
        value = _number(row.value)
        if value is not None and metric.share and row.value.endswith("%"):
            value /= 100
        if value is None:
            unread.append(f"{row.value!r} in line {row.line}")
        cells[row.variant].setdefault(numbers[_seed(row)], []).append(value)
    if len(unread) == len(rows):
        comma = re.fullmatch(r"[+-]?\d+,\d+", rows[0].value)
        hint = f"Write {rows[0].value.replace(',', '.')}, with a point." if comma else "Name a column of numbers."
        raise DlbenchError(f"{metric.name} holds no numbers: {unread[0]}.", f"{hint} --metric says which is judged.")
    warnings = [f"no number in {metric.name}, pair skipped: {_some(unread)}"] if unread else []
    names = {index: seed for seed, index in numbers.items()}
    for word, same in (
        ("with different values, pairs skipped", False),
        ("with one value, counted once", True),
    ):
        twice = [
            f"{variant} seed {names[seed]}"
            for variant, by_seed in cells.items()
            for seed, found in by_seed.items()
            if len(found) > 1 and (len(set(found)) == 1) is same
        ]
        if twice:
            warnings.append(f"given more than once {word}: {_some(sorted(twice))}")
    values: dict[str, Series] = {
        variant: {seed: found[0] if len(set(found)) == 1 else None for seed, found in by_seed.items()}
        for variant, by_seed in cells.items()
    }
    values = _as_fractions(values, metric, warnings)
    if metric.share and (beyond := _where(values, lambda value: not 0 <= value <= 1)):
        warnings.append(f"{metric.name} outside of 0 to 100 %: {beyond}")
    return values, warnings


def _where(values: Mapping[str, Series], holds: Callable[[float], bool]) -> str:
    """Return how many values of which variants a condition holds for, "" for none."""
    counts = {name: sum(map(holds, known(series))) for name, series in values.items()}
    return _some([f"{name} ({count} value{'s' * (count != 1)})" for name, count in counts.items() if count])


def _variant(row: Row) -> str:
    return row.variant


def _seed(row: Row) -> str:
    """Return a seed as text, "3.0" and "03" as "3"; a whole number of any size keeps every digit."""
    text = row.seed
    if re.fullmatch(r"[+-]?\d+(\.0*)?", text):
        return str(int(text.partition(".")[0]))
    number = _number(text)
    exact = number is not None and number.is_integer() and abs(number) < _EXACT
    return str(int(number)) if exact and number is not None else text


def _number(text: str) -> float | None:
    """Return a text's number, where "97.1 %" is one; None for anything else, including NaN."""
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        return None
    return None if math.isnan(value) else value


def _as_fractions(values: dict[str, Series], metric: Metric, warnings: list[str]) -> dict[str, Series]:
    """Return shares as fractions, even if the file has percentages. Raises DlbenchError if it has both."""
    numbers = [abs(value) for series in values.values() for value in known(series) if math.isfinite(value)]
    if not metric.share or max(numbers, default=0) <= 1:
        return values
    smallest, largest = (pick(number for number in numbers if number > 1) for pick in (min, max))
    fractions = {
        name: len(found)
        for name, series in values.items()
        if (
            found := [value for value in known(series) if 0 < value <= 1 and smallest / 2 <= 100 * value <= 2 * largest]
        )
    }
    if fractions:
        count = sum(fractions.values())
        raise DlbenchError(
            f"{metric.name} seems to be in percent, but {count} value{'s' * (count != 1)} of "
            f"{_some(list(fractions))} in fractions.",
            f"Write all in one unit, or add % to those in percent. With pandas: "
            f"table.loc[table[{metric.name!r}] <= 1, {metric.name!r}] *= 100",
        )
    warnings.append(f"{metric.name} has values above 1 and is read as percentages")
    if low := _where(values, lambda value: 0 < value <= 1):
        warnings.append(f"so are its values up to 1, as 1 % and less: {low}")
    return {
        name: {seed: None if value is None else value / 100 for seed, value in series.items()}
        for name, series in values.items()
    }


def _unsupported(values: Mapping[str, Series], test: Test) -> list[str]:
    """Return what the seeds of a file cannot support; the baseline comes first."""
    warnings = []
    counts = {variant: len(known(series)) for variant, series in values.items()}
    if len(values) == 1:
        warnings.append("only one variant: nothing to compare it with")
    if few := [variant for variant, count in counts.items() if count < 2]:
        warnings.append(f"fewer than two seeds, too few for any claim: {_some(few)}")
    return warnings + (_unpaired(values, counts) if test == "paired" else [])


def _unpaired(values: Mapping[str, Series], counts: Mapping[str, int]) -> list[str]:
    """Return which seeds have no pair, and what to do where the variants have seeds of their own."""
    warnings = []
    if len(set(counts.values())) > 1:
        shown = ", ".join(f"{variant} {count}" for variant, count in sorted(counts.items()))
        warnings.append(f"unequal numbers of seeds ({shown}): only shared seeds are paired")
    base, *others = values
    unpaired = [variant for variant in others if not values[variant].keys() & values[base].keys()]
    partly = [
        variant for variant in others if variant not in unpaired and values[variant].keys() != values[base].keys()
    ]
    if unpaired:
        warnings.append(f"no seed in common with {base}, not judged: {_some(unpaired)}")
    if partly:
        warnings.append(f"other seeds than {base}, seeds that are not shared are skipped: {_some(partly)}")
    if warnings:
        warnings.append("--test independent compares variants that have seeds of their own, without pairs")
    return warnings


def _some(items: Sequence[str]) -> str:
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return ", ".join(items[:_NAMED]) + more
