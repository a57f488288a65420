"""Where checkpoints and weights go: to a folder that the session shares, or to the session itself, as bytes."""

import base64
import errno
from pathlib import Path
from typing import Protocol

from dlbench.files import replace_file
from dlbench.runs.checkpoint_files import checkpoint_path
from dlbench.trials.events import ArtifactKind, ArtifactSaved, Emit
from dlbench.trials.work_unit import WorkUnit

#: More is not sent: an engine's channel is made for events.
LARGEST_BYTES = 64 * 2**20


class Artifact(Protocol):
    """One file of a trial.

    place: where it is kept, for messages.
    """

    place: str

    def read(self) -> bytes | None:
        """Return its content, None if there is none."""
        ...

    def write(self, data: bytes | memoryview) -> None:
        """Keep its content, whole or not at all; raises OSError."""
        ...

    def remove(self) -> None:
        """Remove it, if it is there."""
        ...


class SharedFile:
    """A file in a folder that the session sees too; a run folder that is gone is not made again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = str(path.parent)

    def read(self) -> bytes | None:
        """Return its content, None if there is none."""
        return self.path.read_bytes() if self.path.exists() else None

    def write(self, data: bytes | memoryview) -> None:
        """Replace the file; raises OSError."""
        replace_file(self.path, data, parents=False)

    def remove(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)


class CarriedFile:
    """Content that came with the unit and goes back as an event. content: what came, "" or as base64."""

    place = "the session"

    def __init__(self, trial_id: str, kind: ArtifactKind, emit: Emit, content: str = "") -> None:
        self._trial_id, self._kind, self._emit = trial_id, kind, emit
        self._content = content

    def read(self) -> bytes | None:
        """Return what came with the unit."""
        return base64.b64decode(self._content) if self._content else None

    def write(self, data: bytes | memoryview) -> None:
        """Send the content; raises OSError if it is too large for that."""
        if len(data) > LARGEST_BYTES:
            reason = f"it has more than {LARGEST_BYTES // 2**20} MiB, which only nodes that share its folders can keep"
            raise OSError(errno.EFBIG, reason)
        self._emit(ArtifactSaved(trial_id=self._trial_id, artifact=self._kind, data=bytes(data)))

    def remove(self) -> None:
        """Tell the session to remove it."""
        self._content = ""
        self._emit(ArtifactSaved(trial_id=self._trial_id, artifact=self._kind, data=b""))


def checkpoint_of(unit: WorkUnit, trial_id: str, emit: Emit) -> Artifact | None:
    """Return the checkpoint of a unit's trial; None if it has none."""
    if "checkpoint" in unit.carried:
        return CarriedFile(trial_id, "checkpoint", emit, unit.checkpoints.get(trial_id, ""))
    folder = unit.checkpoint_folder
    return SharedFile(checkpoint_path(Path(folder), trial_id)) if folder else None


def weights_of(unit: WorkUnit, trial_id: str, emit: Emit) -> Artifact | None:
    """Return where the weights of a unit's trial go; None if they are not kept."""
    if "weights" in unit.carried:
        return CarriedFile(trial_id, "weights", emit)
    folder = unit.weights_folder
    return SharedFile(Path(folder) / f"{trial_id}.pt") if folder else None
