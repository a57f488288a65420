"""Checkpoints: the whole state of a training in a file, written every so often, to go on from to the last bit.

A file is a SHA-256 and what it is of. That holds tensors and plain containers alone and is read as such
(weights_only): nothing in it is ever executed.
"""

import io
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from dlbench.engine.epoch import EpochProgress
from dlbench.engine.randomness import global_states, set_global_states
from dlbench.engine.stopping import BestWeights, EarlyStopping
from dlbench.files import replace_file

if TYPE_CHECKING:
    from dlbench.engine.diagnostics import Watcher
    from dlbench.engine.training import Trained, TrainingSetup

FORMAT = 2


class Interrupted(Exception):  # noqa: N818  # nothing went wrong
    """The training was asked to stop, and has left what it can go on from."""


class CheckpointError(Exception):
    """A checkpoint does not fit the training; its parts may be half restored, so the trial is to be built anew."""


@dataclass(frozen=True, eq=False)
class TrainingState:
    """All that changes while a model trains."""

    use: "TrainingSetup"
    selector: BestWeights
    stopper: EarlyStopping
    result: "Trained"
    watcher: "Watcher | None" = None

    @property
    def device(self) -> torch.device:
        """Return where the training runs."""
        return self.use.train_feed.indices.device

    def capture(self, part: EpochProgress) -> dict[str, Any]:
        """Return the state after a step of an epoch."""
        return {
            **{name: holder.state_dict() for name, holder in self._holders()},
            "buffers": unlisted_buffers(self.use.model),
            "rows": [dict(row) for row in self.result.rows],
            "step_losses": torch.tensor(self.result.step_losses, dtype=torch.float64),
            "part": part.state_dict(),
            "generators": global_states(self.device),
        }

    def restore(self, state: Mapping[str, Any]) -> EpochProgress:
        """Put a captured state back, and return the epoch under way."""
        for name, holder in self._holders():
            holder.load_state_dict(state[name])
        for name, buffer in unlisted_buffers(self.use.model).items():
            buffer.copy_(state["buffers"][name])
        # A schedule warns where it steps before its optimizer, and takes it by this mark that the optimizer has.
        self.use.optimizer._opt_called = True  # type: ignore[attr-defined]  # torch sets it in step() alone
        part = EpochProgress.from_state_dict(state["part"], self.device)
        self.result.rows[:] = state["rows"]
        self.result.step_losses[:] = state["step_losses"].tolist()
        self.use.order.set_state(part.order)  # the epoch draws again, and skips the steps done
        self.use.augmentation.generator.set_state(part.augmentation)
        set_global_states(state["generators"], self.device)
        return part

    def _holders(self) -> Iterator[tuple[str, Any]]:
        yield "model", self.use.model
        yield "optimizer", self.use.optimizer
        yield "schedule", self.use.schedule
        yield "selector", self.selector
        yield "stopper", self.stopper
        if self.watcher:
            yield "watcher", self.watcher


def unlisted_buffers(model: nn.Module) -> dict[str, Tensor]:
    """Return the buffers that a model keeps out of its state dict."""
    listed = model.state_dict().keys()
    return {name: buffer for name, buffer in model.named_buffers() if name not in listed}


class Checkpoints:
    """Where one trial leaves its state. Without a path, none is left.

    identity: what a file must have been made with to be gone on from. every: seconds. stop: set when the trial is to
    leave its state and end. note: called with a sentence where a checkpoint is gone on from, passed over or impossible.
    """

    def __init__(
        self,
        path: Path | None = None,
        identity: Mapping[str, str] | None = None,
        every: float = 60.0,
        stop: threading.Event | None = None,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.path = path
        self.identity = {"format": str(FORMAT), **(identity or {})}
        self.every = every
        self.stop = stop or threading.Event()
        self.note = note
        self.rows_before: tuple[Mapping[str, float | int | None], ...] = ()
        self._tried = False
        self._next = 0.0
        self._state: TrainingState | None = None

    def begin(self, state: TrainingState) -> EpochProgress | None:
        """Begin a training: restore it from the file where there is one, and return the epoch under way.

        Raises CheckpointError where a file that could be read does not fit.
        """
        self._state = state
        self._next = time.monotonic() + self.every
        content = self._read()
        if content is None:
            return None
        try:
            part = state.restore(content["state"])
        except Exception as error:
            self.discard()
            self.note(f"its checkpoint does not fit ({_words(error)}): it starts over")
            raise CheckpointError from error
        self.rows_before = tuple(state.result.rows)
        self.note(f"goes on from a checkpoint in epoch {len(self.rows_before) + 1}, after {part.steps} steps of it")
        return part

    def due(self) -> bool:
        """Tell whether it is time to save, or to stop."""
        return self.stop.is_set() or (self.path is not None and time.monotonic() >= self._next)

    def save(self, part: EpochProgress) -> None:
        """Leave the state after a step. Raises Interrupted where the trial is to stop."""
        if self.path is not None and self._state is not None:
            self._write(self.path, self._state, part)
        self._next = time.monotonic() + self.every
        if self.stop.is_set():
            raise Interrupted

    def discard(self) -> None:
        """Remove the file."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _write(self, path: Path, state: TrainingState, part: EpochProgress) -> None:
        try:
            data = self._pack(state.capture(part))
        except Exception as error:  # whatever a component's state_dict does
            self.path = None
            self.note(f"cannot be checkpointed ({_words(error)}): where it is interrupted, it starts over")
            return
        try:
            replace_file(path, data)
        except OSError as error:  # a full disk stops no training; the file before stays
            self.note(f"its checkpoint could not be written: {error.strerror or error}")

    def _pack(self, state: dict[str, Any]) -> bytes:
        data = pack({"identity": self.identity, "state": state})
        if not self._tried:  # what is no tensor and no plain container would be refused on reading
            unpack(data)
            self._tried = True
        return data

    def _read(self) -> dict[str, Any] | None:
        """Return the file's content, or None, with a sentence, where it is damaged or of another making."""
        if self.path is None or not self.path.exists():
            return None
        try:
            content = unpack(self.path.read_bytes())
            identity = content["identity"]
        except Exception as error:  # damage shows as any of a dozen errors
            self.note(f"its checkpoint cannot be read ({_words(error)}): it starts over")
            return None
        if identity != self.identity:
            self.note("its checkpoint is of another trial or of other versions: it starts over")
            return None
        return content


def pack(content: dict[str, Any]) -> bytes:
    """Return a content as the bytes of a file."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    data = buffer.getvalue()
    return sha256(data).digest() + data


def unpack(data: bytes) -> dict[str, Any]:
    """Read a file's bytes; raises where a bit of them has changed, and where they hold more than plain data."""
    size = sha256().digest_size
    if sha256(data[size:]).digest() != data[:size]:
        raise ValueError("the file is damaged")
    content: dict[str, Any] = torch.load(io.BytesIO(data[size:]), map_location="cpu", weights_only=True)
    return content


def _words(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    if refused := re.search(r"GLOBAL (\S+)", text):  # torch's answer is a page
        return f"there is a {refused[1]} in it"
    return text.splitlines()[0].split(". ")[0].rstrip(".:")[:150]
