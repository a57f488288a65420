"""Components as a table, as JSON content, and one of them by itself."""

from collections import Counter
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from dlbench.cli.streams.console import list_output, output
from dlbench.components.records import Component, Dataset, Diagnostic, Model
from dlbench.components.syntax import describe, format_value
from dlbench.plugins.registry import Entry
from dlbench.report.terminal.console import Table

#: A plugin with more components of a kind than this is counted in one line; its own pattern lists them.
_LARGE = 200
#: Where parameters leave fewer characters for a summary, they are omitted.
_SUMMARY = 30


def print_entries(kind: str, entries: Sequence[Entry[Component]], *, complete: bool) -> None:
    """Print components of a kind: name, parameters, summary. complete: those of large families too."""
    folded = {} if complete else _large_families(entries)
    shown = [entry for entry in entries if entry.plugin.name not in folded]
    _print_rows([_cells(entry) for entry in shown], kind)
    for plugin, count in folded.items():
        more = f"{plugin}: {count:,} more; `dlbench list {kind} '{plugin}/*'` lists them."
        output().print(more, soft_wrap=True)


def _cells(entry: Entry[Component]) -> tuple[str, str, str]:
    record = entry.record
    parameters = " ".join(f"{key}={format_value(p.default)}" for key, p in record.parameters.items())
    return record.name if entry.plugin.name == "standard" else entry.name, parameters, record.summary


def _print_rows(rows: Sequence[tuple[str, str, str]], kind: str) -> None:
    """Print names, parameters and summaries; without parameters where these would leave no room for summaries."""
    console = list_output()
    names, parameters = (max((cell_len(row[place]) for row in rows), default=0) for place in (0, 1))
    summaries = max((cell_len(row[2]) for row in rows), default=0)
    if console.width - names - parameters - 2 >= min(summaries, _SUMMARY):
        table = Table("name", "parameters", "what it is", box=None, pad_edge=False)
        table.columns[0].no_wrap = table.columns[1].no_wrap = True
        for row in rows:
            table.add_row(*row)
        console.print(table)
        return
    begin = min(names, console.width // 2) + 1
    for name, _, summary in (("name", "", "what it is"), *rows):
        lines = wrap(summary, max(console.width - begin, 20)) or [""]
        if cell_len(name) >= begin:
            lines = ["", *lines]
        for number, line in enumerate(lines):
            start = "" if number else name
            console.print(f"{start}{' ' * max(begin - cell_len(start), 0)}{line}".rstrip(), soft_wrap=True)
    console.print(f"Parameters: dlbench show {kind.removesuffix('s')} NAME", style="dim")


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
        "search": dict(record.search),
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
    if record.search:
        console.print(f"--tune auto searches {', '.join(f'{name} in {text}' for name, text in record.search.items())}.")
    console.print()
