"""`dlbench doctor`: what is installed, whether it works, and what would make training faster."""

import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from dlbench.cli.options.common import AsJson, DataDir, ResultsDir
from dlbench.cli.options.config import defaults_in_force
from dlbench.cli.streams.console import errors, output, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlbench.errors import DlbenchError
    from dlbench.sessions.doctor import Check

_STYLES = {"ok": "green", "note": "yellow", "broken": "red"}


def doctor(results_dir: ResultsDir = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Examine this machine, the plugins and the folders; exit with 1 if something is broken."""
    checks = list(_checks(results_dir, data_dir))
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        _print(checks)
    raise typer.Exit(int(any(check.health == "broken" for check in checks)))


def _checks(results_dir: Path | None, data_dir: Path | None) -> "Iterator[Check]":
    from dlbench.executors.tasks import examine_training
    from dlbench.machine import available_cores
    from dlbench.plans.config import default_data_dir, load_config
    from dlbench.plugins.registry import Registry
    from dlbench.runs.locations import results_root
    from dlbench.runs.provenance import collect_provenance
    from dlbench.sessions import doctor
    from dlbench.sessions.resolve import TrialResolver, data_folder

    registry = Registry.load(strict=False)  # the report lists every fault
    faults: list[DlbenchError] = []
    config = load_config(Path.cwd(), faults=faults)
    if not faults:
        defaults_in_force("data_dir", "results_dir", results_dir=results_dir, data_dir=data_dir)
    folder = data_folder(data_dir, config.data_dir, default_data_dir)
    with TrialResolver(registry, folder, threading.Event(), errors().print) as resolver:
        training = resolver.call(examine_training)
    yield from doctor.examine_defaults(faults)
    yield from doctor.examine_provenance(collect_provenance({}, {}))
    yield from doctor.examine_training(training, available_cores())
    yield from doctor.examine_data(registry, folder)
    yield doctor.examine_results(results_root(results_dir, config.results_dir))
    yield from doctor.examine_plugins(registry)


def _print(checks: "list[Check]") -> None:
    from rich.text import Text

    from dlbench.report.terminal.console import Lines, Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    for check in checks:
        words = f"{check.found}\n{check.advice}" if check.advice else check.found
        table.add_row(Text(check.name), Text(check.health, style=_STYLES[check.health]), Lines(words))
    output().print(table)
