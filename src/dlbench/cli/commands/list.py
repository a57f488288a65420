"""`dlbench list`: what there is to compare."""

from typing import Annotated

import typer

from dlbench.cli.completion.offers import complete_choices, complete_tags
from dlbench.cli.options.common import AsJson
from dlbench.cli.plugin_warnings import warn_of_problems
from dlbench.cli.streams.console import output, print_json
from dlbench.components.records import KINDS
from dlbench.errors import DlbenchError, suggest
from dlbench.plugins.registry import SINGULAR, Registry

LISTED = (*KINDS, "metrics", "experiments", "plugins")


def list_components(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help=f"What to list: {', '.join(LISTED)}. Without it: how many of each.",
            autocompletion=complete_choices(LISTED),
        ),
    ] = "",
    pattern: Annotated[
        str, typer.Argument(metavar="PATTERN", help="Only names that contain this; * and ? are wildcards.")
    ] = "",
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help="Only components with this tag. Repeatable.", autocompletion=complete_tags),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List components, metrics, experiments and plugins."""
    if tag and kind not in KINDS:
        raise DlbenchError(f"--tag lists components: {kind or 'no kind'} has no tags.", f"Use {', '.join(KINDS)}.")
    if kind == "plugins":
        from dlbench.cli.listings.plugin_table import print_plugins

        print_plugins(pattern, as_json=as_json)
        return
    registry = Registry.load()
    if not kind:
        _print_counts(registry, as_json=as_json)
    elif kind == "experiments":
        from dlbench.cli.listings.experiments import print_experiments

        print_experiments(registry, pattern, as_json=as_json)
    elif kind == "metrics":
        from dlbench.cli.listings.metrics import print_metrics

        print_metrics(registry, pattern, as_json=as_json)
    elif kind in KINDS:
        _print_entries(kind, registry, pattern, frozenset(tag or ()), as_json=as_json)
    else:
        raise DlbenchError(f"Cannot list {kind!r}.", suggest(kind, LISTED, f"Use one of {', '.join(LISTED)}."))
    warn_of_problems(registry)


def _print_counts(registry: Registry, *, as_json: bool) -> None:
    from dlbench.cli.listings.metrics import all_metrics
    from dlbench.experiments.discovery import find_experiments
    from dlbench.report.terminal.console import Table

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


def _print_entries(kind: str, registry: Registry, pattern: str, tags: frozenset[str], *, as_json: bool) -> None:
    from dlbench.cli.listings.components import entry_document, print_entries

    entries = [entry for entry in registry.find(kind, pattern or "*") if tags <= {*entry.record.tags}]
    if as_json:
        print_json([entry_document(entry) for entry in entries])
    elif entries:
        print_entries(kind, entries, complete=bool(pattern or tags))
    else:
        wanted = [*([repr(pattern)] if pattern else []), *(f"--tag {tag}" for tag in sorted(tags))]
        raise DlbenchError(
            f"No {SINGULAR[kind]} matches {' and '.join(wanted) or 'that'}.", f"Run `dlbench list {kind}` to see all."
        )
