"""Checkpoints: the whole state of a training in a file, saved at intervals; a resumed trial gives the same bits.

A file is a SHA-256 digest followed by its content: tensors and plain containers only, read as such (weights_only), so
nothing in it is ever executed.
"""

import errno
import io
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import torch

from dlbench.engine.artifacts import Artifact
from dlbench.engine.diagnostics import DiagnosticsRunner
from dlbench.engine.epoch import EpochProgress
from dlbench.engine.model_state import restore_unlisted, unlisted_buffers
from dlbench.engine.randomness import global_states, set_global_states
from dlbench.engine.state import Trained, TrainingSetup
from dlbench.engine.stopping import BestWeights, EarlyStopping

#: The version of the files. The names of their parts, an older vocabulary in places, belong to it.
FORMAT = 3


class Interrupted(Exception):  # noqa: N818  # nothing went wrong
    """The training was asked to stop, and has saved its state."""


class CheckpointError(Exception):
    """A checkpoint does not fit the training, which may be half restored: the trial has to be built again."""


@dataclass(frozen=True, eq=False)
class TrainingState:
    """All that changes while a model trains.

    setup: the model, the optimizer, the schedule and the seed streams.
    best_weights: the selected weights so far.
    early_stopping: its count of epochs.
    result: the rows and losses so far.
    diagnostics: the readings so far.
    """

    setup: TrainingSetup
    best_weights: BestWeights
    early_stopping: EarlyStopping
    result: Trained
    diagnostics: DiagnosticsRunner | None = None

    @property
    def device(self) -> torch.device:
        """Return where the training runs."""
        return self.setup.train_feed.indices.device

    def capture(self, progress: EpochProgress) -> dict[str, Any]:
        """Return the state after a step of an epoch."""
        return {
            **{name: holder.state_dict() for name, holder in self._holders()},
            "buffers": unlisted_buffers(self.setup.model),
            "rows": [dict(row) for row in self.result.rows],
            "step_losses": torch.tensor(self.result.step_losses, dtype=torch.float64),
            "part": progress.state_dict(),
            "generators": global_states(self.device),
        }

    def restore(self, state: Mapping[str, Any]) -> EpochProgress:
        """Restore a captured state; return the progress of its epoch."""
        for name, holder in self._holders():
            holder.load_state_dict(state[name])
        restore_unlisted(self.setup.model, state["buffers"])
        # A schedule warns if it steps before its optimizer; this flag is how it knows that the optimizer has stepped.
        self.setup.optimizer._opt_called = True  # type: ignore[attr-defined]  # torch sets it in step() alone
        progress = EpochProgress.from_state_dict(state["part"], self.device)
        self.result.rows[:] = state["rows"]
        self.result.step_losses[:] = state["step_losses"].tolist()
        self.setup.order.set_state(progress.order)  # the epoch draws again, and skips the completed steps
        self.setup.augmentation.generator.set_state(progress.augmentation)
        set_global_states(state["generators"], self.device)
        return progress

    def _holders(self) -> Iterator[tuple[str, Any]]:
        yield "model", self.setup.model
        yield "optimizer", self.setup.optimizer
        yield "schedule", self.setup.schedule
        yield "selector", self.best_weights
        yield "stopper", self.early_stopping
        if self.diagnostics:
            yield "watcher", self.diagnostics


class Checkpoints:
    """Saves and restores the state of one trial; does nothing without a file.

    file: where it is kept.
    identity: what a file must have been saved with to be used.
    every: seconds between two saves.
    stop: set to ask the trial to save its state and end.
    note: called with a sentence when a checkpoint is used, ignored or impossible.
    """

    def __init__(
        self,
        file: Artifact | None = None,
        identity: Mapping[str, str] | None = None,
        every: float = 60.0,
        stop: threading.Event | None = None,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.file = file
        self.identity = {"format": str(FORMAT), **(identity or {})}
        self.every = every
        self.stop = stop or threading.Event()
        self.note = note
        self.rows_before: tuple[Mapping[str, float | int | None], ...] = ()
        self._tried = False
        self._too_large = False
        self._told: set[str] = set()
        self._next = 0.0
        self._state: TrainingState | None = None

    def begin(self, state: TrainingState) -> EpochProgress | None:
        """Begin a training: restore it from the file, if there is one, and return the progress of its epoch.

        Raises CheckpointError if a readable file does not fit.
        """
        self._state = state
        self._next = time.monotonic() + self.every
        content = self._read()
        if content is None:
            return None
        try:
            progress = state.restore(content["state"])
        except Exception as error:
            self.discard()
            self.note(f"the checkpoint does not fit ({_reason(error)}): starting over")
            raise CheckpointError from error
        self.rows_before = tuple(state.result.rows)
        epoch = len(self.rows_before) + 1
        self.note(f"resuming from a checkpoint in epoch {epoch}, after {progress.steps} of its steps")
        return progress

    def due(self) -> bool:
        """Return whether it is time to save, or to stop."""
        wanted = self.file is not None and not self._too_large
        return self.stop.is_set() or (wanted and time.monotonic() >= self._next)

    def save(self, progress: EpochProgress) -> None:
        """Save the state after a step. Raises Interrupted if the trial was asked to stop."""
        if self.file is not None and self._state is not None and not self._too_large:
            self._write(self.file, self._state, progress)
        self._next = time.monotonic() + self.every
        if self.stop.is_set():
            raise Interrupted

    def discard(self) -> None:
        """Remove the file. One that cannot be removed is a note, and no longer used."""
        if self.file is None:
            return
        try:
            self.file.remove()
        except OSError as error:
            self.note(f"the checkpoint in {self.file.place} could not be removed: {error.strerror or error}")
            self.file = None

    def _write(self, file: Artifact, state: TrainingState, progress: EpochProgress) -> None:
        try:
            data = self._pack(state.capture(progress))
        except Exception as error:  # whatever a component's state_dict does
            self.file = None
            self.note(f"cannot be checkpointed ({_reason(error)}): an interrupted training will start over")
            return
        try:
            file.write(data)
        except OSError as error:  # a full disk stops no training; the previous file stays
            self._too_large = error.errno == errno.EFBIG  # and gets no smaller
            self._tell(f"the checkpoint could not be written to {file.place}: {error.strerror or error}")

    def _tell(self, text: str) -> None:
        """Note what may recur with every file, once."""
        if text not in self._told:
            self._told.add(text)
            self.note(text)

    def _pack(self, state: dict[str, Any]) -> bytes:
        data = pack({"identity": self.identity, "state": state})
        if not self._tried:  # anything but tensors and plain containers would be refused on reading
            unpack(data)
            self._tried = True
        return data

    def _read(self) -> dict[str, Any] | None:
        """Return the file's content, or None, with a note, if it is damaged or has another identity."""
        if self.file is None:
            return None
        try:
            data = self.file.read()
            if data is None:
                return None
            content = unpack(data)
            identity = content["identity"]
        except Exception as error:  # damage shows as any of a dozen errors
            self.note(f"the checkpoint cannot be read ({_reason(error)}): starting over")
            return None
        if identity != self.identity:
            self.note("the checkpoint belongs to another trial or other versions: starting over")
            return None
        return content


def pack(content: dict[str, Any]) -> bytes:
    """Return the bytes of a file with this content."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    data = buffer.getvalue()
    return sha256(data).digest() + data


def unpack(data: bytes) -> dict[str, Any]:
    """Return the content of a file's bytes; raises if any bit has changed or if they hold more than plain data."""
    size = sha256().digest_size
    if sha256(data[size:]).digest() != data[:size]:
        raise ValueError("the file is damaged")
    content: dict[str, Any] = torch.load(io.BytesIO(data[size:]), map_location="cpu", weights_only=True)
    return content


def _reason(error: Exception) -> str:
    """Return what an error says, short enough for a note."""
    text = str(error).strip() or type(error).__name__
    if refused := re.search(r"GLOBAL (\S+)", text):  # torch's message is a page long
        return f"it contains a {refused[1]}"
    return text.splitlines()[0].split(". ")[0].rstrip(".:")[:150]
