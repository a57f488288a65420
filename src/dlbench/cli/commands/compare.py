"""`dlbench compare`: the main job."""

import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli.commands.list import warn_of_problems
from dlbench.cli.options.axes import read_request, with_axes
from dlbench.cli.options.judging import with_judging
from dlbench.cli.options.session import to_options, with_session
from dlbench.cli.streams.console import errors, output, print_json

if TYPE_CHECKING:
    from dlbench.plugins.registry import Registry
    from dlbench.sessions.options import Options, Outcome

_OUTPUT = "What is shown"


@with_axes
@with_judging
@with_session
def compare(
    variant: Annotated[
        list[str] | None,
        typer.Option(
            help='A combination that is no product of axes: "label=…;model=…;batch-size=…". Repeatable.',
            metavar="KEY=VALUE;…",
            rich_help_panel="Components (commas make variants, axes multiply)",
        ),
    ] = None,
    seeds: Annotated[
        str,
        typer.Option(
            metavar="N",
            help="How many paired seeds, or auto:7..30 for as many as verdicts turn out to need. "
            "Default: as many as a verdict needs at least.",
            rich_help_panel="Seeds",
        ),
    ] = "",
    seed: Annotated[
        list[str] | None, typer.Option(metavar="N,…", help="Which seeds, instead of how many.", rich_help_panel="Seeds")
    ] = None,
    noise_floor: Annotated[
        bool,
        typer.Option("--noise-floor", help="Run the baseline against itself on other seeds.", rich_help_panel="Seeds"),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan; run and write nothing.", rich_help_panel=_OUTPUT)
    ] = False,
    convergence: Annotated[
        bool, typer.Option("--convergence", help="Show how fast and how steadily.", rich_help_panel=_OUTPUT)
    ] = False,
    diagnostics: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,…",
            help="What is measured beside the results, and when: saturation,first,last (or every:5, or epochs); all.",
            rich_help_panel="Diagnostics",
        ),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Show which diagnostics differ.", rich_help_panel="Diagnostics"),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the run folder's path alone.", rich_help_panel=_OUTPUT)
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on standard output.", rich_help_panel=_OUTPUT)
    ] = False,
    *,
    judging: Mapping[str, Any],
    session: Mapping[str, Any],
    **axes: Any,
) -> None:
    """Train every combination with the same seeds and say which is better.

    Components are written NAME or NAME:key=value:key=value, as in --activation relu,leaky-relu:negative_slope=0.1.
    """
    request = read_request(axes, variant or (), seeds, seed or (), judging=judging, noise_floor=noise_floor)
    request = replace(request, diagnostics=diagnostics or ())
    options = to_options(session, command=["dlbench", *sys.argv[1:]])
    if dry_run:
        from dlbench.cli.commands.dry_run import show_plan

        show_plan(request, options, as_json)
        return
    outcome = run_session(request, options, quiet or as_json)
    _show(outcome, judging, quiet=quiet, as_json=as_json, convergence=convergence, explain=explain)
    raise typer.Exit(outcome.exit_code)


def run_session(request: Any, options: "Options", quiet: bool, registry: "Registry | None" = None) -> "Outcome":
    """Run a comparison with its progress on standard error; Ctrl-C ends it with what has finished."""
    from dlbench.cli.streams.preloading import PreloadingProgress
    from dlbench.plans.config import load_config
    from dlbench.plugins.registry import Registry
    from dlbench.sessions.run import run

    registry = registry or Registry.load()
    warn_of_problems(registry)
    stop = threading.Event()
    with PreloadingProgress(errors(), quiet=quiet) as display, _InterruptsStop(stop, display.note):
        outcome = run(request, options, registry, load_config(Path.cwd()), display, stop)
    warn_of_problems(registry)
    return outcome


class _InterruptsStop:
    """The first Ctrl-C (or SIGTERM) asks the session to stop and keep what it has; the second ends at once."""

    def __init__(self, stop: threading.Event, note: Any) -> None:
        self.stop = stop
        self.note = note
        self.before: dict[int, Any] = {}

    def __enter__(self) -> None:
        self.before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.stop.is_set():
            raise KeyboardInterrupt
        self.stop.set()
        self.note("Stopping. What has finished is kept; the same command goes on from there.")


def _show(
    outcome: "Outcome", judging: Mapping[str, Any], *, quiet: bool, as_json: bool, convergence: bool, explain: bool
) -> None:
    from dlbench.cli.commands.results.app import document, print_run

    figure = draw(outcome)
    if quiet:
        print(outcome.folder)
    elif as_json:
        print_json(document(outcome.run, judging))
    else:
        print_run(outcome.run, judging, convergence=convergence, explain=explain)
        for veto in outcome.plan.vetoes:
            output().print(f"{veto.variant.label}: left out, as {veto.reason}.")
        output().print(where(outcome, figure), soft_wrap=True)


def draw(outcome: "Outcome") -> Path | None:
    """Draw the learning curves of the whole folder; nothing, where no trial has an epoch."""
    path = outcome.folder / "figures" / "learning-curves.png"
    if not outcome.computed and path.exists():
        return path
    if not any(record.epochs for record in outcome.run.records):
        return None
    from dlbench.report.figures import learning_curves

    learning_curves(outcome.run.records, outcome.run.plan, path, outcome.run.judge())
    return path


def where(outcome: "Outcome", figure: Path | None) -> str:
    """Return the lines that say where the results are, and what is missing."""
    total = len(outcome.plan.trials)
    there = len(outcome.records) - outcome.computed - outcome.reused - outcome.elsewhere
    facts = [f"{there} of {total} trials were there already"] if there > 0 else []
    facts += [f"{outcome.reused} taken from other runs"] if outcome.reused else []
    facts += [f"{outcome.elsewhere} computed by another process"] if outcome.elsewhere else []
    lines = [f"Results: {outcome.folder}" + (f" ({', '.join(facts)})" if facts else "")]
    if figure:
        lines.append(f"Figure:  {figure}")
    if outcome.interrupted:
        lines.append(f"{total - len(outcome.records)} of {total} trials are missing: the same command runs them.")
    return "\n".join(lines)
