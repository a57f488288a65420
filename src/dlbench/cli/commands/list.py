"""`dlbench list`: what there is to compare."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from dlbench.cli.completion.offers import complete_choices
from dlbench.cli.streams.console import errors, output, print_json
from dlbench.components.records import KINDS, Component, Dataset, Diagnostic, Model
from dlbench.components.syntax import describe, format_value
from dlbench.errors import DlbenchError, suggest
from dlbench.plugins.registry import SINGULAR, Entry, Registry

#: A plugin with more components of a kind than this is counted in a line; its own pattern lists them.
_LARGE = 200
LISTED = (*KINDS, "metrics", "experiments", "plugins")


def list_components(
    kind: Annotated[
        str,
        typer.Argument(
            help=f"What to list: {', '.join(LISTED)}. Without it: how many of each.",
            autocompletion=complete_choices(LISTED),
        ),
    ] = "",
    pattern: Annotated[str, typer.Argument(help="Only names that contain this; * and ? are wildcards.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """List components, metrics, experiments and plugins."""
    if kind == "plugins":
        from dlbench.cli.commands.plugins.list import list_plugins

        list_plugins(as_json=as_json)
        return
    registry = Registry.load()
    if not kind:
        _print_counts(registry, as_json)
    elif kind == "experiments":
        from dlbench.cli.commands.list_experiments import print_experiments

        print_experiments(registry, pattern, as_json)
    elif kind == "metrics":
        from dlbench.cli.commands.list_metrics import print_metrics

        print_metrics(registry, pattern, as_json)
    elif kind in KINDS:
        _print_entries(kind, registry, pattern, as_json)
    else:
        raise DlbenchError(f"There is no list of {kind!r}.", suggest(kind, LISTED, f"It takes {', '.join(LISTED)}."))
    warn_of_problems(registry)


def warn_of_problems(registry: Registry) -> None:
    """Name each fault of a plugin on standard error, once."""
    from rich.text import Text

    for problem in registry.plugins.news():
        errors().print(Text.assemble(("Warning:", "yellow"), f" {problem}"), soft_wrap=True)


def _print_counts(registry: Registry, as_json: bool) -> None:
    from rich.table import Table

    from dlbench.cli.commands.list_metrics import all_metrics
    from dlbench.experiments.request import find_experiments

    counts = {kind: len(registry.entries(kind)) for kind in KINDS}
    counts["metrics"] = len(all_metrics(registry))
    counts["experiments"] = len(find_experiments(registry))
    counts["plugins"] = len(registry.plugins.plugins)
    if as_json:
        print_json(counts)
        return
    table = Table("kind", "how many", "to see them", box=None, pad_edge=False)
    for kind, count in counts.items():
        table.add_row(kind, str(count), f"dlbench list {kind}")
    output().print(table)


def _print_entries(kind: str, registry: Registry, pattern: str, as_json: bool) -> None:
    from rich.table import Table

    entries = registry.find(kind, pattern or "*")
    if as_json:
        print_json([entry_document(entry) for entry in entries])
        return
    if not entries:
        raise DlbenchError(f"No {SINGULAR[kind]} matches {pattern!r}.", f"Type `dlbench list {kind}` to see all.")
    table = Table("name", "parameters", "what it is", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    folded = {} if pattern else _large_families(entries)
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
    """Count the components of each plugin that brings more than people read through."""
    counts = Counter(entry.plugin.name for entry in entries)
    return {plugin: count for plugin, count in counts.items() if count > _LARGE}


def entry_document(entry: Entry[Component]) -> dict[str, Any]:
    """Return what a component's record says as JSON content."""
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
