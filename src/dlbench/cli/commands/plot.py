"""`dlbench plot`: a run as figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli.completion.offers import complete_choices, complete_figures
from dlbench.cli.options.common import ResultsDir, Run
from dlbench.cli.options.groups import takes
from dlbench.cli.options.judging import JUDGING_AGAIN, asked_of
from dlbench.cli.options.run_argument import open_run
from dlbench.cli.plugin_warnings import warn_of_problems
from dlbench.cli.streams.console import errors, output
from dlbench.components.spelling import resolve
from dlbench.errors import DlbenchError, suggest
from dlbench.report.figure_names import FORMATS

if TYPE_CHECKING:
    from dlbench.report.figures import FigureData, Format, Kind

ALL = "all"
#: Endings of a file with a picture, those that cannot be written too.
_SUFFIXES = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".gif", ".webp", ".eps", ".tif", ".tiff")


@takes(judging=JUDGING_AGAIN)
def plot(
    run: Run,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND,…",
            help="curves, final, differences, time, critical-difference, interquartile-mean, performance-profile, "
            "heatmap, tuning, budget, spread, learning-rate, confusion, steps, those of plugins (gradients, …: dlbench "
            "list figures), all (those that apply).",
            autocompletion=complete_figures,
        ),
    ] = None,
    format: Annotated[  # noqa: A002  # the option's name
        str,
        typer.Option(
            help="png, svg or pdf; else that of the file, else png.",
            autocompletion=complete_choices(FORMATS),
        ),
    ] = "",
    target: Annotated[
        Path | None,
        typer.Option(
            "--output", help="Folder for the files, or the file of one figure; else figures/ in the run folder."
        ),
    ] = None,
    results_dir: ResultsDir = None,
    *,
    judging: Mapping[str, Any],
) -> None:
    """Draw a run's figures to files."""
    from dlbench.plugins.registry import Registry
    from dlbench.report.figures import all_kinds, figure_data
    from dlbench.runs.locations import check_own

    wanted = [word.strip() for text in kind or [ALL] for word in text.split(",") if word.strip()]
    registry = Registry.load()
    kinds = all_kinds(registry)
    wanted = _check(wanted, kinds)
    if not wanted:
        raise DlbenchError("--kind names no figure.", f"Use {', '.join(kinds)} or {ALL}.")
    file = target if target and _names_a_file(target) else None
    if file and (ALL in wanted or len(wanted) > 1):
        raise DlbenchError(f"{file} is one file, and several figures are asked for.", "Name one --kind, or a folder.")
    shape = _shape(format, file)
    folder = open_run(run, results_dir)
    if target is None:
        check_own(folder.path)
    asked = asked_of(folder.plan, judging)
    data = figure_data(folder.planned, folder.plan, asked, folder.judge(asked))
    _draw(wanted, kinds, data, shape, target or folder.path / "figures", file)
    warn_of_problems(registry)


def _check(wanted: list[str], kinds: Mapping[str, Any]) -> list[str]:
    """Return the kinds by their own names. Raises DlbenchError for one that there is not."""
    found = []
    for name in wanted:
        meant = resolve(name, (*kinds, ALL))
        if meant is None:
            raise DlbenchError(f"Unknown figure {name!r}.", suggest(name, kinds, f"Use {', '.join(kinds)} or {ALL}."))
        found.append(meant)
    return list(dict.fromkeys(found))


def _names_a_file(target: Path) -> bool:
    return target.suffix.lower() in _SUFFIXES and not target.is_dir()


def _shape(format: str, file: Path | None) -> "Format":  # noqa: A002  # the option's name
    """Return the format that is asked for, by the option or by the file's name."""
    ending = file.suffix.lower().lstrip(".") if file else ""
    asked = format.lower() or ending or "png"
    shape = next((known for known in FORMATS if known == asked), None)
    if shape is None:
        raise DlbenchError(f"Invalid figure format {asked!r}.", f"Use {', '.join(FORMATS)}.")
    if file and shape != ending:
        raise DlbenchError(f"{file} is no name of a file in {shape}.", f"Write {file.with_suffix(f'.{shape}')}.")
    return shape


def _draw(
    wanted: list[str],
    kinds: "Mapping[str, Kind]",
    data: "FigureData",
    shape: "Format",
    folder: Path,
    file: Path | None = None,
) -> None:
    """Write the figures that apply. Raises DlbenchError, before writing, for one that was named and does not apply."""
    from dlbench.files import replace_file, writing_to
    from dlbench.report.figures import picture

    names = list(kinds) if ALL in wanted else list(dict.fromkeys(wanted))
    reasons = {name: reason for name in names if (reason := kinds[name].unavailable_reason(data))}
    for name, reason in reasons.items():
        if name in wanted:
            raise DlbenchError(f"The figure {name} cannot be drawn: {reason}.", "Omit --kind to draw all that apply.")
    for name in names:
        if name in reasons:
            if not kinds[name].on_request:
                errors().print(f"Skipped: {name}: {reasons[name]}.")
            continue
        image = picture(kinds[name], data, shape)
        if image is None:
            continue
        path = file or folder / f"{kinds[name].file}.{shape}"
        with writing_to(path, "Choose another folder with --output."):
            replace_file(path, image)
        output().print(str(path), soft_wrap=True)
