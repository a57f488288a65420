"""`dlbench report`: a run as one page, several runs as a site."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli.completion.offers import complete_runs
from dlbench.cli.options.common import ResultsDir
from dlbench.cli.options.groups import takes
from dlbench.cli.options.judging import JUDGING_AGAIN, asked_of
from dlbench.cli.options.run_argument import open_run, runs_folder
from dlbench.cli.plugin_warnings import warn_of_problems
from dlbench.cli.streams.console import errors, output
from dlbench.errors import DlbenchError

if TYPE_CHECKING:
    from dlbench.runs.folder import RunFolder

#: Where a site is written, in the folder of all runs.
_SITE = "site"


@takes(judging=JUDGING_AGAIN)
def report(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            help="A run's name, or the path of its folder; several make a site.",
            metavar="RUN",
            autocompletion=complete_runs,
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every run of the folder of runs, as a site.")] = False,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="File to write, else report.html in the run folder; of a site its folder, else site/ among the runs.",
        ),
    ] = None,
    results_dir: ResultsDir = None,
    *,
    judging: Mapping[str, Any],
) -> None:
    """Write a run as one HTML page, or several as a site: verdicts, figures, claims, provenance."""
    from dlbench.plugins.registry import Registry

    if bool(runs) == every:
        raise DlbenchError("Which run?" if not every else "Runs and --all exclude each other.", "Name runs, or --all.")
    registry = Registry.load()
    if every or len(runs or ()) > 1:
        if any(value is not None for value in judging.values()):
            raise DlbenchError("A site shows each run as it was to be judged.", "Write one run's page with criteria.")
        names = [str(path) for path in _every(results_dir)] if every else list(dict.fromkeys(runs or ()))
        target = _target(output_file, results_dir)
        # A run that was named must be there; of all runs, what cannot be read is left out and said.
        folders = None if every else [open_run(name, results_dir) for name in names]
        path = _site(folders, names, registry, target)
    else:
        path = _page(open_run((runs or [""])[0], results_dir), registry, judging, output_file)
    output().print(str(path), soft_wrap=True)
    _say_what_is_missing()
    warn_of_problems(registry)


def _every(results_dir: Path | None) -> Sequence[Path]:
    """Return all runs by their paths. Raises DlbenchError where there is none."""
    from dlbench.runs.locations import list_runs

    root = runs_folder(results_dir)
    found = list_runs(root)
    if not found:
        raise DlbenchError(f"There is no run in {root}.", "Use --results-dir.")
    return [path.resolve() for path in found]


def _target(asked: Path | None, results_dir: Path | None) -> Path:
    target = asked or runs_folder(results_dir) / _SITE
    if target.suffix or (target.exists() and not target.is_dir()):
        raise DlbenchError(f"{target} is no name of a folder.", "A site is a folder: name one with --output.")
    return target


def _page(folder: "RunFolder", registry: Any, judging: Mapping[str, Any], output_file: Path | None) -> Path:
    """Write the page of a run; return its path."""
    from dlbench.files import replace_file, writing_to
    from dlbench.report.html.page import html_report
    from dlbench.runs.locations import check_own

    if output_file is None:
        check_own(folder.path)
    path = output_file or folder.path / "report.html"
    content = html_report(folder, registry, asked_of(folder.plan, judging))
    with writing_to(path, "Choose another file with --output."):
        replace_file(path, content)
    return path


def _site(folders: "Sequence[RunFolder] | None", names: Sequence[str], registry: Any, target: Path) -> Path:
    """Write pages and their index; return the path of the index. folders: None to open the named ones as they come."""
    from dlbench.files import replace_file, writing_to
    from dlbench.report.html.site import Site

    site = Site(registry)
    for name, content in site.files(folders or _readable(names, site.problems)):
        with writing_to(target / name, "Choose another folder with --output."):
            replace_file(target / name, content)
    for problem in site.problems:
        errors().print(f"Warning: {problem}", soft_wrap=True)
    return target / "index.html"


def _readable(names: Sequence[str], problems: list[str]) -> "Iterator[RunFolder]":
    """Yield the run folders that can be read, and add a sentence for each other one to the problems."""
    for name in names:
        try:
            yield open_run(name, Path(name).parent)
        except DlbenchError as error:
            problems.append(f"{Path(name).name}: {error.message}")


def _say_what_is_missing() -> None:
    """Say how the charts of later pages answer mouse and keyboard, where they do not yet."""
    from dlbench.report.html.script import REMEDY, is_interactive

    if not is_interactive():
        errors().print(f"Figures are pictures; {REMEDY} makes them answer mouse and keyboard.", soft_wrap=True)
