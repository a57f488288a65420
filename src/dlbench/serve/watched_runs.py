"""The runs that pages show: followed while somebody watches, each once for all who do."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from dlbench.analysis.judged import Judged
from dlbench.errors import DlbenchError, describe_error
from dlbench.plugins.registry import Registry
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import list_runs
from dlbench.serve.followed_run import FollowedRun
from dlbench.serve.rendering import Parts, comparison_part, progress_part, running_part, runs_part
from dlbench.serve.run_progress import RunProgress


class WatchedRun:
    """A run that a page shows. Its methods may be called by any thread."""

    def __init__(self, path: Path) -> None:
        self.followed = FollowedRun(path)
        self._lock = threading.Lock()
        self._progress: RunProgress | None = None
        self._parts: Parts = {}
        self._verdicts: tuple[object, Judged | None] = (None, None)
        self._report: tuple[object, str] = (None, "")

    def parts(self) -> Parts:
        """Return the parts of the page as of now."""
        with self._lock:
            run = seen = self.followed.refresh()
            if seen is not self._progress:
                try:
                    judged = self._judged()
                except Exception as error:  # the page says so, whatever is wrong with a folder, and the server goes on
                    why = error.message if isinstance(error, DlbenchError) else f"{describe_error(error)}."
                    run, judged = replace(run, problem=f"It cannot be judged: {why}", judged=None), None
                self._parts = {
                    "progress": progress_part(run),
                    "comparison": comparison_part(run, judged),
                    "running": running_part(run),
                }
                self._progress = seen
            return self._parts

    def _judged(self) -> Judged | None:
        """Return the verdicts that may be seen, judged once for as long as what they depend on stays the same."""
        key = self.followed.verdict_key()
        if key != self._verdicts[0]:
            self._verdicts = (key, self.followed.judge())
        return self._verdicts[1]

    def report(self, registry: Callable[[], Registry]) -> str:
        """Return the whole report; "" until the plan allows all of its verdicts. registry: called where it is made."""
        with self._lock:
            if not self.followed.refresh().complete:
                return ""
            from dlbench.report.html.page import html_report  # which draws figures

            key = self.followed.verdict_key()
            if key != self._report[0]:
                self._report = (key, html_report(RunFolder(self.followed.path), registry()))
            return self._report[1]

    def forget_report(self) -> None:
        """Make the report anew the next time that somebody asks for it."""
        self._report = (None, "")


class WatchedFolder:
    """The folder of all runs, or one run alone, as the index shows it. Its methods may be called by any thread.

    root: the folder of all runs.
    only: the one run that is served; None for all.
    """

    def __init__(self, root: Path, only: Path | None = None) -> None:
        self.root, self.only = root, only
        self._lock = threading.Lock()
        self._runs: dict[str, WatchedRun] = {}
        self._shown: tuple[RunProgress, ...] | None = None
        self._parts: Parts = {}

    def run(self, name: str) -> WatchedRun | None:
        """Return the run of a name, None where there is none: a name is compared, never made a path."""
        with self._lock:
            self._find()
            return self._runs.get(name)

    def parts(self) -> Parts:
        """Return the parts of the index as of now."""
        with self._lock:
            self._find()
            shown = tuple(run.followed.refresh() for run in self._runs.values())
            if self._shown is None or len(shown) != len(self._shown) or any(map(_differ, shown, self._shown)):
                self._shown, self._parts = shown, runs_part(sorted(shown, key=_order))
            return self._parts

    def _find(self) -> None:
        """Look for new runs, and for those that are gone."""
        found = {path.name: path for path in self._paths()}
        self._runs = {name: self._runs.get(name) or WatchedRun(path) for name, path in found.items()}

    def _paths(self) -> Iterator[Path]:
        """Yield the run folders; none that is a link to a place outside of the folder of all runs."""
        if self.only is not None:
            yield self.only
            return
        root = self.root.resolve()
        yield from (path for path in list_runs(self.root) if not path.is_symlink() or root in path.resolve().parents)


def _differ(one: RunProgress, other: RunProgress) -> bool:
    return one is not other


def _order(run: RunProgress) -> tuple[bool, str, str]:
    """Sort what runs first, then the names."""
    return not run.active, run.name.casefold(), run.name
