"""`dlbench results`: earlier runs, shown again or exported to other programs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli.commands.results import upkeep
from dlbench.cli.completion.offers import complete_columns, complete_named
from dlbench.cli.options.common import AsJson, ComparisonNumber, ResultsDir, Run
from dlbench.cli.options.groups import takes
from dlbench.cli.options.judging import COLUMN_JUDGING, JUDGING_AGAIN, asked_of
from dlbench.cli.options.run_argument import open_run, runs_folder
from dlbench.cli.options.shown import TABLES, Tables
from dlbench.cli.streams.console import endless, errors, list_output, output, print_json, write_or_print

if TYPE_CHECKING:
    from dlbench.analysis.answers import ExperimentAnswers
    from dlbench.runs.folder import RunFolder
    from dlbench.runs.overview import Overview

app = typer.Typer(
    help="Show, export, repair, merge and remove the results of earlier runs.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("list")
def list_results(results_dir: ResultsDir = None, as_json: AsJson = False) -> None:
    """List the runs: how many trials are done, what they compare, when they began."""
    from dlbench.files import remove_hidden_folders
    from dlbench.runs.locations import list_runs
    from dlbench.runs.overview import overview

    root = runs_folder(results_dir)
    remove_hidden_folders(root)
    runs = [overview(path) for path in list_runs(root)]
    if as_json:
        print_json([asdict(run) for run in runs])
    elif runs:
        _print_runs(runs)
    else:
        errors().print(f"There are no runs in {root}. See `dlbench compare --help`.")


@app.command()
@takes(judging=JUDGING_AGAIN, tables=TABLES)
def show(
    run: Run,
    results_dir: ResultsDir = None,
    classes: Annotated[bool, typer.Option("--per-class", help="Show precision, recall and F1 of each class.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Wait until the run ends and print a line for each finished trial.")
    ] = False,
    comparison: ComparisonNumber = None,
    as_json: AsJson = False,
    *,
    judging: Mapping[str, Any],
    tables: Tables,
) -> None:
    """Print a run's tables again, judged as was fixed before running or as is asked now."""
    from dlbench.analysis.per_class import per_class
    from dlbench.cli.commands.results.follow import follow as follow_run
    from dlbench.cli.run_session import other_comparisons
    from dlbench.report.documents import run_document
    from dlbench.report.terminal.experiments import print_answers
    from dlbench.report.terminal.per_class import per_class_view
    from dlbench.report.terminal.run import print_run
    from dlbench.runs.experiment_runs import kept_findings

    folder = open_run(run, results_dir)
    if follow:
        follow_run(folder)
    if comparison is not None:
        folder.choose(comparison)
    judging = asked_of(folder.plan, judging)
    scores = per_class(folder.planned, folder.plan) if classes else ()
    answers = _answers(folder)
    if as_json:
        more = {"per_class": [asdict(row) for row in scores]} if classes else {}
        print_json(run_document(folder, judging) | (answers.document() if answers else {}) | more)
        return
    shown = {"convergence": tables.convergence, "explain": tables.explain}
    if answers:
        output().print(f"{folder.path.name}: {answers.experiment.title}", style="bold", soft_wrap=True)
    print_run(output(), folder, judging, title="" if answers else folder.path.name, **shown)
    print_answers(output(), answers or kept_findings(folder.path, folder.plan), answers.notes if answers else ())
    if classes:
        output().print(per_class_view(scores, output().width))
    for line in other_comparisons(folder):
        output().print(line, soft_wrap=True)


def _answers(folder: "RunFolder") -> "ExperimentAnswers | None":
    """Return what a run says about its experiment; None where it is of none, or where that is no longer available."""
    if not folder.plan.experiment:
        return None
    from dlbench.plugins.registry import Registry
    from dlbench.runs.experiment_runs import answers_of

    return answers_of(folder.path, folder.all_planned, folder.plan, Registry.load(strict=False))


app.command("doctor")(upkeep.doctor)
app.command("merge")(upkeep.merge)
app.command("rm")(upkeep.remove)


@app.command()
@takes(judging=COLUMN_JUDGING)
def audit(
    file: Annotated[Path, typer.Argument(help="A CSV file with one row per trained model.", metavar="FILE.csv")],
    seed: Annotated[
        str,
        typer.Option(
            metavar="COLUMN", help="The column of seeds: equal seeds make pairs.", autocompletion=complete_columns
        ),
    ],
    variant: Annotated[
        str,
        typer.Option(metavar="COLUMN", help="The column that names what is compared.", autocompletion=complete_columns),
    ] = "",
    wide: Annotated[
        bool, typer.Option("--wide", help="Each column but that of seeds is a variant; --metric says what they hold.")
    ] = False,
    lower_is_better: Annotated[
        bool | None,
        typer.Option(
            "--lower-is-better/--higher-is-better",
            help="Which side is better. Default: by the metric's name, if well-known.",
        ),
    ] = None,
    as_json: AsJson = False,
    *,
    judging: Mapping[str, Any],
) -> None:
    """Judge results of other programs by the same rules, and say what they cannot support."""
    from dlbench.analysis.audit import audit_file
    from dlbench.report.documents import verdicts_document
    from dlbench.report.terminal.verdicts import print_verdicts

    found = audit_file(file, variant, seed, judging, lower_is_better=lower_is_better, wide=wide)
    if as_json:
        print_json({"file": str(file), "warnings": found.warnings, **verdicts_document(found.judged)})
        return
    print_verdicts(output(), found.judged, title=file.name)
    for warning in found.warnings:
        output().print(f"Warning: {warning}", soft_wrap=True)


@app.command()
def export(
    run: Run,
    table: Annotated[
        str,
        typer.Option(
            help="trials, epochs, confusion, steps, diagnostics, comparison, data-sets, summary or per-class.",
            autocompletion=complete_named("dlbench.runs.export:TABLES"),
        ),
    ] = "trials",
    format: Annotated[  # noqa: A002  # the option's name
        str,
        typer.Option(
            help="csv, json, markdown, latex or parquet.", autocompletion=complete_named("dlbench.runs.export:FORMATS")
        ),
    ] = "csv",
    output_file: Annotated[Path, typer.Option("--output", help="File to write; - is standard output.")] = Path("-"),
    results_dir: ResultsDir = None,
) -> None:
    """Write one of a run's tables for another program or a document."""
    from dlbench.files import to_bytes
    from dlbench.runs import export as exporting

    content = exporting.export(open_run(run, results_dir), table, format)
    write_or_print(output_file, to_bytes(content) if isinstance(content, str) else content)


@app.command()
def summary(
    results_dir: ResultsDir = None,
    output_file: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE.md", help="Write the page as Markdown instead; - prints it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which claims hold: the runs of experiments, claim by claim, and reported against measured."""
    from dlbench.files import to_bytes
    from dlbench.plugins.registry import Registry
    from dlbench.report.markdown import answers_view, markdown
    from dlbench.report.terminal.experiments import reported_view
    from dlbench.runs.experiment_runs import read_experiment_runs

    root = runs_folder(results_dir)
    answered = read_experiment_runs(root, Registry.load())
    for problem in answered.problems:
        errors().print(f"Warning: {problem}", soft_wrap=True)
    if as_json:
        print_json([run.document() for run in answered.runs])
    elif output_file is not None:
        write_or_print(output_file, to_bytes(markdown(answered)))
    elif not answered.runs:
        errors().print(f"There is no run of an experiment in {root}. See `dlbench run --help`.")
    else:
        if any(run.answers.claims for run in answered.runs):
            output().print(answers_view(answered))
        else:
            errors().print(f"The experiments that were run in {root} make no claims.")
        for run in answered.runs:
            if run.answers.figures:
                output().print(reported_view(run.answers.figures, [run.folder, *run.notes]))


#: Characters of a line with data sets; more of them continue below.
_DATA_SETS = 16
#: The columns of the list of runs that give way where a name needs the room, in that order.
_GIVE_WAY = ("size", "variants", "seeds", "started", "data set", "trials")


def _print_runs(runs: "list[Overview]") -> None:
    from dlbench.report.terminal.console import Table
    from dlbench.report.terminal.layout import fitting_table

    rows = [_cells(run) for run in runs]
    console = list_output()

    def make(columns: Sequence[str]) -> Table:
        table = Table(*columns, box=None, pad_edge=False)
        table.columns[0].overflow = "fold"
        if "data set" in columns and not endless(console):
            table.columns[columns.index("data set")].max_width = _DATA_SETS
        for row in rows:
            table.add_row(*(row[column] for column in columns))
        return table

    rank = [*reversed(_GIVE_WAY)]
    columns = ("run", "trials", "variants", "seeds", "data set", "started", "size")
    console.print(
        fitting_table(columns, console.width, make, rank=lambda name: rank.index(name) + 1 if name in rank else 0)
    )
    for run in runs:
        if run.problem:
            errors().print(f"Warning: {run.name}: {run.problem}", soft_wrap=True)


def _cells(run: "Overview") -> dict[str, str]:
    known = {"variants": str(run.variants), "seeds": str(run.seeds), "data set": run.dataset}
    known |= {"started": run.started[:16].replace("T", " ")}
    trials = f"{run.done}/{run.planned}" + (f", {run.failed} failed" if run.failed else "")
    about = dict.fromkeys(known, "–") if run.problem else known
    return {"run": run.name, "trials": trials, **about, "size": _size(run.size_bytes)}


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
