"""`dlbench plugins list`: which are installed, what they bring, and whether they are well."""

from typing import Annotated, Any

import typer
from rich.table import Table

from dlbench.cli.console import output, print_json
from dlbench.plugins import Plugin
from dlbench.registry import Registry
from dlbench.specs import KINDS


def list_plugins(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """List plugins with their versions, components and health."""
    registry = Registry.load()
    rows = [_row(plugin, registry) for plugin in registry.plugins.plugins]
    broken = registry.plugins.problems  # complete only after every hook was called
    if as_json:
        faults = [
            {"name": p.plugin, "distribution": p.distribution, "reason": p.reason, "remedy": p.remedy} for p in broken
        ]
        print_json({"plugins": rows, "problems": faults})
        return
    table = Table("plugin", "version", "distribution", "brings", box=None, pad_edge=False)
    for row in rows:
        brings = ", ".join(f"{count} {kind}" for kind, count in row["components"].items()) or "nothing yet"
        table.add_row(row["name"], row["version"], row["distribution"], brings)
    for problem in broken:
        table.add_row(
            f"[red]{problem.plugin}[/]", "", problem.distribution, f"broken: {problem.reason} {problem.remedy}"
        )
    output().print(table)


def _row(plugin: Plugin, registry: Registry) -> dict[str, Any]:
    counts = {kind: sum(entry.plugin.name == plugin.name for entry in registry.entries(kind)) for kind in KINDS}
    return {
        "name": plugin.name,
        "version": plugin.version,
        "distribution": plugin.distribution,
        "components": {kind: count for kind, count in counts.items() if count},
    }
