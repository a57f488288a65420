"""Sessions from beginning to end, in one process: start, resume, force, stale results, reuse, interim analyses."""

import csv
import errno
import json
import os
import threading
from pathlib import Path

import pytest

from dlbench.errors import DlbenchError
from dlbench.runs import folder, journal_tail, stored_run
from dlbench.runs.checkpoint_files import checkpoint_path
from dlbench.runs.folder import RunFolder
from dlbench.runs.folder_state import FolderState
from dlbench.statistics.seeds import AutoSeeds
from dlbench.trials.events import TrialFinished, TrialNoted

ALL = {("relu", 0), ("tanh", 0), ("relu", 1), ("tanh", 1)}


def _rows(folder, name="trials"):
    with (folder / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


def test_a_session_runs_every_trial_once_and_leaves_a_complete_folder(session):
    done = session()
    assert len(done.ran) == 4
    assert set(done.ran) == ALL
    outcome, folder = done.outcome, done.outcome.folder
    assert (outcome.computed, outcome.interrupted, outcome.exit_code) == (4, False, 0)
    assert {record.trial_id for record in outcome.records} == {row["trial_id"] for row in _rows(folder)}
    assert [(row["verdict"], row["n"]) for row in _rows(folder, "comparison")] == [
        ("baseline", "2"),
        ("n too small", "2"),
    ]
    assert _manifest(folder)["sessions"][0]["ended"]
    assert done.display.counts == (4, 0)
    assert sorted(done.display.finished) == ["relu", "relu", "tanh", "tanh"]
    assert done.display.closed


def test_the_same_command_again_runs_nothing_and_needs_no_executor(session, monkeypatch):
    first = session()
    again = session()
    assert again.ran == []
    assert again.display.counts is None
    assert again.outcome.records == first.outcome.records
    assert len(_manifest(again.outcome.folder)["sessions"]) == 2


def test_a_session_looks_at_the_whole_folder_as_often_for_many_trials_as_for_few(session, monkeypatch):
    looks = []
    monkeypatch.setattr(stored_run, "FolderState", lambda **content: looks.append(1) or FolderState(**content))
    session(name="few", seeds=2)
    few = len(looks)
    looks.clear()
    session(name="many", seeds=20)
    assert len(looks) == few


def test_more_seeds_and_variants_run_what_is_missing(session):
    session()
    done = session(activations=("relu", "tanh", "elu"), seeds=3)
    assert set(done.ran) == {("elu", 0), ("elu", 1), ("relu", 2), ("tanh", 2), ("elu", 2)}
    assert done.display.counts == (5, 4)
    assert len(_rows(done.outcome.folder)) == 9


def test_failed_trials_run_again_the_next_time_and_not_in_the_same_session(session, executor):
    first = session()
    failing = {record.trial_id: "failed" for record in first.outcome.records if record.trial.seed == 0}
    once = session(name="fails", executor=executor(status=failing))
    assert len(once.ran) == 4
    assert once.outcome.exit_code == 1
    again = session(name="fails")
    assert set(again.ran) == {("relu", 0), ("tanh", 0)}
    assert again.outcome.exit_code == 0


def test_an_interrupted_session_keeps_what_has_finished_and_the_next_one_runs_the_rest(session, executor):
    stopped = session(executor=executor(stop_after=1))
    assert len(stopped.ran) == 1
    assert stopped.outcome.interrupted
    assert stopped.outcome.exit_code == 130
    assert len(_rows(stopped.outcome.folder)) == 1
    rest = session()
    assert set(rest.ran) == ALL - set(stopped.ran)
    assert not rest.outcome.interrupted


def test_a_session_that_is_stopped_before_it_begins_runs_nothing(session):
    stop = threading.Event()
    stop.set()
    done = session(stop=stop)
    assert done.ran == []
    assert done.outcome.interrupted


def test_force_replaces_the_results_of_a_variant(session, executor):
    session()
    done = session(force=("tanh",), executor=executor(accuracy=lambda trial: 0.9))
    assert set(done.ran) == {("tanh", 0), ("tanh", 1)}
    assert [row["test_accuracy"] for row in _rows(done.outcome.folder) if "tanh" in row["activation"]] == ["0.9"] * 2
    assert len(_rows(done.outcome.folder)) == 4


@pytest.fixture
def stopped(executor):
    """An executor that is stopped while its first trial runs, whose checkpoint it leaves."""

    class Stopped(executor):
        def run(self, units, emit, stop):
            self.units.append(unit := next(iter(units)))
            self.checkpoint = checkpoint_path(Path(unit.checkpoint_folder), unit.trials[0].trial_id)
            self.checkpoint.parent.mkdir(exist_ok=True)
            self.checkpoint.write_bytes(b"state")
            self.before(0)
            stop.set()

    return Stopped()


def test_the_checkpoint_of_a_trial_that_is_computed_again_outlives_an_interruption(session, stopped):
    session()
    assert session(executor=stopped, force=("relu",)).outcome.interrupted
    assert stopped.checkpoint.exists()
    session(force=("relu",))
    assert not stopped.checkpoint.parent.exists()


def test_a_session_keeps_the_checkpoint_of_a_trial_that_another_one_computes_again(session, stopped):
    session()
    stopped.before = lambda count: session(seeds=3)
    session(executor=stopped, force=("relu",))
    assert stopped.checkpoint.exists()


def test_force_of_an_unknown_name_is_an_error_and_writes_nothing(session, tmp_path):
    with pytest.raises(DlbenchError, match="no variant and no trial 'rellu'"):
        session(force=("rellu",))
    assert not (tmp_path / "run").exists()


@pytest.fixture
def stale(session):
    """A run whose results were computed with another version of torch, by a dlbench that wrote no checksums yet."""
    folder = session().outcome.folder
    manifest = _manifest(folder) | {"schema": 1}
    del manifest["checksums"]
    manifest["sessions"][0]["versions"]["torch"] = "1.0"
    manifest["sessions"][0]["provenance_id"] = "another"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for path in (folder / "journal").glob("*.jsonl"):
        lines = [json.loads(line) | {"provenance_id": "another"} for line in path.read_text().splitlines()]
        lines = [{key: line[key] for key in line if key not in ("format", "checksum")} for line in lines]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_stale_results_are_an_error_before_anything_is_written(session, stale):
    before = (stale / "manifest.json").read_text()
    with pytest.raises(DlbenchError, match=r"4 results .* torch 1\.0 → "):
        session()
    assert (stale / "manifest.json").read_text() == before


def test_stale_results_are_kept_or_computed_again(session, stale):
    assert session(accept_old=True).ran == []
    done = session(redo_stale=True)
    assert set(done.ran) == ALL
    assert session().ran == []


def test_fresh_sets_the_folder_aside_and_runs_everything(session, tmp_path):
    session()
    questions = []
    done = session(fresh=True, confirm=lambda question: questions.append(question) or True)
    assert set(done.ran) == ALL
    (aside,) = tmp_path.glob("run.old-*")
    assert len(RunFolder(aside).records) == 4
    assert "with 4 trials aside" in questions[0]
    assert any(str(aside) in note for note in done.display.notes)


def test_without_a_yes_fresh_does_nothing(session, tmp_path):
    session()
    with pytest.raises(DlbenchError, match="stays as it is"):
        session(fresh=True, confirm=lambda question: False)
    assert not list(tmp_path.glob("run.old-*"))


def test_reuse_copies_trials_of_the_same_provenance_from_other_runs(session):
    first = session()
    done = session(name="other", reuse=True, seeds=3)
    assert set(done.ran) == {("relu", 2), ("tanh", 2)}
    assert (done.outcome.reused, done.outcome.computed) == (4, 2)
    assert "4 trials taken from run, of the same versions." in done.display.notes
    assert _manifest(done.outcome.folder)["sessions"][0]["reused"] == {"run": 4}
    assert {record.trial_id for record in first.outcome.records} <= {r.trial_id for r in done.outcome.records}


def test_reuse_takes_neither_stale_trials_nor_forced_ones(session, stale):
    assert set(session(name="other", reuse=True).ran) == ALL
    forced = session(name="third", reuse=True, force=("relu",))
    assert set(forced.ran) == {("relu", 0), ("relu", 1)}


def test_reuse_replaces_no_record_by_one_that_has_less(session):
    measured = {"diagnostics": ("saturation,last",)}
    session(step_losses=True)
    session(name="other", request=measured)
    done = session(reuse=True, request=measured)
    assert (set(done.ran), done.outcome.reused) == (ALL, 0)
    assert all(record.steps and record.watched for record in done.outcome.records)


def test_reuse_takes_no_trial_that_another_session_runs(session, executor):
    session()
    stop, others = threading.Event(), []

    def other_session(count):
        if not others:
            stop.set()  # it would wait for the trial that runs in the first one
            others.append(session(name="both", reuse=True, stop=stop))

    done = session(name="both", executor=executor(before=other_session))
    assert (len(done.ran), others[0].outcome.reused) == (1, 3)
    journals = (done.outcome.folder / "journal").glob("*.jsonl")
    assert sum(len(path.read_text().splitlines()) for path in journals) == 4


def test_step_losses_run_trials_again_that_lack_them_and_are_never_lost(session):
    session()
    done = session(step_losses=True)
    assert set(done.ran) == ALL
    assert all(record.steps for record in done.outcome.records)
    kept = session(force=("relu",))
    assert all(unit.keep_steps for unit in kept.executor.units)
    assert all(record.steps for record in kept.outcome.records)


def test_weights_of_a_record_that_is_replaced_are_replaced_with_it(session):
    done = session()
    (kept,) = (record.trial_id for record in done.outcome.records if record.trial.seed == 0 and _is_relu(record))
    (done.outcome.folder / "weights").mkdir()
    (done.outcome.folder / "weights" / f"{kept}.pt").write_bytes(b"old")
    units = session(force=("relu",)).executor.units
    assert len(units) == 2
    assert {unit.trials[0].trial_id for unit in units if unit.weights_folder} == {kept}


def test_reuse_replaces_weights_with_their_record_or_neither(session, stale):
    current = session(name="current").outcome
    (stale / "weights").mkdir()
    (current.folder / "weights").mkdir()
    first, second, *_ = (record.trial_id for record in current.records)
    for trial_id in (first, second):
        (stale / "weights" / f"{trial_id}.pt").write_bytes(b"old")
    (current.folder / "weights" / f"{first}.pt").write_bytes(b"new")
    done = session(redo_stale=True, reuse=True)
    assert (stale / "weights" / f"{first}.pt").read_bytes() == b"new"
    (unit,) = done.executor.units
    assert unit.trials[0].trial_id == second
    assert unit.weights_folder


def _is_relu(record):
    return record.trial.activation.short == "relu"


def test_diagnostics_run_trials_again_and_are_measured_where_they_are_asked_for(session):
    session()
    done = session(request={"diagnostics": ("saturation,last",)})
    assert set(done.ran) == ALL
    assert any("4 trials of the folder lack some of the diagnostics" in note for note in done.display.notes)
    more = session(seeds=3)
    assert not any(unit.diagnostics for unit in more.executor.units)
    assert set(more.ran) == {("relu", 2), ("tanh", 2)}


def test_trials_that_lack_diagnostics_and_are_taken_from_another_run_are_not_said_to_be_computed_again(session):
    session(name="measured", request={"diagnostics": ("saturation,last",)})
    session()
    done = session(request={"diagnostics": ("saturation,last",)}, reuse=True)
    assert (done.ran, done.outcome.reused) == ([], 4)
    assert not any("computed again" in note for note in done.display.notes)


def test_a_trial_that_runs_again_keeps_the_diagnostics_that_it_has(session):
    session(request={"diagnostics": ("saturation,last",)})
    again = session(request={"diagnostics": ("dead-units,last",)})
    assert set(again.ran) == ALL
    assert session(request={"diagnostics": ("saturation,last",)}).ran == []
    forced = session(force=("relu",))
    assert all(len(unit.diagnostics.diagnostics) == 2 for unit in forced.executor.units)
    assert session(request={"diagnostics": ("dead-units,last",)}).ran == []


def test_growing_seeds_stop_at_the_first_interim_analysis_that_decides_everything(session):
    done = session(seeds=AutoSeeds(6, 20))
    assert {seed for _, seed in done.ran} == set(range(10))
    assert "Interim analysis at 10 seeds: all verdicts are decided." in done.display.notes
    manifest = _manifest(done.outcome.folder)
    assert manifest["plan"]["seeds"] == list(range(10))
    assert manifest["sessions"][0]["looks"] == [{"seeds": 10, "verdicts": ["better"], "decided": True}]


def test_growing_seeds_that_decide_nothing_end_with_the_last_stage(session, executor):
    done = session(seeds=AutoSeeds(6, 14), executor=executor(accuracy=ahead_but_on({2, 5, 8, 13})))
    looks = _manifest(done.outcome.folder)["sessions"][0]["looks"]
    assert [look["seeds"] for look in looks] == [10, 11, 12, 13, 14]
    assert not looks[-1]["decided"]
    assert not done.outcome.interrupted


def test_growing_seeds_end_where_a_verdict_has_become_unlikely_and_can_be_continued_by_hand(session, executor):
    def ask(seeds):
        return session(seeds=seeds, executor=executor(accuracy=ahead_but_on({*range(0, 14, 2)})))

    done = ask(AutoSeeds(6, 14))
    manifest = _manifest(done.outcome.folder)
    assert manifest["sessions"][0]["looks"] == [
        {"seeds": 10, "verdicts": ["not shown"], "decided": False, "given_up": 1}
    ]
    assert "Interim analysis at 10 seeds: 0 of 1 verdict is decided, 1 is unlikely to be by 14 seeds." in (
        done.display.notes
    )
    assert manifest["plan"]["judging"]["least_chance"] == 0.05
    again = ask(AutoSeeds(6, 14))
    assert again.ran == []
    assert again.outcome.run.judge().families == done.outcome.run.judge().families
    assert {seed for _, seed in ask(14).ran} == {10, 11, 12, 13}


def test_a_grown_comparison_stays_as_it_is_until_it_is_decided_again(session, executor, racing):
    def ask(runner, **options):
        return session(activations=("relu", "tanh", "sigmoid"), seeds=AutoSeeds(7, 14), executor=runner, **options)

    folder = ask(racing()).outcome.folder
    before = RunFolder(folder).plan
    assert (len(before.seeds), before.finished) == (14, {"sigmoid": 10})
    (stopped := racing()).stop_after = 2
    done = ask(stopped, force=("relu",))
    assert done.outcome.interrupted
    assert len(done.outcome.plan.seeds) == len(done.outcome.run.plan.seeds) == 10
    assert RunFolder(folder).plan == before
    decided = executor(accuracy=lambda trial: racing().accuracy(trial) - 0.2 * (trial.activation.short == "relu"))
    assert not ask(decided, force=("relu",)).outcome.interrupted
    assert len(RunFolder(folder).plan.seeds) == 10


def ahead_but_on(seeds):
    """Return accuracies by which tanh is ahead of relu by as much as it is behind on some seeds."""

    def accuracy(trial):
        gain = -0.02 if trial.seed in seeds else 0.02
        return 0.5 + gain * trial.activation.name.endswith("tanh")

    return accuracy


def test_an_incomplete_stage_is_not_analyzed(session, executor):
    done = session(seeds=AutoSeeds(6, 20), executor=executor(stop_after=5))
    assert done.outcome.interrupted
    assert "looks" not in _manifest(done.outcome.folder)["sessions"][0]
    rest = session(seeds=AutoSeeds(6, 20))
    assert len(rest.ran) == 15
    assert rest.outcome.plan.seeds == tuple(range(10))


def test_a_session_shows_what_another_one_finishes_meanwhile_and_runs_none_of_it(session, executor):
    others = []

    def other_session(count):
        if count == 1:  # the first session is still running
            others.append(session(executor=executor(stop_after=1)))

    done = session(executor=executor(before=other_session))
    (other,) = others
    assert set(done.ran) | set(other.ran) == ALL
    assert len(done.ran) + len(other.ran) == 4
    assert len(_rows(done.outcome.folder)) == 4
    journals = (done.outcome.folder / "journal").glob("*.jsonl")
    assert sum(len(path.read_text().splitlines()) for path in journals) == 4


def test_a_session_that_starts_sees_what_was_written_since_its_folder_was_opened(session, executor, monkeypatch):
    """Another session finishes between the opening of the folder and the lock."""
    real, others = RunFolder.start, []

    def start(folder, *arguments, **options):
        if not others:
            others.append(None)
            session(executor=executor())
        return real(folder, *arguments, **options)

    monkeypatch.setattr(RunFolder, "start", start)
    done = session(executor=executor())
    assert done.ran == []
    assert len(done.outcome.records) == 4


class Counter:
    """Counts the calls of a function."""

    def __init__(self, monkeypatch, module, name):
        self.calls, function = 0, getattr(module, name)

        def counted(*arguments, **options):
            self.calls += 1
            return function(*arguments, **options)

        monkeypatch.setattr(module, name, counted)


def test_a_session_reads_each_line_of_the_journal_once_and_judges_once(session, monkeypatch):
    session()
    lines, judged = Counter(monkeypatch, journal_tail, "parse_line"), Counter(monkeypatch, stored_run, "judge_tuned")
    done = session(seeds=3)
    assert lines.calls == 4  # it does not read its own records
    assert judged.calls == 1
    done.outcome.run.judge()
    done.outcome.run.judge({"metric": "test_accuracy"})  # as the plan has it
    assert (lines.calls, judged.calls) == (4, 1)
    done.outcome.run.judge({"metric": "validation_accuracy"})
    assert judged.calls == 2


def test_what_could_not_be_kept_of_a_finished_trial_is_said_and_stays_in_the_sessions_entry(session, executor):
    class Full(executor):
        def run(self, units, emit, stop):
            def and_a_note(event):
                emit(event)
                if isinstance(event, TrialFinished) and event.record.trial.seed == 1:
                    emit(TrialNoted(trial_id=event.record.trial_id, text="weights could not be saved: no room"))

            super().run(units, and_a_note, stop)

    done = session(activations=("relu",), executor=Full())
    assert "mlp seed 1: weights could not be saved: no room." in done.display.notes
    (entry,) = _manifest(done.outcome.folder)["sessions"]
    assert entry["notes"] == ["mlp seed 1: weights could not be saved: no room."]
    assert done.outcome.exit_code == 0


def test_weights_of_a_reused_trial_that_find_no_room_cost_a_note(session, executor, monkeypatch):
    first = session(name="first", activations=("relu",), seeds=1)
    (record,) = first.outcome.records
    (first.outcome.folder / "weights").mkdir()
    (first.outcome.folder / "weights" / f"{record.trial_id}.pt").write_bytes(b"weights")

    def full(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(folder, "copy_file", full)
    done = session(activations=("relu",), seeds=1, reuse=True, save_weights=True)
    assert (done.ran, done.outcome.reused) == ([], 1)
    assert any("could not be saved in" in note and "No space left" in note for note in done.display.notes)
