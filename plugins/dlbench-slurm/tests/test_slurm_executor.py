"""What the session's half does with what jobs say, without a SLURM: the jobs are the test's own."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from dlbench import (
    DlbenchError,
    Event,
    Selection,
    Settings,
    Trial,
    TrialFinished,
    TrialRecord,
    UnitLost,
    WorkUnit,
    event_to_json,
)
from dlbench_slurm.executor import SlurmExecutor
from dlbench_slurm.mailbox import Message, Reader, Writer
from dlbench_slurm.node import SILENCE
from dlbench_slurm.pool import Job, Pool, best_for
from dlbench_slurm.queue_watch import QueueWatch

TRIAL = Trial(
    model=Selection("standard/mlp"),
    activation=Selection("standard/relu"),
    dataset=Selection("standard/digits"),
    scheduler=Selection("standard/constant"),
    optimizer=Selection("standard/sgd"),
    settings=Settings(),
    seed=0,
)


def unit(*seeds: int) -> WorkUnit:
    return WorkUnit(trials=tuple(replace(TRIAL, seed=seed) for seed in seeds), attempt=2)


class FakeJob(Job):
    """A job that answers each unit with what a function returns."""

    def __init__(self, folder: Path, number: int, answer: Callable[[WorkUnit], list[Message]]) -> None:
        paths = folder / f"{number}.in", folder / f"{number}.out"
        super().__init__(f"7_{number}", Writer(paths[0]), Reader(paths[1]))
        self.says = Writer(paths[1])
        self.answer = answer
        self.says.write({"kind": "ready", "names": [f"n{number}"]})

    def give(self, unit: WorkUnit) -> None:
        super().give(unit)
        for message in self.answer(unit):
            self.says.write(message)


class FakePool:
    """What the executor needs of its pool: whatever has a unit of seed 99 is dead."""

    def __init__(self, folder: Path, answer: Callable[[WorkUnit], list[Message]], first: Sequence[Message]) -> None:
        self.folder, self.answer, self.first = folder, answer, first
        self.jobs: list[Job] = []
        self.count = 0
        self.told: list[str] = []

    def submit(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            job = FakeJob(self.folder, self.count, self.answer)
            self.jobs.append(job)
            for message in self.first:
                job.says.write(message)

    def receive(self) -> Iterator[tuple[Job, Message]]:
        for job in list(self.jobs):
            for message in job.reader.read():
                if message["kind"] == "ready":
                    job.nodes = tuple(message["names"])
                yield job, message

    def take_ended(self) -> Iterator[tuple[Job, str]]:
        for job in [each for each in self.jobs if each.unit and each.unit.trials[0].seed == 99]:
            self.jobs.remove(job)
            yield job, f"job {job.name} ended (NODE_FAIL)"

    def tell(self, message: Message) -> None:
        self.told.append(message["kind"])
        for job in self.jobs:
            if isinstance(job, FakeJob) and job.unit:
                job.says.write({"kind": "over"})

    def close(self) -> None:
        self.told.append("closed")

    def logs(self, job: Job) -> str:
        return "ModuleNotFoundError: No module named 'dlbench'"


def done(work: WorkUnit) -> list[Message]:
    """Return what a job says that trains a unit."""
    records = [TrialRecord(trial=trial, status="done") for trial in work.trials]
    events = [TrialFinished(record=record, attempt=work.attempt) for record in records]
    return [*({"kind": "event", "event": event_to_json(event)} for event in events), {"kind": "over"}]


def run(
    folder: Path,
    units: list[WorkUnit],
    answer: Callable[[WorkUnit], list[Message]] = done,
    first: Sequence[Message] = (),
) -> list[Event]:
    """Run units in jobs that begin by saying some messages, and return the events."""
    executor, events = SlurmExecutor(jobs=2), list[Event]()
    executor._pool = FakePool(folder, answer, first)  # type: ignore[assignment]
    executor.run(iter(units), events.append, threading.Event())
    return events


def test_each_unit_is_trained_once(tmp_path: Path) -> None:
    events = run(tmp_path, [unit(1), unit(2, 3), unit(4)])
    assert sorted(event.record.trial.seed for event in events if isinstance(event, TrialFinished)) == [1, 2, 3, 4]
    assert len(events) == 4


def test_a_job_that_ends_without_a_word_loses_its_trials_and_names_its_node(tmp_path: Path) -> None:
    events = run(tmp_path, [unit(99, 1)], lambda work: done(replace(work, trials=work.trials[1:]))[:1])
    (lost,) = [event for event in events if isinstance(event, UnitLost)]
    assert lost.trial_ids == (unit(99).trials[0].trial_id,)
    assert lost.node
    assert lost.reason == f"job 7_{lost.node[1:]} ended (NODE_FAIL) on {lost.node}"
    assert lost.attempt == 2


def test_a_job_at_its_time_limit_is_followed_by_another_and_blames_no_node(tmp_path: Path) -> None:
    ended: set[str] = set()

    def once(work: WorkUnit) -> list[Message]:
        if ended:
            return done(work)
        ended.add(work.trials[0].trial_id)
        return [{"kind": "bye", "reason": "its job came to its time limit"}]

    events = run(tmp_path, [unit(1), unit(2)], once)
    (lost,) = [event for event in events if isinstance(event, UnitLost)]
    assert (lost.node, lost.reason) == ("", "its job came to its time limit")
    assert len(events) == 2


def test_jobs_that_train_nothing_end_the_session_with_what_they_printed(tmp_path: Path) -> None:
    with pytest.raises(DlbenchError, match="end before they train") as caught:
        run(tmp_path, [unit(1)], done, first=[{"kind": "bye", "reason": ""}])
    assert "No module named 'dlbench'" in str(caught.value)


def test_a_job_that_was_silent_for_too_long_ends_should_it_go_on(tmp_path: Path) -> None:
    pool = Pool(tmp_path, {}, tmp_path, None)
    job = FakeJob(pool.folder, 0, done)
    job.nodes, job.heard = ("n0",), time.monotonic() - SILENCE - 1.0
    pool.jobs.append(job)
    ((found, reason),) = pool.take_ended()
    told = [message["kind"] for message in Reader(pool.folder / "0.in").read()]
    pool.close()
    assert found is job
    assert reason == f"job 7_0 has said nothing for {SILENCE:.0f} s"
    assert told == ["stop", "end"]


@pytest.mark.parametrize(
    ("error", "told"), [(KeyboardInterrupt, ["stop", "closed"]), (OSError, ["closed"])], ids=["Ctrl-C", "a full disk"]
)
def test_jobs_end_with_what_they_are_for(tmp_path: Path, error: type[BaseException], told: list[str]) -> None:
    executor, stop = SlurmExecutor(jobs=2), threading.Event()
    pool = FakePool(tmp_path, lambda work: done(work)[:-1], [])
    executor._pool = pool  # type: ignore[assignment]
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        if len(events) == 1:
            raise error

    with pytest.raises(error):
        executor.run(iter([unit(1), unit(2)]), emit, stop)
    executor.close()
    executor.close()
    assert pool.told == told


def test_a_watch_can_be_ended_by_its_own_thread_which_collects_garbage_too() -> None:
    ended, made = threading.Event(), threading.Event()

    def beat() -> None:
        made.wait(5.0)
        watch.end()
        ended.set()

    watch = QueueWatch("name", beat)
    made.set()
    assert ended.wait(5.0)


def test_jobs_on_nodes_that_cannot_run_units_end_the_session_too(tmp_path: Path) -> None:
    def lose(work: WorkUnit) -> list[Message]:
        lost = UnitLost(trial_ids=(work.trials[0].trial_id,), reason="the disk is full", node="n", attempt=work.attempt)
        bye = {"kind": "bye", "reason": "n could not run it (the disk is full)", "unfit": True}
        return [{"kind": "event", "event": event_to_json(lost)}, {"kind": "over"}, bye]

    with pytest.raises(DlbenchError, match="end before they train: n could not run it"):
        run(tmp_path, [unit(seed) for seed in range(9)], lose)


def test_a_lost_unit_is_given_to_another_node_if_there_is_one(tmp_path: Path) -> None:
    jobs: list[Job] = [FakeJob(tmp_path, number, done) for number in (1, 2)]
    for job, node in zip(jobs, ("n1", "n2"), strict=True):
        job.nodes = (node,)
    assert best_for(replace(unit(1), avoid=("n1",)), jobs) is jobs[1]
    assert best_for(replace(unit(1), avoid=("n1", "n2")), jobs) is jobs[0]


def test_who_gives_up_while_no_job_has_started_is_not_kept_waiting(tmp_path: Path) -> None:
    executor, stop = SlurmExecutor(jobs=2), threading.Event()
    pool = FakePool(tmp_path, done, [])
    pool.receive = lambda: iter([])  # type: ignore[method-assign]  # all wait in SLURM's queue
    executor._pool = pool  # type: ignore[assignment]
    threading.Timer(0.2, stop.set).start()
    assert executor.probe(["standard/relu"], stop) == []


def test_a_job_that_ends_while_nodes_are_asked_gets_no_unit(tmp_path: Path) -> None:
    executor, stop, events = SlurmExecutor(jobs=2), threading.Event(), list[Event]()
    pool = FakePool(tmp_path, done, [])
    executor._pool = pool  # type: ignore[assignment]
    pool.submit(2)
    leaving, staying = pool.jobs
    assert isinstance(leaving, FakeJob)
    assert isinstance(staying, FakeJob)
    leaving.says.write({"kind": "bye", "reason": "its job came to its time limit"})
    node = {"host": "n2", "machine": {"devices": ["cpu"]}, "provenance": {}}
    staying.says.write({"kind": "node", "node": node})
    assert len(executor.probe([], stop)) == 1
    assert leaving not in pool.jobs
    executor.run(iter([unit(1)]), events.append, stop)
    assert [type(event) for event in events] == [TrialFinished]


def test_what_a_node_has_answered_outlives_its_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executor, pool = SlurmExecutor(jobs=2), FakePool(tmp_path, done, [])
    executor._pool = pool  # type: ignore[assignment]
    pool.submit(2)
    answering, _ = pool.jobs
    assert isinstance(answering, FakeJob)
    answering.says.write({"kind": "node", "node": {"host": "n1", "machine": {"devices": ["cpu"]}, "provenance": {}}})

    def take_ended() -> Iterator[tuple[Job, str]]:
        for job in list(pool.jobs):
            pool.jobs.remove(job)
            yield job, f"job {job.name} ended (NODE_FAIL)"

    monkeypatch.setattr(pool, "take_ended", take_ended)
    assert len(executor.probe([], threading.Event())) == 1
    assert pool.jobs == []


def test_stopped_before_it_begins_it_submits_nothing(tmp_path: Path) -> None:
    executor, stop = SlurmExecutor(jobs=2, data_dir=str(tmp_path)), threading.Event()
    stop.set()
    executor.run(iter([unit(1)]), print, stop)
    assert list(tmp_path.iterdir()) == []
