"""The local executor: work units in worker processes on this machine, a trial's death costing that trial alone."""

import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty
from typing import Any, ClassVar

from dlbench.executors.endings import describe, ended_by_itself, is_lost_process, is_timeout
from dlbench.executors.mailbox import Mailbox
from dlbench.executors.memory import out_of_memory_kills
from dlbench.executors.output_log import ENDLESS_BYTES, OutputLog
from dlbench.executors.processes import PRELOADED
from dlbench.executors.slots import Slot, is_gone, kill
from dlbench.executors.worker import work
from dlbench.plans.config import default_data_dir
from dlbench.trials.events import Emit, Event, TrialFinished, event_from_json
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord
from dlbench.trials.work_unit import WorkUnit

#: How long the second of two signs that a unit is over is waited for: its last message, its process's end. And how
#: long the first word of a worker that has ended already may still be on its way.
_GRACE_SECONDS, _FIRST_WORD_SECONDS = 5.0, 1.0
#: How long units may take to leave a checkpoint once they are asked to stop.
_STOP_SECONDS = 60.0
#: How often a unit is begun whose worker dies before its first word, which is no component's doing.
_TRIES = 3


@dataclass(eq=False)
class _RunningUnit:
    """A unit that a slot has been given, and what is known of it."""

    unit: WorkUnit
    tries: int
    slot: Slot
    log: OutputLog
    kills_before: int
    recorded: set[str] = field(default_factory=set)
    pid: int | None = None
    drained: float | None = None
    settled: float | None = None
    error: BaseException | None = None
    verdict: str = ""

    def over(self) -> bool:
        """Tell whether nothing more will be heard of it."""
        now = time.monotonic()
        if self.settled is not None:
            grace = _GRACE_SECONDS if self.pid else _FIRST_WORD_SECONDS
            return self.drained is not None or now - self.settled > grace
        # A process that ends with exit code 0 in the middle of its work is none that the pool takes notice of.
        return self.drained is not None and now - self.drained > _GRACE_SECONDS and is_gone(self.pid)


class LocalExecutor:
    """Worker processes on this machine.

    jobs: how many at once; None for one a core. data_dir: where workers find data sets by digest. timeout: seconds
    for each trial. engine: "module:function" of what a worker calls to run a unit, as dlbench.run_unit is called;
    preloaded: the modules that it needs.
    """

    engine: ClassVar[str] = "dlbench.engine.work_unit:run_unit"
    preloaded: ClassVar[tuple[str, ...]] = PRELOADED

    def __init__(self, jobs: int | None = None, data_dir: str | None = None, timeout: float | None = None) -> None:
        self.jobs = jobs or available_cores()
        self.data_dir = Path(data_dir) if data_dir else default_data_dir()
        self.timeout = timeout

    def slots(self) -> int:
        """Return how many units run at once."""
        return self.jobs

    def run(self, units: Iterable[WorkUnit], emit: Emit, stop: threading.Event) -> None:
        """Run all units and emit their events; return when all are through.

        A trial whose worker died is emitted as failed, with what the worker had printed. Once `stop` is set no unit
        begins, and those under way leave a checkpoint and end.
        """
        with tempfile.TemporaryDirectory(prefix="dlbench-") as scratch, Mailbox() as mailbox:
            _Run(self, units, mailbox, emit, Path(scratch)).run(stop)


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Run:
    """One call of run(): the units under way and the one queue that everything about them arrives in."""

    def __init__(
        self, executor: LocalExecutor, units: Iterable[WorkUnit], mailbox: Mailbox, emit: Emit, scratch: Path
    ) -> None:
        self.executor = executor
        self.units = iter(units)
        self.mailbox = mailbox
        self.emit = emit
        self.scratch = scratch
        self.slots = [Slot(executor.preloaded) for _ in range(executor.jobs)]
        self.free = deque(self.slots)
        self.again: deque[tuple[WorkUnit, int]] = deque()
        self.under_way: dict[int, _RunningUnit] = {}
        self.count = 0
        self.stopping: float | None = None

    def run(self, stop: threading.Event) -> None:
        """Hand the units out in their order, and handle what arrives until all are through."""
        try:
            self._until_through(stop)
        except KeyboardInterrupt:
            if not stop.is_set():  # a script's first Ctrl-C; the command sets `stop` instead, and raises at the second
                stop.set()
                self._until_through(stop)
            raise
        finally:
            self._end()

    def _until_through(self, stop: threading.Event) -> None:
        while True:
            if stop.is_set() and self.stopping is None:
                self._ask_to_stop()
            if self.free and self.stopping is None and (following := self._next()):
                self._begin(*following)
                continue
            if not self.under_way:
                return
            self._wait()
            if self.stopping and time.monotonic() - self.stopping > _STOP_SECONDS:
                return

    def _next(self) -> tuple[WorkUnit, int] | None:
        """Return what begins next, and its try. Units are asked for no sooner: others may take some meanwhile."""
        if self.again:
            return self.again.popleft()
        unit = next(self.units, None)
        return None if unit is None else (unit, 1)

    def _begin(self, unit: WorkUnit, tries: int) -> None:
        self.count += 1
        number, slot = self.count, self.free.popleft()
        log = OutputLog(self.scratch / f"{number}.log")
        self.under_way[number] = _RunningUnit(unit, tries, slot, log, out_of_memory_kills())
        arguments = (self.executor.engine, unit.to_json(), number, str(self.executor.data_dir))
        timeout = self.executor.timeout
        future = slot.submit(
            work,
            (*arguments, self.mailbox.address, self.mailbox.key, str(log.path)),
            timeout * len(unit.trials) if timeout else None,
        )
        future.add_done_callback(lambda done: self.mailbox.queue.put((number, {"kind": "settled", "future": done})))

    def _wait(self) -> None:
        """Handle the next message, if one comes soon, and look after the units under way."""
        with suppress(Empty):
            self._handle(*self.mailbox.queue.get(timeout=0.1))
        for state in self.under_way.values():
            self._watch(state)
        for number in [number for number, state in self.under_way.items() if state.over()]:
            self._finish(self.under_way.pop(number))

    def _handle(self, number: int, message: dict[str, Any]) -> None:
        state = self.under_way.get(number)
        if state is None:
            return
        match message["kind"]:
            case "unit":
                state.pid = message["pid"]
                if self.stopping:
                    self.mailbox.tell(number, "stop")
            case "drained":
                state.drained = time.monotonic()
            case "settled":
                state.settled, state.error = time.monotonic(), _error(message["future"])
            case _:
                self._pass_on(event_from_json(message), state)

    def _pass_on(self, event: Event, state: _RunningUnit) -> None:
        if isinstance(event, TrialFinished):
            state.recorded.add(event.record.trial_id)
            event = TrialFinished(record=replace(event.record, log=state.log.text() + event.record.log))
        self.emit(event)

    def _watch(self, state: _RunningUnit) -> None:
        """Keep a unit's log small, and end the unit that prints without end."""
        state.log.trim()
        if state.log.endless and not state.verdict:
            state.verdict = f"ended, as it had printed more than {ENDLESS_BYTES // 2**20} MiB"
            kill(state.pid)

    def _finish(self, state: _RunningUnit) -> None:
        """Free the slot of a unit that is over; its trials without a record have failed, or are tried again."""
        if is_lost_process(state.error) or is_timeout(state.error) or state.settled is None:
            state.slot.renew()
        self.free.append(state.slot)
        if self.stopping:
            return
        if state.pid is None and is_lost_process(state.error) and state.tries < _TRIES:
            self.again.append((state.unit, state.tries + 1))
            return
        lost = [trial for trial in state.unit.trials if trial.trial_id not in state.recorded]
        if lost:
            self._give_up(lost, state)

    def _give_up(self, trials: Iterable[Trial], state: _RunningUnit) -> None:
        """Emit the failure of trials whose unit is over without them."""
        memory_ran_out = out_of_memory_kills() > state.kills_before
        error = ended_by_itself() if state.settled is None else state.error
        status, message = describe(error, memory_ran_out=memory_ran_out, timeout=self.executor.timeout)
        for trial in trials:
            message = state.verdict or message
            self.emit(
                TrialFinished(record=TrialRecord(trial=trial, status=status, message=message, log=state.log.text()))
            )

    def _ask_to_stop(self) -> None:
        """Begin nothing more, and let the units under way leave a checkpoint."""
        self.stopping = time.monotonic()
        for number, state in self.under_way.items():
            if state.pid:
                self.mailbox.tell(number, "stop")

    def _end(self) -> None:
        """Leave no process behind: what is still under way has had its time, or nobody wants to wait for it."""
        for slot in self.slots:
            slot.stop()  # first of all, so that no pool replaces a worker that ends now
        for state in self.under_way.values():
            kill(state.pid)
        for slot in self.slots:
            slot.join()


def _error(future: "Future[None]") -> BaseException | None:
    try:
        return future.exception()
    except CancelledError as error:
        return error
