"""The jobs of a session: submitted through submitit, kept between its stages, cancelled at its end."""

import io
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlbench import WorkUnit
from dlbench_slurm.leftovers import hold
from dlbench_slurm.mailbox import Message, Reader, Writer, inbox, outbox, pulse
from dlbench_slurm.node import SILENCE, serve
from dlbench_slurm.queue_watch import QueueWatch, cancel
from dlbench_slurm.refusals import refusal

#: How long what a job has written may take to show, once SLURM says that it has ended.
_GRACE_SECONDS = 2.0


@dataclass(eq=False)
class Job:
    """A job that trains one unit after another.

    name: its number in SLURM, "12_3".
    nodes: the names of its node; () until it runs.
    unit: what it trains now, and `left` the trials of that without an end.
    used: whether it was ever given a unit.
    heard: when it last said something.
    gone: when SLURM was first seen to say that it has ended.
    """

    name: str
    writer: Writer
    reader: Reader
    nodes: tuple[str, ...] = ()
    unit: WorkUnit | None = None
    left: set[str] = field(default_factory=set)
    used: bool = False
    heard: float = 0.0
    gone: float | None = None

    @property
    def idle(self) -> bool:
        """Return whether it waits for a unit."""
        return bool(self.nodes) and self.unit is None and self.gone is None

    def give(self, unit: WorkUnit) -> None:
        """Send a unit."""
        self.unit, self.used, self.left = unit, True, {trial.trial_id for trial in unit.trials}
        self.writer.write({"kind": "unit", "unit": unit.to_json()})


class Pool:
    """Jobs, and the folder through which they are spoken with.

    folder: where the folder of this pool goes; nodes see it too. limits: what submitit passes to SLURM.
    """

    def __init__(self, folder: Path, limits: Mapping[str, Any], data_dir: Path, timeout: float | None) -> None:
        self.name = f"dlbench-{uuid.uuid4().hex[:10]}"
        self.folder = folder.absolute() / self.name
        self.folder.mkdir(parents=True)
        self._life = hold(self.folder)
        self._limits, self._data_dir, self._timeout = limits, data_dir, timeout
        self._count = 0
        self._beats = 0
        self.jobs: list[Job] = []
        self._watch = QueueWatch(self.name, self._beat)

    def _beat(self) -> None:
        self._beats += 1
        with suppress(OSError):
            pulse(self.folder).write_text(str(self._beats))

    def submit(self, count: int) -> None:
        """Submit some jobs."""
        import submitit
        from submitit.core.utils import FailedJobError

        numbers = range(self._count, self._count + count)
        self._count += count
        for number in numbers:
            inbox(self.folder, number).touch()
            outbox(self.folder, number).touch()
        try:
            executor = submitit.SlurmExecutor(self.folder / "jobs")
            executor.update_parameters(job_name=self.name, **self._limits)
            same = ([each] * count for each in (str(self.folder), str(self._data_dir), self._timeout))
            folders, data_dirs, timeouts = same
            with redirect_stderr(io.StringIO()):  # it prints what its error says too
                submitted = executor.map_array(serve, folders, numbers, data_dirs, timeouts)
        except (RuntimeError, FailedJobError, OSError) as error:
            raise refusal(str(error), "the jobs", "dlbench show executor slurm") from error
        for number, job in zip(numbers, submitted, strict=True):
            files = Writer(inbox(self.folder, number)), Reader(outbox(self.folder, number))
            self.jobs.append(Job(str(job.job_id), *files, heard=time.monotonic()))

    def receive(self) -> Iterator[tuple[Job, Message]]:
        """Yield what jobs say."""
        for job in list(self.jobs):
            for message in job.reader.read():
                job.heard = time.monotonic()
                if message["kind"] == "ready":
                    job.nodes = tuple(message["names"])
                yield job, message

    def take_ended(self) -> Iterator[tuple[Job, str]]:
        """Yield each job that has ended without a word, with what happened, and forget it.

        One that was only silent, since SLURM suspended it, say, ends as soon as it goes on.
        """
        now = time.monotonic()
        for job in list(self.jobs):
            reason = self._ended(job, now)
            if reason:
                self.jobs.remove(job)
                with suppress(OSError):
                    job.writer.write({"kind": "stop"})
                    job.writer.write({"kind": "end"})
                yield job, reason

    def _ended(self, job: Job, now: float) -> str:
        state = self._watch.ended(job.name)
        if state:
            job.gone = job.gone or now
            return f"job {job.name} ended ({state})" if now - job.gone > _GRACE_SECONDS else ""
        if job.nodes and now - job.heard > SILENCE:
            return f"job {job.name} has said nothing for {SILENCE:.0f} s"
        return ""

    def tell(self, message: Message) -> None:
        """Send a message to all jobs that train."""
        for job in self.jobs:
            if job.unit:
                job.writer.write(message)

    def logs(self, job: Job) -> str:
        """Return the end of what a job has printed."""
        paths = sorted((self.folder / "jobs").glob(f"{job.name}_*log.err"))
        text = "".join(path.read_text(encoding="utf-8", errors="replace") for path in paths)
        return "\n".join(text.strip().splitlines()[-5:])

    def close(self) -> None:
        """Cancel all jobs, and remove the folder; a second time, do nothing."""
        self._watch.end()
        jobs, self.jobs = self.jobs, []
        for job in jobs:
            with suppress(OSError):
                job.writer.write({"kind": "end"})
        if jobs:
            cancel(self.name)
        shutil.rmtree(self.folder, ignore_errors=True)
        self._life.release()


def best_for(unit: WorkUnit, idle: Sequence[Job]) -> Job:
    """Return the job for a unit: on a node where it was not lost before, if there is one."""
    return next((job for job in idle if not {*job.nodes} & {*unit.avoid}), idle[0])
