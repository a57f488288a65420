"""Units that an executor loses are given out again; a trial counts once, whatever comes back and from where."""

import threading
from dataclasses import replace

import pytest

from dlbench.sessions.attempts import RETRIES
from dlbench.sessions.execution import Execution
from dlbench.trials.events import EpochFinished, TrialFinished, TrialNoted, TrialStarted, UnitLost, event_trial_ids
from dlbench.trials.work_unit import WorkUnit


class Scripted:
    """An executor that answers each unit with the events that a function of it returns."""

    def __init__(self, answer, slots=1):
        self.answer, self.units = answer, []

    def run(self, units, emit, stop):
        for unit in units:
            self.units.append(unit)
            for event in self.answer(unit):
                emit(event)


@pytest.fixture
def trials(make_record):
    return [make_record(seed=seed).trial for seed in range(3)]


@pytest.fixture
def execute(trials, make_record):
    """Run the trials in an executor; return what counted, and what was noted."""

    def run(executor, stop=None):
        counted, notes = [], []
        execution = Execution(counted.append, lambda trial: f"relu seed {trial.seed}", notes.append)
        fresh = (WorkUnit(trials=(trial,)) for trial in trials)
        stop = stop or threading.Event()
        while execution.run(executor, fresh, stop) and not stop.is_set():
            pass
        return counted, notes

    return run


@pytest.fixture
def done(make_record):
    def make(unit, status="done", **changes):
        record = replace(make_record(seed=unit.trials[0].seed), status=status, **changes)
        return TrialFinished(record=record, attempt=unit.attempt)

    return make


def lost(unit, reason="node n3 did not answer", node=""):
    trial_ids = tuple(trial.trial_id for trial in unit.trials)
    return UnitLost(trial_ids=trial_ids, reason=reason, node=node, attempt=unit.attempt)


def records(counted):
    return [event.record for event in counted if isinstance(event, TrialFinished)]


def test_a_lost_unit_runs_again_elsewhere_and_its_trial_counts_once(execute, done):
    executor = Scripted(lambda unit: [lost(unit, node="n3") if unit.attempt == 1 else done(unit)])
    counted, notes = execute(executor)
    assert [record.trial.seed for record in records(counted)] == [0, 1, 2]
    assert [(unit.attempt, unit.avoid) for unit in executor.units] == [(1, ()), (2, ("n3",))] * 3
    assert notes[0] == "relu seed 0 was lost: node n3 did not answer. It is tried again, at most 3 times more."


def test_a_trial_that_is_always_lost_fails_after_three_more_attempts(execute):
    executor = Scripted(lambda unit: [lost(unit)])
    counted, _ = execute(executor)
    assert RETRIES == 3
    assert len(executor.units) == 3 * 4
    assert {(record.status, record.message) for record in records(counted)} == {
        ("failed", "lost 4 times, the last time because node n3 did not answer")
    }


def test_a_trial_that_is_always_lost_for_memory_is_out_of_memory_in_the_end(execute):
    executor = Scripted(lambda unit: [replace(lost(unit, "its node's memory ran out"), status="oom")])
    counted, _ = execute(executor)
    assert {(record.status, record.message) for record in records(counted)} == {
        ("oom", "lost 4 times, the last time because its node's memory ran out")
    }


def test_a_unit_whose_end_an_executor_does_not_mention_is_lost_too(execute, done):
    executor = Scripted(lambda unit: [done(unit)] if unit.attempt > 1 else [])
    counted, notes = execute(executor)
    assert [unit.attempt for unit in executor.units] == [1, 1, 1, 2, 2, 2]
    assert len(records(counted)) == 3
    assert "the executor ended without its record" in notes[0]


def test_what_a_stopped_executor_does_not_mention_waits_for_the_next_session(execute):
    stop = threading.Event()

    def answer(unit):
        stop.set()
        return []

    executor = Scripted(answer)
    counted, notes = execute(executor, stop)
    assert (counted, notes) == ([], [])
    assert {unit.attempt for unit in executor.units} == {1}


def test_events_without_an_attempt_are_of_the_current_one(execute, done):
    """As an executor of the first contract emits them."""
    executor = Scripted(lambda unit: [replace(done(unit), attempt=0)] if unit.attempt > 1 else [])
    counted, _ = execute(executor)
    assert len(records(counted)) == 3


def test_of_several_records_the_first_counts(execute, done):
    counted, _ = execute(Scripted(lambda unit: [done(unit, message="first"), done(unit), done(unit, "failed")]))
    assert [(record.status, record.message) for record in records(counted)] == [("done", "first")] * 3


def test_the_first_result_wins_whichever_attempt_it_comes_from(execute, done):
    first = {}

    def answer(unit):
        if unit.attempt == 1:
            first[unit.trials[0].seed] = unit
            return [lost(unit)]
        late = done(first[unit.trials[0].seed], message="of a node that was taken for dead")
        return [replace(late, record=replace(late.record, status="failed")), late, done(unit)]

    counted, _ = execute(Scripted(answer))
    assert [record.message for record in records(counted)] == ["of a node that was taken for dead"] * 3
    assert {record.status for record in records(counted)} == {"done"}


def test_a_trial_whose_result_arrives_after_it_was_lost_is_not_run_again(execute, done):
    executor = Scripted(lambda unit: [lost(unit), done(unit)])
    counted, _ = execute(executor)
    assert [unit.attempt for unit in executor.units] == [1, 1, 1]
    assert len(records(counted)) == 3


def test_observers_see_one_attempt_each_epoch_once(execute, done, trials):
    def epoch(unit, number):
        trial_id = unit.trials[0].trial_id
        return EpochFinished(trial_id=trial_id, epoch=number, metrics={}, attempt=unit.attempt)

    def answer(unit):
        trial_id = unit.trials[0].trial_id
        started = TrialStarted(trial_id=trial_id, attempt=unit.attempt)
        if unit.attempt == 1:
            return [started, epoch(unit, 1), epoch(unit, 2), lost(unit)]
        stale = replace(epoch(unit, 3), attempt=1), TrialNoted(trial_id=trial_id, text="late", attempt=1)
        return [started, *stale, *(epoch(unit, number) for number in (1, 2, 3, 4)), done(unit), epoch(unit, 5)]

    counted, _ = execute(Scripted(answer))
    of_first = [event for event in counted if event_trial_ids(event) == (trials[0].trial_id,)]
    assert [event.epoch for event in of_first if isinstance(event, EpochFinished)] == [1, 2, 3, 4]
    assert not any(isinstance(event, TrialNoted) for event in counted)


def test_trials_lost_with_others_of_their_unit_run_alone(done, trials):
    counted, unit = [], WorkUnit(trials=tuple(trials))
    execution = Execution(counted.append, str, lambda text: None)

    def answer(unit):
        each = [done(replace(unit, trials=(trial,))) for trial in unit.trials]
        return [each[0], lost(unit)] if unit.attempt == 1 else each

    executor = Scripted(answer)
    execution.run(executor, iter([unit]), threading.Event())
    assert [[trial.seed for trial in unit.trials] for unit in executor.units] == [[0, 1, 2], [1], [2]]
    assert [record.trial.seed for record in records(counted)] == [0, 1, 2]


def test_an_executor_that_asks_again_gets_what_was_lost_in_the_same_run(done, trials):
    """So a lost trial does not wait until the last other one has ended."""
    counted, runs = [], []
    execution = Execution(counted.append, str, lambda text: None)

    class Asking:
        def run(self, units, emit, stop):
            runs.append(1)
            first = next(units)
            assert next(units, None) is None
            emit(lost(first))
            emit(done(next(units)))

    execution.run(Asking(), iter([WorkUnit(trials=(trials[0],))]), threading.Event())
    assert (len(runs), len(records(counted))) == (1, 1)


def test_events_of_another_thread_are_handled_in_the_thread_of_run(done, trials):
    handled = []
    execution = Execution(lambda event: handled.append(threading.get_ident()), str, lambda text: None)

    class Threaded:
        def run(self, units, emit, stop):
            for unit in units:
                thread = threading.Thread(target=emit, args=(done(unit),))
                thread.start()
                thread.join()

    execution.run(Threaded(), iter([WorkUnit(trials=(trial,)) for trial in trials]), threading.Event())
    assert handled == [threading.get_ident()] * 3
