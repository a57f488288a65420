"""The local executor: work units in worker processes on this machine; a worker's death costs only its own trial."""

import json
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty
from typing import Any, ClassVar

from dlbench.executors.endings import describe_exit
from dlbench.executors.memory import out_of_memory_kills
from dlbench.executors.messages import (
    Begun,
    CannotStart,
    Closed,
    Content,
    Garbled,
    Over,
    Received,
)
from dlbench.executors.mps import Mps
from dlbench.executors.output_log import ENDLESS_BYTES, OutputLog
from dlbench.executors.processes import PRELOADED, StartError, Worker, no_room, worker_groups
from dlbench.executors.running_unit import RunningUnit, passed
from dlbench.executors.scratch import scratch_subfolder
from dlbench.executors.slots import Slots
from dlbench.executors.suspension import suspended_together
from dlbench.executors.worker import serve_units
from dlbench.executors.worker_pool import WorkerPool
from dlbench.machine import available_cores
from dlbench.plans.config import default_data_dir
from dlbench.trials.events import Emit, Event, TrialFinished, TrialNoted, TrialStarted, UnitLost
from dlbench.trials.work_unit import WorkUnit

#: How often running units are checked.
_CHECK_SECONDS = 0.1
#: How long a worker may take to end after SIGTERM at its time limit.
_TERMINATE_SECONDS = 3.0
#: How long units may take to save a checkpoint after they are asked to stop.
_STOP_SECONDS = 60.0
#: How often a unit is begun whose worker dies before its first message, or with the server that it was forked from.
_TRIES = 2


class LocalExecutor:
    """Worker processes on this machine.

    jobs: how many at once; None for what cores and GPUs allow. data_dir: where workers find data sets by digest.
    timeout: seconds for each trial. mps: let trials share a GPU by NVIDIA's MPS, which runs as long as they do. engine:
    "module:function" of what a worker calls to run a unit, as dlbench.run_unit is called, or a class, of which each
    worker makes one such object; preloaded: the modules that it needs. pool: whose workers wait for another run, unless
    this one is stopped; None: they end with it.
    """

    engine: ClassVar[str] = "dlbench.engine.work_unit:UnitRunner"
    preloaded: ClassVar[tuple[str, ...]] = PRELOADED
    pool: WorkerPool | None = None

    def __init__(
        self,
        jobs: int | None = None,
        data_dir: str | None = None,
        timeout: float | None = None,
        mps: bool = False,
    ) -> None:
        self.jobs = jobs
        self.data_dir = Path(data_dir) if data_dir else default_data_dir()
        self.timeout = timeout
        self.mps = mps

    def slots(self) -> int:
        """Return how many units run at once; on GPUs there may be room for fewer."""
        return self.jobs or available_cores()

    def new_pool(self) -> WorkerPool:
        """Return a pool of workers for this executor, of which there are none yet."""
        engine, folder, preloaded = self.engine, str(self.data_dir), self.preloaded
        return WorkerPool(lambda given: Worker(serve_units, engine, folder, dict(given), preloaded=preloaded))

    def run(self, units: Iterable[WorkUnit], emit: Emit, stop: threading.Event) -> None:
        """Run all units, emit their events and return when all have ended.

        A trial whose worker died is emitted as failed, with what the worker had printed. Once `stop` is set no unit
        begins, and the running ones save a checkpoint and end.
        """
        with scratch_subfolder() as scratch, suspended_together(worker_groups):
            _Run(self, units, emit, scratch).run(stop)


class _Run:
    """One call of run(): the running units, their room, and the one queue of everything that arrives."""

    def __init__(self, executor: LocalExecutor, units: Iterable[WorkUnit], emit: Emit, scratch: Path) -> None:
        self.executor = executor
        self.mps = Mps(scratch) if executor.mps else None
        self.slots = Slots(executor.jobs, self.mps)
        self.units = iter(units)
        self.emit = emit
        self.scratch = scratch
        self.pool = executor.pool or executor.new_pool()
        self.running: dict[Worker, RunningUnit] = {}
        self.again: deque[tuple[WorkUnit, int]] = deque()
        self.latest: WorkUnit | None = None
        self.checked = 0.0
        self.stopping: float | None = None

    def run(self, stop: threading.Event) -> None:
        """Begin the units in their order, and handle what arrives until all have ended."""
        self.stop = stop
        try:
            self._until_done(stop)
        except KeyboardInterrupt:
            if not stop.is_set():  # a script's first Ctrl-C; the command sets `stop` instead, and raises at the second
                stop.set()
                self._until_done(stop)
            raise
        finally:
            if self.running or self.stopping or not self.executor.pool:
                self.pool.end_all(self.running)
            if self.mps:
                self.mps.end()

    def _until_done(self, stop: threading.Event) -> None:
        while True:
            if stop.is_set() and self.stopping is None:
                self._ask_to_stop()
            if self.stopping is None and self._has_room() and (following := self._next()):
                self._begin(*following)
                continue
            if not self.running or passed(self.stopping, _STOP_SECONDS):
                return
            self._wait()

    def _has_room(self) -> bool:
        """Return whether another unit may begin that is like the one before; one that was lost before runs alone."""
        tries = [*(state.tries for state in self.running.values()), *(tries for _, tries in self.again)]
        if max(tries, default=1) > 1:
            return not self.running
        return self.slots.fit(self.again[0][0] if self.again else self.latest, self.running.values())

    def _next(self) -> tuple[WorkUnit, int] | None:
        """Return what begins next, and its try. Units are asked for no sooner: others may take some meanwhile."""
        if self.again:
            return self.again.popleft()
        unit = next(self.units, None)
        return None if unit is None else (unit, 1)

    def _begin(self, unit: WorkUnit, tries: int) -> None:
        self.latest = unit
        if not self.slots.fit(unit, self.running.values()):  # it is not like the one before, and waits
            self.again.appendleft((unit, tries))
            return
        gpu = self.slots.gpu_for(unit, self.running.values())
        try:
            worker = self.pool.take(self.slots.variables(gpu))
        except StartError as error:
            self._make_do(unit, tries, error)
            return
        number = next(self.pool.numbers)
        log = OutputLog(self.scratch / f"{number}.log")
        self.running[worker] = RunningUnit(unit, tries, worker, log, out_of_memory_kills(), number, gpu)
        _send(worker, {"unit": unit.to_json(), "number": number, "log": str(log.path)})
        for text in self.slots.notes(self.running.values()):
            trial_id = unit.trials[0].trial_id
            self.emit(TrialNoted(trial_id=trial_id, text=text, of_plan=True, attempt=unit.attempt))

    def _make_do(self, unit: WorkUnit, tries: int, error: StartError) -> None:
        """Go on with the workers that there are, if there are any; the unit waits for one of them."""
        if not self.running:
            raise error
        self.slots.limit = len(self.running)
        self.again.appendleft((unit, tries))

    def _wait(self) -> None:
        """Handle the next message, if one arrives soon, and check the running units every so often."""
        with suppress(Empty):
            self._handle(*self.pool.queue.get(timeout=_CHECK_SECONDS))
        if passed(self.checked, _CHECK_SECONDS):
            self.checked = time.monotonic()
            for state in list(self.running.values()):
                self._check(state)

    def _handle(self, worker: Worker, received: Received) -> None:
        """Handle a message of a running unit. What a copy of its worker's process sends is nobody's."""
        state = self.running.get(worker)
        if state is None:
            if isinstance(received, Closed | Garbled):
                self.pool.dismiss(worker)
            return
        match received:
            case Closed():
                state.closed = time.monotonic()
            case Garbled():
                state.fail(f"its worker process sent what is no message of dlbench's ({received.reason})")
                state.closed = time.monotonic()  # nothing more is read
                worker.kill()
            case sender, content if state.is_of(sender):
                self._act(content, state)

    def _act(self, content: Content, state: RunningUnit) -> None:
        match content:
            case Begun():
                state.begun = True
            case Over():
                state.ending = state.ending or ("failed", content.error or "the worker ended without a record")
                if content.spent:  # a component changed what other trials would meet
                    state.worker.end()
                else:
                    self.pool.keep(state.worker)
                self._finish(state)
            case CannotStart():
                del self.running[state.worker]
                state.worker.end()
                self._make_do(state.unit, state.tries, no_room("thread"))
            case _ if not state.expects(content):
                state.fail("its worker process sent a message about another trial")
                state.worker.kill()
            case _:
                self._forward(content, state)

    def _forward(self, event: Event, state: RunningUnit) -> None:
        match event:
            case TrialStarted():
                state.provenance = event.provenance
            case UnitLost():
                state.recorded.update(event.trial_ids)
            case TrialFinished():
                state.recorded.add(event.record.trial_id)
                event = replace(event, record=replace(event.record, log=state.log.text() + event.record.log))
        self.emit(event)

    def _check(self, state: RunningUnit) -> None:
        """Keep a unit's log small; end a unit that prints without end, takes too long or has lost its pipe."""
        state.log.trim()
        state.count_time()
        if state.log.endless and not state.ending:
            state.ending = ("failed", f"killed after printing more than {ENDLESS_BYTES // 2**20} MiB")
            state.worker.kill()
        limit = self.executor.timeout
        if limit and not state.ending and state.time_over(limit * len(state.unit.trials)):
            how = "stopped (SIGSTOP) and not continued for" if state.stopped > state.seconds else "not finished after"
            state.ending = ("timeout", f"{how} {limit:g} s")
            state.terminated = time.monotonic()
            state.worker.terminate()
        if passed(state.closed) and state.worker.exit_code is None:
            state.fail("its worker process closed the pipe to dlbench")
            state.worker.kill()
        if passed(state.terminated, _TERMINATE_SECONDS):
            state.worker.kill()
        if state.is_done():
            state.worker.end()
            self._finish(state)

    def _finish(self, state: RunningUnit) -> None:
        """Remove a finished unit; its trials without a record have failed, or are tried again."""
        del self.running[state.worker]
        if self.stopping or state.was_asked_with(self.stop):
            return
        if self._was_lost(state):
            self.again.append((state.unit, state.tries + 1))
        else:
            self._fail(state)

    def _was_lost(self, state: RunningUnit) -> bool:
        """Return whether to begin a unit again: it never began, or its worker died with the server of all workers.

        Whose component kills the server shows when a unit runs alone, as each does that was lost before.
        """
        if state.ending or state.recorded >= {trial.trial_id for trial in state.unit.trials}:
            return False
        if state.worker.lost_server and state.tries == _TRIES:
            state.fail(f"the server that worker processes are forked from was killed {_TRIES} times while it ran")
        return state.tries < _TRIES and (not state.begun or state.worker.lost_server)

    def _fail(self, state: RunningUnit) -> None:
        """Emit the failure of the trials that have no record."""
        memory_ran_out = out_of_memory_kills() > state.kills_before
        status, message = state.ending or describe_exit(state.worker.exit_code or 0, memory_ran_out=memory_ran_out)
        for event in state.failures(status, message):
            self.emit(event)

    def _ask_to_stop(self) -> None:
        """Begin nothing more, and let the running units save a checkpoint."""
        self.stopping = time.monotonic()
        for worker in self.running:
            _send(worker, "stop")


def _send(worker: Worker, content: Any) -> None:
    with suppress(OSError):  # a worker that has died is noticed by its exit code
        worker.connection.send_bytes(json.dumps(content).encode())
