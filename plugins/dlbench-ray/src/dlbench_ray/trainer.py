"""What runs on a node: one unit at a time, in a thread whose events are fetched."""

import json
import os
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from platformdirs import user_cache_path

from dlbench import (
    DlbenchError,
    EpochFinished,
    Event,
    TrialFinished,
    UnitLost,
    WorkUnit,
    event_to_json,
    unpack_data,
)

#: How many epochs of a trial are reported in a second at most; the record has them all.
EPOCHS_PER_SECOND = 2
#: Events as JSON, and whether the unit has ended.
Batch = tuple[list[str], bool]


class Throttle:
    """Lets through the events that count, and so many epochs of a trial in any second."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._passed: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=EPOCHS_PER_SECOND))

    def passes(self, event: Event) -> bool:
        """Return whether an event is handed on."""
        if not isinstance(event, EpochFinished):
            return True
        passed, now = self._passed[event.trial_id], self._now()
        if len(passed) == EPOCHS_PER_SECOND and now - passed[0] < 1.0:
            return False
        passed.append(now)
        return True


class Trainer:
    """Trains units where it is made, one at a time.

    engine: "module:function" of what trains a unit, called as dlbench.run_guarded is. data_dir: where data sets are;
    "" for this machine's own folder. timeout: seconds for each trial. fetch: returns what a reference stands for.
    """

    def __init__(self, engine: str, data_dir: str, timeout: float | None, fetch: Callable[[Any], Any]) -> None:
        self._train: Callable[..., None] = resolve_name(engine)
        self._data_dir = Path(data_dir) if data_dir else _own_data_dir()
        self._timeout, self._fetch = timeout, fetch
        self._unpacked: set[str] = set()
        self._changed = threading.Condition()
        self._events: list[str] = []
        self._over = True
        self._due = 0.0
        self._stop = threading.Event()

    def greet(self) -> None:
        """Say that it is there, by returning."""

    def begin(self, unit: str, data: Mapping[str, Any], pause: float) -> Batch:
        """Begin a unit, and return its first events.

        unit: as JSON. data: references to what pack_data() returned, by digest. pause: as for take().
        """
        self._over, self._due = False, 0.0
        threading.Thread(target=self._run, args=(WorkUnit.from_json(json.loads(unit)), data), daemon=True).start()
        return self.take(pause)

    def take(self, pause: float) -> Batch:
        """Wait for events and return them. pause: how many seconds apart, unless the unit has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._over)
            self._changed.wait_for(lambda: self._over, max(self._due - time.monotonic(), 0.0))
            self._due = time.monotonic() + pause
            events, self._events = self._events, []
            return events, self._over

    def stop(self) -> None:
        """Let the unit save its checkpoint and end; one that begins after it does so at once."""
        self._stop.set()

    def _run(self, unit: WorkUnit, data: Mapping[str, Any]) -> None:
        throttle, left = Throttle(), {trial.trial_id: None for trial in unit.trials}

        def emit(event: Event) -> None:
            if isinstance(event, TrialFinished):
                left.pop(event.record.trial_id, None)
            if throttle.passes(event):
                self._put(event)

        try:
            self._unpack(data)
            self._train(unit, self._data_dir, emit, self._stop, timeout=self._timeout)
        except Exception as error:
            node = socket.gethostname()
            said = error.message.rstrip(".") if isinstance(error, DlbenchError) else f"{type(error).__name__}: {error}"
            reason = f"{node} could not run it ({said})"
            self._put(UnitLost(trial_ids=tuple(left), reason=reason, node=node, attempt=unit.attempt))
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def _unpack(self, data: Mapping[str, Any]) -> None:
        for digest, reference in data.items():
            if digest not in self._unpacked:
                unpack_data(self._fetch(reference), self._data_dir)
                self._unpacked.add(digest)

    def _put(self, event: Event) -> None:
        with self._changed:
            self._events.append(json.dumps(event_to_json(event)))
            self._changed.notify_all()


def _own_data_dir() -> Path:
    return Path(os.environ.get("DLBENCH_DATA_DIR") or user_cache_path("dlbench")).absolute()
