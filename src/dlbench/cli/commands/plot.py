"""`dlbench plot` and `dlbench report`: a run as figures, and as one page."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli.completion.offers import complete_named
from dlbench.cli.options.common import ResultsDir, Run
from dlbench.cli.options.groups import takes
from dlbench.cli.options.judging import JUDGING
from dlbench.cli.options.run_argument import open_run
from dlbench.cli.streams.console import errors, output
from dlbench.errors import DlbenchError, suggest

if TYPE_CHECKING:
    from dlbench.report.figures import FigureData, Format

ALL = "all"


@takes(judging=JUDGING)
def plot(
    run: Run,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND,…",
            help="curves, final, differences, time, heatmap, learning-rate, confusion, gradients, activations, "
            "dead-units, steps, all (those that apply).",
            autocompletion=complete_named("dlbench.report.figures:KINDS", "all"),
        ),
    ] = None,
    format: Annotated[  # noqa: A002  # the option's name
        str,
        typer.Option(help="png, svg or pdf.", autocompletion=complete_named("dlbench.report.figures.canvas:FORMATS")),
    ] = "png",
    output_dir: Annotated[
        Path | None, typer.Option("--output", help="Folder for the files, else figures/ in the run folder.")
    ] = None,
    results_dir: ResultsDir = None,
    *,
    judging: Mapping[str, Any],
) -> None:
    """Draw a run's figures to files."""
    from dlbench.report.figures import FORMATS, study

    wanted = [word.strip() for text in kind or [ALL] for word in text.split(",") if word.strip()]
    _check(wanted)
    shape = next((known for known in FORMATS if known == format.lower()), None)
    if shape is None:
        raise DlbenchError(f"Invalid figure format {format!r}.", f"Use {', '.join(FORMATS)}.")
    folder = open_run(run, results_dir)
    drawn = study(folder.records, folder.plan, judging)
    _draw(wanted, drawn, shape, output_dir or folder.path / "figures")


def _check(wanted: list[str]) -> None:
    from dlbench.report.figures import KINDS

    for name in wanted:
        if name not in (*KINDS, ALL):
            raise DlbenchError(f"Unknown figure {name!r}.", suggest(name, KINDS, f"Use {', '.join(KINDS)} or {ALL}."))


def _draw(wanted: list[str], drawn: "FigureData", shape: "Format", folder: Path) -> None:
    """Write the figures that apply. Raises DlbenchError, before writing, for one that was named and does not apply."""
    from dlbench.files import replace_file, writing_to
    from dlbench.report.figures import KINDS, picture

    names = list(KINDS) if ALL in wanted else list(dict.fromkeys(wanted))
    reasons = {name: reason for name in names if (reason := KINDS[name].unavailable_reason(drawn))}
    for name, reason in reasons.items():
        if name in wanted:
            raise DlbenchError(f"The figure {name} cannot be drawn: {reason}.", "Omit --kind to draw all that apply.")
    for name in names:
        if name in reasons:
            if not KINDS[name].on_request:
                errors().print(f"Skipped: {name}: {reasons[name]}.")
            continue
        path = folder / f"{KINDS[name].file}.{shape}"
        with writing_to(path, "Choose another folder with --output."):
            replace_file(path, picture(KINDS[name], drawn, shape))
        output().print(str(path), soft_wrap=True)


@takes(judging=JUDGING)
def report(
    run: Run,
    output_file: Annotated[
        Path | None, typer.Option("--output", help="File to write, else report.html in the run folder.")
    ] = None,
    results_dir: ResultsDir = None,
    *,
    judging: Mapping[str, Any],
) -> None:
    """Write a run as one HTML page: verdicts, figures, settings, provenance."""
    from dlbench.files import replace_file, writing_to
    from dlbench.report.html.page import html_report

    folder = open_run(run, results_dir)
    path = output_file or folder.path / "report.html"
    content = html_report(folder, judging)
    with writing_to(path, "Choose another file with --output."):
        replace_file(path, content)
    output().print(str(path), soft_wrap=True)
