"""`dlbench bench`: the speed and the cost of combinations."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli.options.config import defaults_in_force
from dlbench.cli.options.groups import takes
from dlbench.cli.options.request import COMBINATIONS
from dlbench.cli.options.values import folder, number
from dlbench.cli.plugin_warnings import warn_of_problems
from dlbench.cli.streams.console import errors, output, print_json
from dlbench.errors import DlbenchError
from dlbench.plans.plan import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlbench.analysis.speed import Change, Speed

_HOW, _OUTPUT = "How it is measured", "What is shown and kept"


Seconds = Annotated[
    float,
    typer.Option(
        parser=number("--seconds", float, 1.0, 0.01),
        metavar="NUMBER",
        help="Length of a measuring window.",
        rich_help_panel=_HOW,
    ),
]
Windows = Annotated[
    int,
    typer.Option(
        parser=number("--windows", int, 5, 1),
        metavar="NUMBER",
        help="Windows of each part and variant.",
        rich_help_panel=_HOW,
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        parser=folder,
        metavar="PATH",
        help="Folder of data sets, else DLBENCH_DATA_DIR, else a cache.",
        rich_help_panel=_HOW,
    ),
]
Csv = Annotated[Path | None, typer.Option(help="Write the table to this file.", rich_help_panel=_OUTPUT)]
Figure = Annotated[
    Path | None, typer.Option(help="Draw throughput over batch size (.png, .svg, .pdf).", rich_help_panel=_OUTPUT)
]
Save = Annotated[
    Path | None, typer.Option(help="Write every window to this file, for --against.", rich_help_panel=_OUTPUT)
]
Against = Annotated[Path | None, typer.Option(help="Compare with a file from --save.", rich_help_panel=_OUTPUT)]
FailBelow = Annotated[
    float,
    typer.Option(
        parser=number("--fail-below", float, 0.0, 0),
        metavar="NUMBER",
        help="With --against: exit with 1 if a ratio is lower.",
        rich_help_panel=_OUTPUT,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.", rich_help_panel=_OUTPUT)]


@takes(request=COMBINATIONS)
def bench(
    seconds: Seconds = 1.0,
    windows: Windows = 5,
    data_dir: DataDir = None,
    csv: Csv = None,
    figure: Figure = None,
    save: Save = None,
    against: Against = None,
    fail_below: FailBelow = 0.0,
    as_json: AsJson = False,
    *,
    request: Request,
) -> None:
    """Measure the speed and the cost of combinations: forward, backward, whole steps, evaluation.

    After a warm-up the variants take turns, window by window, so that a drifting machine slows all of them alike.
    The tables show medians and half their range; "backward" is a forward and a backward pass together.
    """
    from dlbench.analysis.speed import compare, document, read
    from dlbench.runs.provenance import collect_provenance

    if figure and figure.suffix not in (".png", ".svg", ".pdf"):
        raise DlbenchError(f"{figure} has an unknown ending.", "Use .png, .svg or .pdf.")
    if fail_below and not against:
        raise DlbenchError("--fail-below needs an earlier measurement.", "Add --against FILE.")
    before = read(against) if against else None
    speeds = _measure(request, data_dir, seconds, windows, before)
    kept = document(speeds, collect_provenance({}, {}))
    changes = None if before is None else compare(speeds, before)
    if as_json:
        ratios = {} if changes is None else {"changes": {each.label: dict(each.ratios) for each in changes}}
        print_json(kept | ratios)
    else:
        _print(speeds, changes, fail_below)
    _keep(speeds, kept, csv, figure, save)
    slower = [change.label for change in changes or () if change.lowest < fail_below]
    if slower:
        errors().print(f"Below {fail_below:g} of the earlier speed: {', '.join(slower)}")
    raise typer.Exit(int(bool(slower)))


def _print(speeds: "Sequence[Speed]", changes: "Sequence[Change] | None", fail_below: float) -> None:
    from dlbench.report.terminal.speed import change_table, cost_table, rate_table

    output().print(rate_table(speeds))
    output().print()
    output().print(cost_table(speeds))
    if changes is not None:
        output().print(change_table(changes, fail_below))


def _measure(
    request: Request,
    data_dir: Path | None,
    seconds: float,
    windows: int,
    before: "Sequence[Speed] | None",
) -> "list[Speed]":
    """Measure the combinations. before: raises DlbenchError first if one of them is not in it."""
    from dlbench.analysis.speed import check_measured
    from dlbench.plans.build import build
    from dlbench.plans.config import default_data_dir
    from dlbench.plugins.registry import Registry
    from dlbench.sessions.bench import measure
    from dlbench.sessions.resolve import data_folder

    registry, config = Registry.load(), defaults_in_force("data_dir", "settings", data_dir=data_dir)
    plan = build(replace(request, seeds=1), registry, config.settings)
    warn_of_problems(registry)
    if before is not None:
        check_measured({variant.label: variant.trial.settings.batch_size for variant in plan.variants}, before)
    folder = data_folder(data_dir, config.data_dir, default_data_dir)
    plan, speeds = measure(plan, registry, folder, seconds, windows, lambda text: errors().print(text))
    for veto in plan.vetoes:
        errors().print(f"{veto.variant.label}: skipped: {veto.reason}.")
    return speeds


def _keep(
    speeds: "Sequence[Speed]", kept: dict[str, Any], csv: Path | None, figure: Path | None, save: Path | None
) -> None:
    from dlbench.files import replace_file, strict_json, writing_to

    def write(path: Path, content: str | bytes) -> None:
        with writing_to(path, "Choose another place."):
            replace_file(path, content)

    if save:
        write(save, strict_json(kept))
    if csv:
        from dlbench.runs.frames import frame

        rows = [speed.row() for speed in speeds]
        columns = list(dict.fromkeys(name for row in rows for name in row))
        write(csv, frame(columns, rows).to_csv(index=False))
    if figure:
        from dlbench.report.figures.canvas import render
        from dlbench.report.figures.throughput import draw

        write(figure, render(lambda: draw(speeds), figure.suffix[1:]))  # type: ignore[arg-type]  # checked above
