"""The options of a session as keywords, and its progress on standard error."""

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypedDict, get_type_hints

from dlbench.api.arguments import read_values
from dlbench.files import at_home
from dlbench.sessions.options import Display, Options, Outcome


class SessionKeywords(TypedDict, total=False):
    """The options of a session that `confirm` and `replay` share, by the keywords of `compare`."""

    results_dir: str | Path | None
    data_dir: str | Path | None
    executor: str
    jobs: int | None
    mps: bool
    max_time: float | None
    timeout: float | None
    checkpoint_every: float
    save_weights: bool
    step_losses: bool
    accept_old: bool
    redo_stale: bool


def declared(record: type) -> list[str]:
    """Return the fields of a record that are keywords: the options of the commands."""
    return [each.name for each in fields(record) if each.metadata]


def session_options(given: Mapping[str, Any], function: str) -> Options:
    """Return the options that a function of this interface was given. A keyword that is none is a TypeError."""
    known = get_type_hints(SessionKeywords) if function in ("confirm", "replay") else declared(Options)
    if wrong := next((name for name in given if name not in known), ""):
        raise TypeError(f"dlbench.{function}() takes no {wrong!r}. It takes {', '.join(known)}.")
    said = {name: value for name, value in given.items() if value is not None and value != ""}
    said = read_values(get_type_hints(SessionKeywords), said)
    said |= {name: at_home(said[name]) for name in ("results_dir", "data_dir") if name in said}
    if "force" in given:
        said["force"] = [given["force"]] if isinstance(given["force"], str) else given["force"]
    return Options(**said, command=[sys.argv[0] or "python", f"dlbench.{function}"], given=frozenset(said))


def show_session(session: Callable[[Display, threading.Event], Outcome], *, progress: bool) -> Outcome:
    """Run a session, with its progress on standard error, or in one output of a notebook, where that is asked for."""
    from dlbench.api.notebook_progress import NotebookProgress, in_notebook
    from dlbench.report.terminal.progress import Progress

    with NotebookProgress() if progress and in_notebook() else Progress(quiet=not progress) as display:
        return session(display, threading.Event())
