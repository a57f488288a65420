"""Checkpoints and weights that travel with units and events, where nodes do not share the session's folders."""

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dlbench.files import remove_file, replace_file
from dlbench.runs.checkpoint_files import FOLDER, checkpoint_path
from dlbench.trials.events import ArtifactSaved
from dlbench.trials.work_unit import WorkUnit


def with_checkpoints(unit: WorkUnit, run: Path) -> WorkUnit:
    """Return a unit with the checkpoints that a run folder has of its trials, if the unit carries them."""
    if "checkpoint" not in unit.carried:
        return unit
    paths = {trial.trial_id: checkpoint_path(run / FOLDER, trial.trial_id) for trial in unit.trials}
    content = {name: base64.b64encode(path.read_bytes()).decode() for name, path in paths.items() if path.is_file()}
    return replace(unit, checkpoints=content)


def keep(event: ArtifactSaved, run: Path, note: Callable[[str], None]) -> None:
    """Keep a file that has arrived in the run folder; what prevents it is a note."""
    name = "weights" if event.artifact == "weights" else FOLDER
    path = checkpoint_path(run / name, event.trial_id)
    try:
        if event.data:
            replace_file(path, event.data, parents=False)
        elif path.exists():
            remove_file(path)
    except OSError as error:
        reason = error.strerror or error
        note(f"The {event.artifact} of {event.trial_id} could not be kept in {path.parent}: {reason}.")
