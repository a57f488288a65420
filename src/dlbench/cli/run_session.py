"""What `compare` and `run` have in common: a session with its progress, the learning curves, where results are."""

import signal
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from dlbench.analysis.questions import what_differs
from dlbench.cli.options.config import session_defaults
from dlbench.cli.plugin_warnings import warn_of_problems
from dlbench.cli.signals import HANGUP
from dlbench.cli.streams.background_imports import BackgroundImportsProgress
from dlbench.cli.streams.console import errors, retold_output
from dlbench.cli.streams.errors import discard_output, on_terminal
from dlbench.errors import DlbenchError
from dlbench.files import replace_file, writing
from dlbench.plans.history import in_words
from dlbench.runs.journal import FOLDER as JOURNALS
from dlbench.runs.locations import as_argument
from dlbench.sessions.run import run

if TYPE_CHECKING:
    from dlbench.plans.plan import Request
    from dlbench.plugins.registry import Registry
    from dlbench.runs.folder import RunFolder
    from dlbench.sessions.options import Display, Options, Outcome


#: The exit code where a verdict or a claim is one on which the user wants the command to fail.
GATE_FAILED = 3
_ONE_SIGTERM_SECONDS = 1.0


def run_session(request: "Request", options: "Options", registry: "Registry", *, quiet: bool) -> "Outcome":
    """Run a comparison and show its progress."""
    config = session_defaults(request, options)
    return show_session(partial(run, request, options, registry, config), registry, quiet=quiet)


def show_session(
    session: "Callable[[Display, threading.Event], Outcome]", registry: "Registry", *, quiet: bool
) -> "Outcome":
    """Run a session with its progress on standard error; Ctrl-C stops it and keeps what has finished."""
    warn_of_problems(registry)
    stop = threading.Event()
    with BackgroundImportsProgress(errors(), quiet=quiet) as display, _InterruptsStop(stop, display.note):
        outcome = session(display, stop)
    warn_of_problems(registry)
    return outcome


class _InterruptsStop:
    """The first Ctrl-C (or SIGTERM) asks the session to stop and keep its results; the second ends it at once.

    The end of its terminal (SIGHUP) does the same, unless nohup has it ignored. SIGTERM twice within a second counts as
    one: batch systems send it to all processes of a job, whose script may hand it on.
    """

    def __init__(self, stop: threading.Event, note: Callable[[str], None]) -> None:
        self.stop = stop
        self.note = note
        self.before: dict[int, Any] = {}
        self.terminal = on_terminal()
        self.terminated = -_ONE_SIGTERM_SECONDS

    def __enter__(self) -> None:
        numbers = [signal.SIGINT, signal.SIGTERM]
        if HANGUP and signal.getsignal(HANGUP) != signal.SIG_IGN:
            numbers.append(HANGUP)
        self.before = {number: signal.signal(number, self._handle) for number in numbers}

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        hung_up = number == HANGUP
        if hung_up:
            discard_output(self.terminal)
        if number == signal.SIGTERM:
            before, self.terminated = self.terminated, time.monotonic()
            if self.terminated - before < _ONE_SIGTERM_SECONDS:
                return
        if self.stop.is_set() and not hung_up:  # a shell and its terminal may send both
            raise KeyboardInterrupt
        self.stop.set()
        self.note("Stopping. Finished trials are kept; run the same command again to continue.")


def draw_curves(outcome: "Outcome") -> Path | None:
    """Draw the comparison's learning curves and return the file, None if no trial has an epoch."""
    path = outcome.folder / "figures" / "learning-curves.png"
    if not outcome.run.other_comparisons and _is_newest(path, outcome.folder / JOURNALS):
        return path
    if not any(record.epochs for record in outcome.run.planned):
        return None
    from dlbench.report.figures import learning_curves

    return _drawn(path, lambda: learning_curves(outcome.run.planned, outcome.run.plan, path, outcome.run.judge()))


def _is_newest(figure: Path, journals: Path) -> bool:
    """Return whether a figure is newer than all records: they may have come from other runs and processes."""
    if not figure.exists():
        return False
    drawn = figure.stat().st_mtime_ns
    return all(path.stat().st_mtime_ns <= drawn for path in journals.glob("*.jsonl"))


def draw_spread(outcome: "Outcome", judging: "Mapping[str, Any]") -> Path | None:
    """Draw where the spread comes from and return the file, None where there is nothing to draw."""
    from dlbench.report.figures import KINDS, figure_data
    from dlbench.report.figures.canvas import render

    kind, run = KINDS["spread"], outcome.run
    data = figure_data(run.planned, run.plan, judging, run.judge(judging))
    if kind.unavailable_reason(data):
        return None
    path = outcome.folder / "figures" / f"{kind.file}.png"

    def draw() -> None:
        image = render(lambda: kind.draw(data), "png")
        with writing(path.parent):
            replace_file(path, image)

    return _drawn(path, draw)


def _drawn(path: Path, draw: "Callable[[], None]") -> Path | None:
    """Draw a figure and return its path; None where it cannot be written, with a line that says why."""
    try:
        draw()
    except DlbenchError as error:  # a full disk: the tables are still to be shown
        for line in f"There is no figure: {error}".splitlines():
            errors().print(line, soft_wrap=True)
        return None
    return path


def gated_exit_code(outcome: "Outcome", *failures: str) -> int:
    """Return a command's exit code; print why its gates failed, for which it is 3 unless the run was interrupted.

    failures: a sentence of each gate, "" for one that passed.
    """
    failed = " ".join(filter(None, failures))
    if failed and outcome.interrupted:
        failed = f"Interrupted, so nothing is final: {failed}"
    if failed:
        errors().print(failed, soft_wrap=True, style="bold red")
    return GATE_FAILED if failed and not outcome.interrupted else outcome.exit_code


def print_vetoes(outcome: "Outcome") -> None:
    """Print each combination that was skipped, with the reason, and what of the request does not apply."""
    for note in outcome.plan.all_notes:
        retold_output().print(f"{note}.", soft_wrap=True)
    for veto in outcome.plan.vetoes:
        retold_output().print(f"{veto.variant.label}: skipped: {veto.reason}.")


def print_results_place(outcome: "Outcome", figure: Path | None) -> None:
    """Print where the results are, where they came from and how many are missing."""
    total = len(outcome.plan.all_trials)
    earlier = len(outcome.records) - outcome.computed - outcome.reused - outcome.elsewhere
    facts = [f"{earlier} of {total} trials were finished before"] if earlier > 0 else []
    facts += [f"{outcome.reused} taken from other runs"] if outcome.reused else []
    facts += [f"{outcome.elsewhere} computed by another process"] if outcome.elsewhere else []
    lines = [f"Results: {outcome.folder}" + (f" ({', '.join(facts)})" if facts else "")]
    if figure:
        lines.append(f"Figure:  {figure}")
    if outcome.interrupted:
        missing = total - len(outcome.records)
        lines.append(f"{missing} of {total} trials are missing: run the same command again to compute them.")
    for line in [*lines, *other_comparisons(outcome.run)]:
        retold_output().print(line, soft_wrap=True)


def other_comparisons(folder: "RunFolder") -> list[str]:
    """Return a line that names the other comparisons of a folder, and how to see them; [] if there are none."""
    found = folder.other_comparisons
    if not found:
        return []
    *more, (number, last) = found
    about = in_words(last.plan)
    if differs := what_differs(last.plan, folder.plan):
        about += f" ({differs})"
    shown = f"{len(found)} other comparisons, such as {about}" if more else f"another comparison: {about}"
    see = f"dlbench results show {as_argument(folder.path)} --comparison {number}"
    return [f"The folder also holds {shown}. To see it: {see}"]
