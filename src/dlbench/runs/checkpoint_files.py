"""The checkpoints of running trials in a run folder: their paths and their removal."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

from dlbench.files import PARTIAL, remove_empty, remove_file

FOLDER = "checkpoints"


def checkpoint_path(folder: Path, trial_id: str) -> Path:
    """Return the file of a trial's checkpoint in a folder of checkpoints."""
    return folder / f"{trial_id}.pt"


def discard_checkpoints(run: Path, trial_ids: Iterable[str]) -> None:
    """Remove these trials' checkpoints from a run folder, half-written ones too.

    A file that cannot be removed stays: it is read only by its own trial, which will not run again.
    """
    folder = run / FOLDER
    if not folder.is_dir():
        return
    for trial_id in trial_ids:
        name = checkpoint_path(folder, trial_id).name
        with contextlib.suppress(OSError):
            for path in (folder / name, *folder.glob(f".{name}{PARTIAL}*")):
                remove_file(path)


def remove_empty_folder(run: Path) -> None:
    """Remove a run folder's folder of checkpoints if it is empty; call it when no worker is about to write there."""
    with contextlib.suppress(OSError):  # missing, or other trials are running
        remove_empty(run / FOLDER)
