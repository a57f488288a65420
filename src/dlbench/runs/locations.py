"""Where run folders are, and the names that users give them."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from dlbench.errors import DlbenchError, shell_words, suggest
from dlbench.files import at_home, move
from dlbench.runs.journal import FOLDER as JOURNAL
from dlbench.runs.manifest import FILE_NAME as MANIFEST

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
#: File systems take names of 255 bytes; a folder that is set aside or half-written has more than its own.
_LONGEST_NAME = 200


def results_root(option: Path | None = None, configured: Path | None = None) -> Path:
    """Return the folder of all runs: the option's, else DLBENCH_RESULTS_DIR, else dlbench.toml's, else ./results."""
    variable = os.environ.get("DLBENCH_RESULTS_DIR")
    return at_home(option or variable or configured or "results")


def new_run_path(name: str, root: Path) -> Path:
    """Return the folder of a run of that name, existing or new."""
    if not NAME.match(name):
        raise DlbenchError(
            f"Invalid run name {name!r}.", "It takes letters, digits, '.', '_' and '-', a letter or digit first."
        )
    if len(name) > _LONGEST_NAME:
        raise DlbenchError(f"The run name has {len(name)} characters.", f"Write at most {_LONGEST_NAME}.")
    path = root / name
    if path.is_symlink() and root.resolve() not in path.resolve().parents:
        raise DlbenchError(
            f"{path} is a link to a place outside of {root}, to {path.resolve()}.",
            "Name that folder by its path, or choose another name.",
        )
    return path


def check_own(run: Path) -> None:
    """Raise DlbenchError where something in a run folder is a link to another place: nothing is written through it."""
    for path in _entries(run):
        if path.is_symlink():
            raise DlbenchError(
                f"{path} is a link to {path.resolve()}: dlbench writes into run folders only.",
                "Replace it with what it leads to, or use another run folder.",
            )


def _entries(run: Path) -> Iterator[Path]:
    """Yield what is in a run folder and in its subfolders."""
    for path in run.iterdir():
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from path.iterdir()


def set_aside(run: Path) -> Path | None:
    """Rename a run folder in one step, so that its name is free; return its new path, None where it is empty.

    Call it only while no session is active there, and none can begin.
    """
    if not run.is_dir() or not any(run.iterdir()):
        return None
    aside = run.with_name(f"{run.name}.old-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    move(run, aside)
    return aside


def run_path(argument: str, root: Path) -> Path:
    """Return the existing run folder that an argument names: a path, or a name below root."""
    if named_by_path(argument):
        path = at_home(argument)
        if path.name in ("", ".."):  # a run is called by the name of its folder
            path = path.resolve()
        if not is_run(path):
            raise DlbenchError(
                f"There is no run folder at {path}.", "A run folder holds a manifest.json and a journal folder."
            )
        return path
    path = new_run_path(argument, root)
    if not is_run(path):
        known = [run.name for run in list_runs(root)]
        raise DlbenchError(
            f"There is no run {argument!r} in {root}.",
            suggest(argument, known, "Type `dlbench results list` to see all, or use --results-dir."),
        )
    return path


def as_argument(run: Path) -> str:
    """Return a run folder as it is typed after a command: its name where that is enough, else its path."""
    try:
        by_name = NAME.match(run.name) and results_root().resolve() == run.parent.resolve()
    except OSError:
        by_name = False
    if by_name:
        return run.name
    text = str(run)
    return shell_words(text if named_by_path(text) else f".{os.sep}{text}")


def named_by_path(argument: str) -> bool:
    """Return whether an argument is a path, not a name: it has a separator, or starts with a dot."""
    return argument.startswith(".") or any(separator in argument for separator in {"/", os.sep, os.altsep or "/"})


def is_run(path: Path) -> bool:
    """Return whether a folder is a run folder."""
    return (path / MANIFEST).is_file() or (path / JOURNAL).is_dir()


def list_runs(root: Path) -> tuple[Path, ...]:
    """Return the run folders below root, by name; what nobody may look into, such as lost+found, is left out."""
    if not root.is_dir():
        return ()
    # A hidden folder is being removed, or what a killed process has left of one.
    return tuple(sorted(path for path in root.iterdir() if not path.name.startswith(".") and _shows_a_run(path)))


def _shows_a_run(path: Path) -> bool:
    try:
        return is_run(path)
    except PermissionError:
        return False
