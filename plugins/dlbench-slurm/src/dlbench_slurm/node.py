"""What runs in a job: one unit after another, as the session that submitted it sends them through files."""

import os
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

from dlbench import (
    DlbenchError,
    Event,
    TrialFinished,
    UnitLost,
    WorkUnit,
    event_to_json,
    examine_node,
    run_guarded,
)
from dlbench_slurm.mailbox import Message, Reader, Writer, inbox, outbox, pulse

#: How often a job looks for messages, sends those that can wait, and says that it lives.
_LOOK_SECONDS, _SEND_SECONDS, BEAT_SECONDS = 0.1, 0.5, 15.0
#: After how long without a sign of life a session, or a job, counts as dead.
SILENCE = 120.0
#: What submitit has SLURM send ahead of the time limit.
_WARNING = signal.SIGUSR2


def serve(folder: str, number: int, data_dir: str, timeout: float | None) -> None:
    """Train units until the session ends it, or SLURM does."""
    _Server(Path(folder), number, Path(data_dir), timeout).serve()


class _Server:
    def __init__(self, folder: Path, number: int, data_dir: Path, timeout: float | None) -> None:
        self._in, self._out = Reader(inbox(folder, number)), Writer(outbox(folder, number))
        self._pulse = pulse(folder)
        self._data_dir, self._timeout = data_dir, timeout
        self._messages: SimpleQueue[Message] = SimpleQueue()
        self._stop = threading.Event()
        self._leaves = ""
        self._unfit = ""  # the name of this node, where it cannot run units

    def serve(self) -> None:
        """Answer messages until one says that this is the end."""
        # SLURM sends this to all processes of a job; blocked, it ends none of the workers, which inherit that.
        signal.pthread_sigmask(signal.SIG_BLOCK, {_WARNING})
        signal.signal(signal.SIGTERM, lambda number, frame: self._leave("its job was cancelled or preempted"))
        for target in (self._await_warning, self._listen, self._send):
            threading.Thread(target=target, daemon=True).start()
        names = list(dict.fromkeys([os.environ.get("SLURMD_NODENAME", ""), socket.gethostname()]))
        self._out.write({"kind": "ready", "names": [name for name in names if name]})
        self._answer_all()

    def _answer_all(self) -> None:
        while (message := self._messages.get())["kind"] != "end" and not self._leaves:
            self._answer(message)
        self._out.write({"kind": "bye", "reason": self._leaves, "unfit": bool(self._unfit)})

    def _answer(self, message: Message) -> None:
        match message["kind"]:
            case "unit":
                self._train(WorkUnit.from_json(message["unit"]))
            case "probe":
                self._out.write({"kind": "node", "node": examine_node(message["components"]).to_json()})

    def _train(self, unit: WorkUnit) -> None:
        """Train a unit. What a warning of SLURM's cuts short is lost, with a checkpoint; so is what cannot run here."""
        left = {trial.trial_id for trial in unit.trials}

        def emit(event: Event) -> None:
            content = {"kind": "event", "event": event_to_json(event)}
            if isinstance(event, TrialFinished | UnitLost):
                left.difference_update([event.record.trial_id] if isinstance(event, TrialFinished) else event.trial_ids)
                self._out.write(content)
            else:
                self._out.hold(content)

        try:
            run_guarded(unit, self._data_dir, emit, self._stop, timeout=self._timeout)
        except Exception as error:  # the node's, as a full disk: what a trial raises is in its record
            self._be_unfit(error)
        if left and self._leaves:
            emit(UnitLost(trial_ids=tuple(left), reason=self._leaves, node=self._unfit, attempt=unit.attempt))
        self._out.write({"kind": "over"})
        if not self._leaves:
            self._stop.clear()

    def _be_unfit(self, error: Exception) -> None:
        """Leave, unless that has another reason already: the next unit would not run here either."""
        if not self._leaves:
            self._unfit = socket.gethostname()
            said = error.message.rstrip(".") if isinstance(error, DlbenchError) else f"{type(error).__name__}: {error}"
            self._leave(f"{self._unfit} could not run it ({said})")

    def _leave(self, reason: str) -> None:
        """Stop what runs, and begin nothing more."""
        self._leaves = self._leaves or reason
        self._stop.set()
        self._messages.put({"kind": "end"})

    def _await_warning(self) -> None:
        signal.sigwait({_WARNING})
        self._leave("its job came to its time limit")

    def _listen(self) -> None:
        """Receive messages; leave where the session has ended without a word."""
        known, heard = "", time.monotonic()
        while True:
            for message in self._in.read():
                if message["kind"] == "stop":
                    self._stop.set()
                else:
                    self._messages.put(message)
            with suppress(OSError):
                if (beat := self._pulse.read_text()) != known:
                    known, heard = beat, time.monotonic()
            if time.monotonic() - heard > SILENCE:
                self._leave("its session ended")
                return
            time.sleep(_LOOK_SECONDS)

    def _send(self) -> None:
        """Send what can wait, and that this job lives."""
        beat = time.monotonic()
        while True:
            time.sleep(_SEND_SECONDS)
            if time.monotonic() - beat > BEAT_SECONDS:
                beat = time.monotonic()
                self._out.hold({"kind": "beat"})
            self._out.flush()
