"""The numbers of each variant on the HTML page: metrics over seeds, costs, settings and diagnostics that differ."""

from collections.abc import Iterable, Mapping, Sequence

from dlbench.analysis.explain import explain
from dlbench.analysis.places import short_name, words
from dlbench.analysis.summary import VariantSummary
from dlbench.components.metric_table import find_metric
from dlbench.experiments.experiment_file import Experiment
from dlbench.plans.plan_record import PlanRecord
from dlbench.report.html.page_table import ABSENT, PageTable, Row
from dlbench.report.terminal.explain import difference_cells
from dlbench.statistics.verdicts import MINIMUM_PAIRS
from dlbench.trials.trial_record import TrialRecord

#: Groups of metrics that say what a variant cost, not how good it is.
_COSTS = ("cost", "steps", "target")


def number_tables(summaries: Sequence[VariantSummary]) -> list[PageTable]:
    """Return the tables of accuracies and losses, and of costs."""
    names = list(dict.fromkeys(name for summary in summaries for name in summary.metrics))
    costs = [name for name in names if find_metric(name).group in _COSTS]
    halves = {"Accuracy and loss": [name for name in names if name not in costs], "Cost": costs}
    return [_table(heading, half, summaries) for heading, half in halves.items() if half]


def _table(heading: str, names: Sequence[str], summaries: Sequence[VariantSummary]) -> PageTable:
    rows = [
        Row(name=summary.label, cells=[str(summary.n), *(_cell(summary, name) for name in names)], variant=number)
        for number, summary in enumerate(summaries)
    ]
    return PageTable(heading=heading, columns=["n", *(find_metric(name).heading for name in names)], rows=rows)


def _cell(summary: VariantSummary, name: str) -> str:
    if name not in summary.metrics:
        return ABSENT
    metric, found = find_metric(name), summary.metrics[name]
    if metric.group in _COSTS and len(set(found.values.values())) == 1:
        return metric.format(found.mean)  # a number of parameters, say, which no seed changes
    return found.text(metric)


def numbers_note(summaries: Sequence[VariantSummary]) -> str:
    """Return what the cells of numbers are."""
    counts = {summary.n for summary in summaries}
    parts = {
        "Mean ± standard deviation over n seeds.": any(count >= MINIMUM_PAIRS for count in counts),
        "n = 2: both values.": 2 in counts,
        "n = 1: one value.": 1 in counts,
    }
    return " ".join(text for text, applies in parts.items() if applies)


def settings_table(plan: PlanRecord) -> PageTable:
    """Return what varied and what was held fixed."""
    varied = [(words(axis), "varied: " + ", ".join(values)) for axis, values in plan.axes.items()]
    seeds = [("seeds", ", ".join(map(str, plan.seeds)))]
    floor = [("seeds of the noise floor", ", ".join(map(str, plan.noise_floor)))] if plan.noise_floor else []
    fixed = [(words(name), str(value)) for name, value in plan.fixed.items()]
    return facts("setting", [*varied, *fixed, *seeds, *floor])


def facts(first: str, pairs: Iterable[tuple[str, str]]) -> PageTable:
    """Return names with their values."""
    return PageTable(first=first, columns=("value",), rows=[Row(name=a, cells=(b,)) for a, b in pairs], words=True)


def variants_table(plan: PlanRecord, experiment: Experiment | None) -> PageTable | None:
    """Return what each variant sets, of variants that no axis tells apart; None where that is not known."""
    given = {each["label"]: each for each in experiment.variants if "label" in each} if experiment else {}
    rows = []
    for number, variant in enumerate(plan.variants):
        assigned = variant.assigned or {k: v for k, v in given.get(variant.label, {}).items() if k != "label"}
        if assigned or variant.label in given:
            rows.append(Row(name=variant.label, cells=(_assigned(assigned),), variant=number))
    return PageTable(heading="What the variants set", columns=("sets",), rows=rows, words=True) if rows else None


def _assigned(assigned: Mapping[str, str]) -> str:
    return ", ".join(f"{words(name)} {short_name(str(value))}" for name, value in assigned.items()) or "nothing else"


def diagnostics_table(records: Iterable[TrialRecord], plan: PlanRecord) -> PageTable | None:
    """Return the diagnostics that differ between variants; None where none does, or none was measured."""
    found = explain(records, plan)
    if not found.differences:
        return None
    cells = [difference_cells(difference) for difference in found.differences]
    columns = [heading for heading in cells[0] if heading != "diagnostic"]
    epochs = f" at epoch {found.epochs[-1]}" if found.epochs else ""
    return PageTable(
        heading=f"Diagnostics that differ{epochs}",
        first="diagnostic",
        columns=[heading.replace("\n", " ") for heading in columns],
        rows=[Row(name=row["diagnostic"], cells=[row[heading] for heading in columns]) for row in cells],
        sentences=[
            f"without a margin, corrected over {found.judged} comparisons; without @: the mean over layers, or the "
            "whole model's value; shares in %"
        ],
    )
