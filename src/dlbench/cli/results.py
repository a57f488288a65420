"""`dlbench results`: what has been run, shown again, and handed on to other programs."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli.console import errors, output, print_json

if TYPE_CHECKING:
    from dlbench.results.folder import RunFolder
    from dlbench.results.overview import Overview

app = typer.Typer(help="List, show and export the results of earlier runs.", no_args_is_help=True, add_completion=False)

Run = Annotated[str, typer.Argument(help="A run's name, or the path of its folder.", metavar="RUN")]
ResultsDir = Annotated[
    Path | None,
    typer.Option("--results-dir", help="Folder of all runs, else DLBENCH_RESULTS_DIR, else ./results."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command("list")
def list_results(results_dir: ResultsDir = None, as_json: AsJson = False) -> None:
    """List the runs: how many trials are done, what they compare, when they began."""
    from dlbench.results.locations import list_runs, results_root
    from dlbench.results.overview import overview

    root = results_root(results_dir)
    runs = [overview(path) for path in list_runs(root)]
    if as_json:
        print_json([asdict(run) for run in runs])
    elif runs:
        _print_runs(runs)
    else:
        errors().print(f"There are no runs in {root}. Type `dlbench compare --help` to begin one.", markup=False)


@app.command()
def show(run: Run, results_dir: ResultsDir = None, as_json: AsJson = False) -> None:
    """Print a run's table again."""
    from dlbench.report.tables import print_comparison
    from dlbench.results.summary import summarise

    folder = _open(run, results_dir)
    if as_json:
        print_json(document(folder))
        return
    plan = folder.plan
    print_comparison(output(), summarise(folder.records, plan), plan, title=folder.path.name)


@app.command()
def export(
    run: Run,
    table: Annotated[str, typer.Option(help="trials, epochs, confusion or summary.")] = "trials",
    format: Annotated[str, typer.Option(help="csv, json, markdown, latex or parquet.")] = "csv",  # noqa: A002  # the option's name
    output_file: Annotated[Path | None, typer.Option("--output", help="File to write, else standard output.")] = None,
    results_dir: ResultsDir = None,
) -> None:
    """Write one of a run's tables for another program or a document."""
    from dlbench.results import export as exporting
    from dlbench.results.files import writing_to

    content = exporting.export(_open(run, results_dir), table, format)
    data = content.encode() if isinstance(content, str) else content
    if output_file is None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    with writing_to(output_file, "Choose another file with --output."):
        output_file.write_bytes(data)


def document(folder: "RunFolder") -> dict[str, Any]:
    """Return a run as the one JSON document that --json prints."""
    from dlbench.results.summary import summarise

    plan = folder.plan
    summaries = [asdict(summary) for summary in summarise(folder.records, plan)]
    return {"name": folder.path.name, "path": str(folder.path), "plan": plan, "summary": summaries}


def _open(run: str, results_dir: Path | None) -> "RunFolder":
    from dlbench.results.folder import RunFolder
    from dlbench.results.locations import results_root, run_path

    folder = RunFolder(run_path(run, results_root(results_dir)))
    for warning in folder.warnings:
        errors().print(f"Warning: {folder.path.name}: {warning}", markup=False, soft_wrap=True)
    return folder


def _print_runs(runs: "list[Overview]") -> None:
    from rich.table import Table

    table = Table("run", "trials", "variants", "seeds", "data set", "started", "size", box=None, pad_edge=False)
    table.columns[0].overflow = "fold"
    for run in runs:
        trials = f"{run.done}/{run.planned}" + (f", {run.failed} failed" if run.failed else "")
        started = run.started[:16].replace("T", " ")
        about = (str(run.variants), str(run.seeds), run.dataset, started) if not run.problem else ("–", "–", "–", "–")
        table.add_row(run.name, trials, *about, _size(run.size_bytes))
    output().print(table)
    for run in runs:
        if run.problem:
            errors().print(f"Warning: {run.name}: {run.problem}", markup=False, soft_wrap=True)


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
