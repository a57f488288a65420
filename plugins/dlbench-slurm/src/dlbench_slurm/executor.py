"""The executor: units in jobs of SLURM's, for a session that stays alive."""

import sys
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from dlbench import DlbenchError, Emit, Event, Node, TrialFinished, UnitLost, WorkUnit, event_from_json
from dlbench_slurm.durations import minutes, warning_seconds
from dlbench_slurm.leftovers import clear
from dlbench_slurm.mailbox import Message
from dlbench_slurm.pool import Job, Pool, best_for

#: Jobs at a time where nobody says.
_JOBS = 4
_LOOK_SECONDS = 0.1
#: How long units may take to save a checkpoint after they are asked to stop.
_STOP_SECONDS = 70.0
#: After how many jobs that end before they have a unit, or whose node cannot run it, and no finished trial between
#: them, nothing will come of it.
_FRUITLESS = 4
#: How long a probe waits in silence, and then for the answers of further nodes.
_QUIET_SECONDS, _MORE_SECONDS = 5.0, 1.0
#: What is said of a job that says nothing itself.
_ENDED = "its job ended"


class SlurmExecutor:
    """Jobs of a cluster, each of which trains one unit after another until its time limit; then another follows.

    A session asks for the next unit when a job that runs is free: what waits in SLURM's queue holds none. Folders are
    shared: nodes see the run folder and the data folder by the paths of the session.
    """

    prefetch = 0
    unit_seconds = 60.0
    shares_files = True

    def __init__(
        self,
        jobs: int | None = None,
        data_dir: str | None = None,
        timeout: float | None = None,
        time: str = "1h",
        partition: str | None = None,
        cpus: int = 1,
        gpus: int = 0,
        mem: str | None = None,
        account: str | None = None,
        qos: str | None = None,
        constraint: str | None = None,
    ) -> None:
        self._slots = jobs or _JOBS
        self._data_dir = Path(data_dir or ".").absolute()
        self._timeout = timeout
        limit = minutes(time)
        names = {"partition": partition, "account": account, "qos": qos, "constraint": constraint}
        given = {name: value for name, value in names.items() if value}
        more: dict[str, Any] = {"no-requeue": True, **({"mem": mem} if mem else {})}
        self._limits = {
            "time": limit,
            "cpus_per_task": cpus,
            "signal_delay_s": warning_seconds(limit),
            "additional_parameters": more,
            **({"gpus_per_node": gpus} if gpus else {}),
            **given,
        }
        self._pool: Pool | None = None

    def slots(self) -> int:
        """Return how many units run at once."""
        return self._slots

    def _jobs(self) -> Pool:
        """Return the pool, whose jobs end with this executor."""
        if self._pool is None:
            folder = self._data_dir / "slurm"
            if left := clear(folder):
                print(f"Cancelled {left} job{'s' * (left != 1)} of a session that was killed.", file=sys.stderr)
            self._pool = Pool(folder, self._limits, self._data_dir, self._timeout)
            weakref.finalize(self, self._pool.close)
        if missing := self._slots - len(self._pool.jobs):
            self._pool.submit(missing)
        return self._pool

    def close(self) -> None:
        """End the jobs: in a notebook, the traceback of an error keeps this executor, and they would wait on."""
        pool, self._pool = self._pool, None
        if pool:
            pool.close()

    def probe(self, components: Sequence[str], stop: threading.Event) -> list[Node]:
        """Return what the nodes of the first jobs that run say of themselves."""
        pool, began = self._jobs(), time.monotonic()
        found: dict[Job, Node] = {}
        asked: set[Job] = set()
        answered, said, ended = 0.0, False, list[tuple[Job, str]]()
        while not found or (len(found) < len(asked) and time.monotonic() - answered < _MORE_SECONDS):
            if stop.wait(_LOOK_SECONDS):
                break
            for job, message in pool.receive():
                match message["kind"]:
                    case "node":
                        found[job] = Node.from_json(message["node"])
                        answered = answered or time.monotonic()
                    case "bye":
                        pool.jobs.remove(job)
                        ended.append((job, message["reason"] or _ENDED))
            for job in {job for job in pool.jobs if job.nodes} - asked:
                job.writer.write({"kind": "probe", "components": list(components)})
                asked.add(job)
            ended += pool.take_ended()
            if not pool.jobs and not found:
                raise _no_jobs(pool, *ended[-1])
            if not said and not asked and time.monotonic() - began > _QUIET_SECONDS:
                said = True
                print(f"Waiting for SLURM to start a job: squeue --name={pool.name}", file=sys.stderr)
        return list(found.values())

    def run(self, units: Iterable[WorkUnit], emit: Emit, stop: threading.Event) -> None:
        """Run units until all have ended or `stop` is set."""
        if not stop.is_set():
            _Run(self, units, emit).run(stop)


class _Run:
    """One call of run()."""

    def __init__(self, executor: SlurmExecutor, units: Iterable[WorkUnit], emit: Emit) -> None:
        self._executor, self._units, self._emit = executor, iter(units), emit
        self._pool = executor._jobs()
        self._more = True
        self._fruitless = 0

    def run(self, stop: threading.Event) -> None:
        """Give out units and emit what comes back, until there are no more or, with `stop` set, those that run end."""
        try:
            self._until_done(stop)
        except KeyboardInterrupt:
            if not stop.is_set():  # a script's first Ctrl-C; the command sets `stop` instead, and raises at the second
                stop.set()
                self._until_done(stop)
            raise

    def _until_done(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._look()
            self._give()
            if not self._more and not self._busy():
                return
            if self._more and len(self._pool.jobs) < self._executor.slots():
                self._executor._jobs()
            stop.wait(_LOOK_SECONDS)
        self._pool.tell({"kind": "stop"})
        until = time.monotonic() + _STOP_SECONDS
        while self._busy() and time.monotonic() < until:
            self._look()
            time.sleep(_LOOK_SECONDS)

    def _busy(self) -> bool:
        return any(job.unit for job in self._pool.jobs)

    def _give(self) -> None:
        """Ask for a unit for each job that is idle."""
        while idle := [job for job in self._pool.jobs if job.idle]:
            unit = next(self._units, None)
            self._more = unit is not None
            if unit is None:
                return
            best_for(unit, idle).give(unit)

    def _look(self) -> None:
        for job, message in self._pool.receive():
            self._handle(job, message)
        for job, reason in self._pool.take_ended():
            self._lose(job, reason, job.nodes[0] if job.nodes else "")

    def _handle(self, job: Job, message: Message) -> None:
        match message["kind"]:
            case "event":
                self._pass_on(job, event_from_json(message["event"]))
            case "over":
                job.unit, job.left = None, set()
            case "bye":
                self._pool.jobs.remove(job)
                self._fruitless += bool(message.get("unfit") and job.used)
                self._lose(job, message["reason"] or _ENDED, "")

    def _pass_on(self, job: Job, event: Event) -> None:
        match event:
            case TrialFinished():
                job.left.discard(event.record.trial_id)
                self._fruitless = 0
            case UnitLost():
                job.left.difference_update(event.trial_ids)
                self._more = True
        self._emit(event)

    def _lose(self, job: Job, reason: str, node: str) -> None:
        """Emit what a job that has ended takes with it; give up where one after another ends before it trains."""
        self._fruitless += not job.used
        unit, job.unit = job.unit, None
        if unit and job.left:
            self._more = True
            where = f" on {node}" if node else ""
            lost = UnitLost(trial_ids=tuple(job.left), reason=reason + where, node=node, attempt=unit.attempt)
            self._emit(lost)
        if self._fruitless >= max(_FRUITLESS, self._executor.slots()):
            raise _no_jobs(self._pool, job, reason)


def _no_jobs(pool: Pool, job: Job, reason: str) -> DlbenchError:
    """Return the error of jobs that end before they train."""
    logs = pool.logs(job)
    printed = f" It printed:\n{logs}\n" if logs else " "
    return DlbenchError(
        f"The jobs end before they train: {reason}.{printed}".rstrip(),
        "See what the cluster says (sinfo, scontrol show job); the nodes need this Python and the data folder.",
    )
