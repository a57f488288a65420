"""The metrics as a table: what can be compared, claimed and asked for, the values of diagnostics included."""

from dataclasses import asdict

from dlbench.cli.streams.console import list_output, print_json
from dlbench.components.metric_table import METRICS
from dlbench.components.metrics import Metric
from dlbench.components.spelling import matches
from dlbench.errors import DlbenchError
from dlbench.plans.diagnostics import declared_values
from dlbench.plugins.registry import Registry

_SHOWN = ("name", "title", "unit", "better", "share", "margin", "group", "meaning")


def all_metrics(registry: Registry) -> tuple[Metric, ...]:
    """Return the built-in metrics and those that diagnostics declare."""
    declared = (value.metric for value in declared_values(registry) if value.name not in METRICS)
    return (*METRICS.values(), *declared)


def print_metrics(registry: Registry, pattern: str, *, as_json: bool) -> None:
    """Print the metrics whose name contains a pattern; * and ? are wildcards."""
    found = [metric for metric in all_metrics(registry) if matches(metric.name, pattern)]
    if as_json:
        print_json([_document(metric) for metric in found])
        return
    if not found:
        raise DlbenchError(f"No metric matches {pattern!r}.", "Run `dlbench list metrics` to see all.")
    _print_table(found)


def _document(metric: Metric) -> dict[str, object]:
    content = asdict(metric) | {"unit": metric.difference_unit.strip()}
    return {name: content[name] for name in _SHOWN}


def _print_table(metrics: list[Metric]) -> None:
    from rich.text import Text

    from dlbench.report.terminal.console import Table

    table = Table("name", "better", "margin", "what it is", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    for metric in metrics:
        margin = f"{metric.difference_scale * metric.margin:g}{metric.difference_unit}" if metric.margin else ""
        table.add_row(metric.name, metric.better or "–", margin, Text(metric.meaning.replace("`", "")))
    list_output().print(table)
