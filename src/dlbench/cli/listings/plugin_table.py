"""The plugins as a table: which are installed, what they provide, and whether they work."""

from typing import Any

from rich.text import Text

from dlbench.cli.streams.console import list_output, print_json
from dlbench.components.records import KINDS
from dlbench.components.spelling import matches
from dlbench.errors import DlbenchError
from dlbench.experiments.discovery import find_experiments
from dlbench.plugins.discovery import Plugin, PluginProblem
from dlbench.plugins.registry import SINGULAR, Registry
from dlbench.report.terminal.console import Table


def print_plugins(pattern: str = "", *, as_json: bool) -> None:
    """Print the plugins: name, version, distribution, components by kind, other hooks, and their health.

    pattern: of names, with * and ?; without these, names that contain it.
    """
    registry = Registry.load(strict=False)  # the table shows every fault
    rows = [_row(plugin, registry) for plugin in registry.plugins.plugins]
    problems = registry.plugins.problems  # complete only after every hook was called
    loaded = {row["name"]: row for row in rows}
    for problem in problems:
        known = loaded.get(problem.plugin)
        if known and problem.distribution.split()[0] == known["distribution"]:
            known["health"].append(_fault(problem))
        else:
            rows.append(_absent(problem))
    rows = [row for row in rows if matches(row["name"], pattern)]
    if as_json:
        shown = [_named(problem) for problem in problems if matches(problem.plugin, pattern)]
        print_json({"plugins": rows, "problems": shown})
        return
    if pattern and not rows:
        raise DlbenchError(f"No plugin matches {pattern!r}.", "Run `dlbench list plugins` to see all.")
    _print(rows)


def _row(plugin: Plugin, registry: Registry) -> dict[str, Any]:
    counts = {kind: sum(entry.plugin.name == plugin.name for entry in registry.entries(kind)) for kind in KINDS}
    counts["experiments"] = sum(file.plugin == plugin.name for file in find_experiments(registry))
    return {
        "name": plugin.name,
        "version": plugin.version,
        "distribution": plugin.distribution,
        "loaded": True,
        "components": {kind: count for kind, count in counts.items() if count},
        "hooks": list(registry.plugins.hooks(plugin)),
        "health": [],
    }


def _absent(problem: PluginProblem) -> dict[str, Any]:
    """Return the row of a plugin that could not be loaded."""
    empty = {"version": "", "loaded": False, "components": {}, "hooks": []}
    name, distribution = problem.plugin, problem.distribution
    return {"name": name, "distribution": distribution, **empty, "health": [_fault(problem)]}


def _fault(problem: PluginProblem) -> dict[str, str]:
    return {"reason": problem.reason, "remedy": problem.remedy}


def _named(problem: PluginProblem) -> dict[str, str]:
    return {"name": problem.plugin, "distribution": problem.distribution, **_fault(problem)}


def _print(rows: list[dict[str, Any]]) -> None:
    table = Table("plugin", "version", "distribution", "provides", "health", box=None, pad_edge=False)
    for row in rows:
        faulty = Text("see below", "yellow") if row["loaded"] else Text("broken", "red")
        name = Text(row["name"], "" if row["loaded"] else "red")
        health = faulty if row["health"] else Text("ok", "green")
        table.add_row(name, row["version"], row["distribution"], _provides(row), health)
    console = list_output()
    console.print(table)
    for row in rows:
        for fault in row["health"]:
            console.print()
            console.print(f"{row['name']} ({row['distribution']}): {fault['reason']}", soft_wrap=True)
            console.print(fault["remedy"], soft_wrap=True)


def _provides(row: dict[str, Any]) -> str:
    """Return the counts of components, and the hooks that provide none."""
    singular = {**SINGULAR, "experiments": "experiment"}
    parts = [f"{count} {singular[kind]}{'s' * (count != 1)}" for kind, count in row["components"].items()]
    declared = {f"dlbench_{kind}" for kind in singular}
    parts += [hook.removeprefix("dlbench_") for hook in row["hooks"] if hook not in declared]
    return ", ".join(parts) or ("nothing yet" if row["loaded"] else "")
