"""`dlbench plugins new` and `check`: a new plugin, and whether a plugin keeps its promises."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli.completion.offers import complete_choices, complete_plugins
from dlbench.cli.streams.console import errors, output, print_json
from dlbench.errors import DlbenchError, shell_words
from dlbench.files import at_home
from dlbench.scaffold.project import KINDS, plan_project, write_project

if TYPE_CHECKING:
    from dlbench.testing import Finding


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The plugin's name: small letters, digits and hyphens.")],
    kind: Annotated[
        str, typer.Option(help=f"What it provides: {', '.join(KINDS)}.", autocompletion=complete_choices(KINDS))
    ] = "activation",
    directory: Annotated[Path, typer.Option(help="The folder to create it in.")] = Path(),
) -> None:
    """Write a new plugin into a folder of its own: it installs, passes its tests and provides a working component."""
    from dlbench.plugins.registry import Registry

    project, folder = plan_project(name, kind, directory, Registry.load())
    for path in write_project(project, folder):
        output().print(path, soft_wrap=True)
    console = errors()
    console.print("\nNow type")
    console.print(f"    cd {shell_words(folder)}", soft_wrap=True)
    console.print('    pip install --editable ".[test]"')
    console.print(f"    dlbench plugins check {project.name}\n    python -m pytest")


def check(
    plugin: Annotated[
        str,
        typer.Argument(
            metavar="NAME|PATH",
            help="A plugin, or the folder of its source. Without it: all.",
            autocompletion=complete_plugins,
        ),
    ] = "",
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only components of this name; * and ? are wildcards.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Check every promise that a plugin makes, and show each broken one with the input that breaks it.

    The exit code is 1 if a promise is broken.
    """
    findings: list[Finding] = []
    with _plugins(plugin) as names:
        for finding in _findings(names, only or ()):
            findings.append(finding)
            if not as_json:
                _print(finding)
    broken = sum(not finding.good for finding in findings)
    if as_json:
        print_json({"findings": [_document(finding) for finding in findings], "broken": broken})
    else:
        output().print(f"{len(findings)} checked, {broken or 'none'} with a broken promise.")
    raise typer.Exit(1 if broken else 0)


@contextlib.contextmanager
def _plugins(argument: str) -> Iterator[Sequence[str]]:
    """Yield the names of the plugins that an argument means."""
    if argument.startswith(".") or any(separator in argument for separator in {"/", os.sep}):
        from dlbench.testing.sources import plugins_in

        with plugins_in(at_home(argument).absolute()) as names:
            yield names
    else:
        yield (argument,) if argument else ()


def _findings(names: Sequence[str], only: Sequence[str]) -> "Iterator[Finding]":
    """Yield the findings about the named plugins; if none is named, about all but those of dlbench itself."""
    from dlbench.plugins.registry import Registry
    from dlbench.testing.promises import Breach, Finding
    from dlbench.testing.suite import items

    registry = Registry.load(strict=False)  # a fault is a finding
    loaded = registry.plugins.by_name
    chosen = names or tuple(name for name, plugin in loaded.items() if not plugin.built_in)
    found = [item for name in chosen for item in items(name, only, registry=registry)]
    absent = [problem for problem in registry.plugins.problems if problem.plugin not in loaded] if not names else []
    if not found and not absent:
        raise _nothing(names, only)
    for problem in absent:
        yield Finding(f"plugin {problem.plugin}", breaches=(Breach("can be loaded", problem.reason),))
    for item in found:
        yield item.check()


def _nothing(names: Sequence[str], only: Sequence[str]) -> DlbenchError:
    if only:
        message = f"No component of {', '.join(names) or 'any plugin'} is named {' or '.join(only)}."
        return DlbenchError(message, "Omit --only to check everything.")
    return DlbenchError(
        "No plugin is installed besides those of dlbench itself.",
        "Name a plugin (dlbench plugins check standard) or a source folder.",
    )


def _print(finding: "Finding") -> None:
    from rich.text import Text

    console = output()
    count = len(finding.kept)
    kept = f"keeps {count} promise{'s' * (count != 1)}"
    mark = ("✓", "green") if finding.good else ("✗", "red")
    console.print(Text.assemble(mark, f" {finding.subject}: {kept}"), soft_wrap=True)
    for breach in finding.breaches:
        console.print(f"    {breach}", soft_wrap=True)
    for reason in finding.unproven:
        console.print(f"    not checked: {reason}", soft_wrap=True, style="dim")


def _document(finding: "Finding") -> dict[str, Any]:
    broken = [{"promise": breach.promise, "evidence": breach.evidence} for breach in finding.breaches]
    return {
        "subject": finding.subject,
        "kept": list(finding.kept),
        "broken": broken,
        "not_seen": list(finding.unproven),
    }
