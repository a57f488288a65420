"""Components as a table, as JSON content, and one of them by itself."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from dlbench.cli.streams.console import output
from dlbench.components.records import Component, Dataset, Diagnostic, Model
from dlbench.components.syntax import describe, format_value
from dlbench.plugins.registry import Entry
from dlbench.report.terminal.console import Table

#: A plugin with more components of a kind than this is counted in one line; its own pattern lists them.
_LARGE = 200


def print_entries(kind: str, entries: Sequence[Entry[Component]], *, complete: bool) -> None:
    """Print components of a kind: name, parameters, summary. complete: those of large families too."""
    table = Table("name", "parameters", "what it is", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    folded = {} if complete else _large_families(entries)
    for entry in entries:
        if entry.plugin.name in folded:
            continue
        record = entry.record
        parameters = " ".join(f"{key}={format_value(p.default)}" for key, p in record.parameters.items())
        shown = record.name if entry.plugin.name == "standard" else entry.name
        table.add_row(shown, parameters, record.summary)
    output().print(table)
    for plugin, count in folded.items():
        more = f"{plugin}: {count:,} more; `dlbench list {kind} '{plugin}/*'` lists them."
        output().print(more, soft_wrap=True)


def _large_families(entries: Sequence[Entry[Component]]) -> dict[str, int]:
    """Count the components of each plugin that has more than people read through."""
    counts = Counter(entry.plugin.name for entry in entries)
    return {plugin: count for plugin, count in counts.items() if count > _LARGE}


def entry_document(entry: Entry[Component]) -> dict[str, Any]:
    """Return a component's record as JSON content."""
    record = entry.record
    document: dict[str, Any] = {
        "name": entry.name,
        "summary": record.summary,
        "source": record.source,
        "tags": list(record.tags),
        "parameters": {key: describe(parameter) for key, parameter in record.parameters.items()},
        "plugin": entry.plugin.name,
        "distribution": entry.plugin.distribution,
    }
    if isinstance(record, Model):
        document |= {"activation": record.activation, "minimum_size": record.minimum_size}
    if isinstance(record, Diagnostic):
        document |= {"values": list(record.value_names), "needs": list(record.needs)}
    if isinstance(record, Dataset):
        document |= {"input_shape": record.input_shape, "num_classes": record.num_classes, "license": record.license}
        document["licence"] = record.license  # the name in earlier versions
    return document


def print_record(entry: Entry[Component]) -> None:
    """Print one component: what it is, where it comes from, its parameters."""
    record, console = entry.record, output()
    console.print(Text.assemble((entry.name, "bold"), f": {record.summary}"))
    if record.source:
        console.print(f"Source: {record.source}")
    if record.tags:
        console.print(f"Tags: {', '.join(record.tags)}")
    console.print(f"Plugin: {entry.plugin.name} ({entry.plugin.distribution} {entry.plugin.version})")
    if isinstance(record, Diagnostic):
        console.print(f"Values: {', '.join(record.value_names)}")
    if record.parameters:
        table = Table("parameter", "takes", "", box=None, pad_edge=False)
        for key, parameter in record.parameters.items():
            table.add_row(key, describe(parameter), parameter.summary)
        console.print(table)
    console.print()
