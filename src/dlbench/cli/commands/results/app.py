"""`dlbench results`: what has been run, shown again, and handed on to other programs."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli.commands.results import upkeep
from dlbench.cli.completion.offers import complete_runs
from dlbench.cli.options.judging import with_judging
from dlbench.cli.options.run_argument import open_run, runs_folder
from dlbench.cli.streams.console import errors, output, print_bytes, print_json

if TYPE_CHECKING:
    from dlbench.analysis.verdicts import Judged
    from dlbench.runs.folder import RunFolder
    from dlbench.runs.overview import Overview

app = typer.Typer(
    help="Show, export, mend, merge and remove the results of earlier runs.",
    no_args_is_help=True,
    add_completion=False,
)

Run = Annotated[
    str,
    typer.Argument(help="A run's name, or the path of its folder.", metavar="RUN", autocompletion=complete_runs),
]
ResultsDir = Annotated[
    Path | None,
    typer.Option("--results-dir", help="Folder of all runs, else DLBENCH_RESULTS_DIR, else ./results."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command("list")
def list_results(results_dir: ResultsDir = None, as_json: AsJson = False) -> None:
    """List the runs: how many trials are done, what they compare, when they began."""
    from dlbench.runs.locations import list_runs
    from dlbench.runs.overview import overview

    root = runs_folder(results_dir)
    runs = [overview(path) for path in list_runs(root)]
    if as_json:
        print_json([asdict(run) for run in runs])
    elif runs:
        _print_runs(runs)
    else:
        errors().print(f"There are no runs in {root}. Type `dlbench compare --help` to begin one.")


@app.command()
@with_judging
def show(
    run: Run,
    results_dir: ResultsDir = None,
    convergence: Annotated[bool, typer.Option("--convergence", help="Show how fast and how steadily.")] = False,
    classes: Annotated[bool, typer.Option("--per-class", help="Show precision, recall and F1 of each class.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show which diagnostics differ.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Wait for the run's end, a line for each trial that ends.")
    ] = False,
    as_json: AsJson = False,
    *,
    judging: Mapping[str, Any],
) -> None:
    """Print a run's tables again, judged as was fixed before running or as is asked now."""
    from dlbench.analysis.per_class import per_class
    from dlbench.cli.commands.results.follow import follow as follow_run
    from dlbench.report.terminal.per_class import per_class_view

    folder = open_run(run, results_dir)
    if follow:
        follow_run(folder)
    scores = per_class(folder.records, folder.plan) if classes else ()
    if as_json:
        print_json(document(folder, judging) | ({"per_class": [asdict(row) for row in scores]} if classes else {}))
        return
    print_run(folder, judging, convergence=convergence, explain=explain, title=folder.path.name)
    if classes:
        output().print(per_class_view(scores, output().width))


app.command("doctor")(upkeep.doctor)
app.command("merge")(upkeep.merge)
app.command("rm")(upkeep.remove)


@app.command()
@with_judging
def audit(
    file: Annotated[Path, typer.Argument(help="A CSV file with a row a trained model.", metavar="FILE.csv")],
    variant: Annotated[str, typer.Option(metavar="COLUMN", help="The column that names what is compared.")],
    seed: Annotated[str, typer.Option(metavar="COLUMN", help="The column of seeds: equal seeds make pairs.")],
    lower_is_better: Annotated[
        bool, typer.Option("--lower-is-better", help="Less of the metric is better. Default: as its name tells.")
    ] = False,
    as_json: AsJson = False,
    *,
    judging: Mapping[str, Any],
) -> None:
    """Judge anybody's results by the same rules, and say what they cannot support."""
    from dlbench.analysis.audit import audit_file
    from dlbench.report.terminal.verdicts import print_verdicts

    found = audit_file(file, variant, seed, judging, lower_is_better=lower_is_better)
    if as_json:
        print_json({"file": str(file), "warnings": found.warnings, **judged_document(found.judged)})
        return
    print_verdicts(output(), found.judged, title=file.name)
    for warning in found.warnings:
        output().print(f"Warning: {warning}", soft_wrap=True)


@app.command()
def export(
    run: Run,
    table: Annotated[
        str, typer.Option(help="trials, epochs, confusion, steps, diagnostics, comparison, summary or per-class.")
    ] = "trials",
    format: Annotated[str, typer.Option(help="csv, json, markdown, latex or parquet.")] = "csv",  # noqa: A002  # the option's name
    output_file: Annotated[Path | None, typer.Option("--output", help="File to write, else standard output.")] = None,
    results_dir: ResultsDir = None,
) -> None:
    """Write one of a run's tables for another program or a document."""
    from dlbench.files import to_bytes, write_output, writing_to
    from dlbench.runs import export as exporting

    content = exporting.export(open_run(run, results_dir), table, format)
    data = to_bytes(content) if isinstance(content, str) else content
    if output_file is None:
        print_bytes(data)
        return
    with writing_to(output_file, "Choose another file with --output."):
        write_output(output_file, data)


@app.command()
def summary(
    results_dir: ResultsDir = None,
    output_file: Annotated[
        Path | None, typer.Option("--output", metavar="FILE.md", help="Write the page as Markdown instead.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which claims hold: the runs of experiments, claim by claim, and reported against measured."""
    from dlbench.files import to_bytes, write_output, writing_to
    from dlbench.plugins.registry import Registry
    from dlbench.report.markdown import answers_view, markdown
    from dlbench.report.terminal.experiments import reported_view
    from dlbench.runs.experiment_runs import read_answers

    root = runs_folder(results_dir)
    answered = read_answers(root, Registry.load())
    for problem in answered.problems:
        errors().print(f"Warning: {problem}", soft_wrap=True)
    if as_json:
        print_json([run.document() for run in answered.runs])
    elif output_file is not None:
        with writing_to(output_file, "Choose another file with --output."):
            write_output(output_file, to_bytes(markdown(answered)))
    elif not answered.runs:
        errors().print(f"There is no run of an experiment in {root}. Type `dlbench run --help`.")
    else:
        output().print(answers_view(answered))
        for run in answered.runs:
            if run.answers.figures:
                output().print(reported_view(run.answers.figures, [run.folder, *run.notes]))


def print_run(
    folder: "RunFolder",
    judging: Mapping[str, Any] | None = None,
    *,
    convergence: bool = False,
    explain: bool = False,
    title: str = "",
) -> None:
    """Print a run: the verdicts with their sentences, what was asked for besides, other figures, what went wrong."""
    from dlbench.analysis.convergence import convergence as converge
    from dlbench.analysis.explain import explain as explained
    from dlbench.analysis.summary import summarise
    from dlbench.report.terminal.convergence import convergence_table
    from dlbench.report.terminal.explain import print_explanation
    from dlbench.report.terminal.summary import print_comparison
    from dlbench.report.terminal.verdicts import print_verdicts

    records, plan, console = folder.records, folder.plan, output()
    judged = folder.judge(judging)
    print_verdicts(console, judged, title)
    if convergence and (rows := converge(records, plan)):
        console.print(convergence_table(rows, console.width))
    if explain:
        print_explanation(console, explained(records, plan))
    print_comparison(console, summarise(records, plan), plan, judged=judged.criteria.metric)


def document(folder: "RunFolder", judging: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a run as the one JSON document that --json prints."""
    from dlbench.analysis.convergence import convergence
    from dlbench.analysis.explain import explain
    from dlbench.analysis.summary import summarise

    plan = folder.plan
    return {
        "name": folder.path.name,
        "path": str(folder.path),
        "plan": plan,
        "summary": [asdict(summary) for summary in summarise(folder.records, plan)],
        **judged_document(folder.judge(judging)),
        "convergence": [asdict(row) for row in convergence(folder.records, plan)],
        "diagnostics": [found.document() for found in explain(folder.records, plan).differences],
    }


def judged_document(judged: "Judged") -> dict[str, Any]:
    """Return verdicts as JSON content: the rows of comparison.csv, and what is said about them."""
    from dlbench.analysis.verdicts import ranking_sentence

    families = judged.all_families
    return {
        "judging": judged.criteria.to_json() | {"higher_is_better": judged.rules.higher_is_better},
        "departures": judged.departures,
        "comparison": judged.table()[1],
        "letters": {family.axis: dict(family.letters) for family in judged.families if family.letters},
        "sentences": list(dict.fromkeys(text for family in families for text in family.sentences)),
        "outlook": [text for family in judged.families for text in family.outlook],
        "ranking": asdict(judged.ranking) | {"sentence": ranking_sentence(judged.ranking)} if judged.ranking else None,
        "notes": judged.notes,
    }


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
            errors().print(f"Warning: {run.name}: {run.problem}", soft_wrap=True)


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
